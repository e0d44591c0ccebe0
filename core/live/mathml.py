"""MathML as one line of text: fractions with a stroke, scripts in small letters, matrices in rows.

`core.live.formulas` calls `text`, and imports this only when there is a formula to show.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import accumulate, chain
from xml.etree.ElementTree import Element

from latex2mathml.converter import Converter

SUPER = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ′",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ′",
)
SUB = str.maketrans(
    "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
)
# Marks over and under a letter, by the sign that MathML has for them. A brace's label is shown, not the brace.
ACCENTS = {
    **dict.fromkeys("^ˆ", "\u0302"),
    **dict.fromkeys("→⃗⇀", "\u20d7"),
    **dict.fromkeys("~˜∼", "\u0303"),
    **dict.fromkeys("¯‾ˉ―", "\u0305"),
    **dict.fromkeys("_\u0332", "\u0332"),
    **dict.fromkeys(".˙", "\u0307"),
    **dict.fromkeys("¨", "\u0308"),
    "ˇ": "\u030c",
    "˘": "\u0306",
    "´": "\u0301",
    "`": "\u0300",
    "⏞": "",
    "⏟": "",
}
UPRIGHT = {ord("∘"): "°", ord("∗"): "*"}
PRIMES = ("°", "′", "″", "‴", "⁗")
ROOTS = {"2": "√", "3": "∛", "4": "∜"}
OPENING, CLOSING = "([{⟨⌊⌈", ")]}⟩⌋⌉"
LARGE = "∑∏∐∫∬∭∮⋃⋂⨁⨂"
# Signs of mathematics that relate nothing, and so have no space around them.
ALONE = frozenset("|¬∀∃∄∂∇√∛∜∞∅∆∠~∴∵")
SIGNS = "+−±∓"

_SMALL = "\u0300-\u036f\u20d0-\u20ff′″°⁰¹²³⁴-ⁿ₀-ₜᴬ-ᵪᶿⱼⱽ"  # accents and scripts
_ATOM = re.compile(rf"[d∂∇∆√∛∜]?(?:\d+(?:[.,]\d+)*|[^\W_])[{_SMALL}]*(?:\([^()]*\))?|\S")
_PRODUCT = re.compile(rf"[\w.∂∇∆√∛∜{_SMALL}]*")
_BRACKETS = re.compile(r"\([^()]*\)")

Piece = tuple[str, str]
"""A part of a line, its kind: plain, word, wide (fraction, sum), relation, comma, open, close, group (in brackets)."""

# What must not touch. A relation has a space on either side, and a comma one behind it.
_APART = {
    *(("plain", kind) for kind in ("word", "wide")),
    *(("close", kind) for kind in ("word", "wide")),
    *(("group", kind) for kind in ("word", "wide")),
    *(("word", kind) for kind in ("plain", "word", "wide")),
    *(("wide", kind) for kind in ("plain", "word", "wide", "open", "group")),
}


def text(latex: str) -> str:
    """The formula (without delimiters) as text, in lines if it has several; "" when it is not LaTeX."""
    try:
        shown, _ = _row(Converter().convert_to_element(latex))  # a new one, as a Converter remembers macros
    except Exception:  # what is not LaTeX ends in any of two dozen errors, some of them Python's own
        return ""
    for mark in ",;:":
        if not re.search(mark + r"\s", latex):  # "1,000" and "3:1" are one thing, "f: A" is not
            shown = shown.replace(mark + " ", mark)
    lines = (" ".join(line.split()) for line in shown.split("\n"))
    return "\n".join(line for line in lines if line)


def _row(elements: Iterable[Element]) -> Piece:
    """The elements side by side. A row of one thing is that thing, but "{,}" is no list's comma."""
    pieces = [piece for piece in map(_piece, elements) if piece[0]]
    if len(pieces) == 1:
        return pieces[0][0], "plain" if pieces[0][1] == "comma" else pieces[0][1]
    out, last = "", "open"
    for shown, kind in pieces:
        apart = "relation" in (kind, last) or last == "comma" or (last, kind) in _APART
        if shown in SIGNS and last in ("open", "relation", "comma"):  # "-x", "= -1"
            apart, kind = last != "open", "open"
        out += " " + shown if apart else shown
        last = kind
    if all(kind == "word" for _, kind in pieces):
        return out, "word"
    return out, "group" if _bracketed(out) else "plain"


def _piece(element: Element) -> Piece:
    return _FORMS.get(element.tag, _row)(element)


def _leaf(element: Element) -> Piece:
    shown = "".join(map(_upright, html.unescape(element.text or "")))
    if len(shown) != 1:
        return shown, "plain" if element.tag == "mn" else "word"
    return shown, _kind(shown, element.get("form"))


def _kind(sign: str, form: str | None) -> str:
    if sign in LARGE:
        return "wide"
    if sign in ",;:":
        return "comma"
    if sign in OPENING or form == "prefix":
        return "open"
    if sign in CLOSING or form == "postfix":
        return "close"
    return "relation" if unicodedata.category(sign) == "Sm" and sign not in ALONE else "plain"


def _upright(letter: str) -> str:
    """Bold, italic and script letters of mathematics as plain ones, which every font has."""
    return unicodedata.normalize("NFKC", letter) if "\U0001d400" <= letter <= "\U0001d7ff" else letter


def _space(element: Element) -> Piece:
    if element.get("linebreak"):
        return "\n", "open"
    return ("", "plain") if element.get("width", "").startswith("-") else (" ", "open")


def _fraction(element: Element) -> Piece:
    over, under = (_piece(child)[0] for child in element)
    if element.get("linethickness") == "0":
        return f"{over} choose {under}", "wide"
    factors = _BRACKETS.sub("", _BRACKETS.sub("", over))
    return f"{over if _PRODUCT.fullmatch(factors) else _one(over)}/{_one(under)}", "wide"


def _square_root(element: Element) -> Piece:
    return "√" + _one(_row(element)[0]), "plain"


def _root(element: Element) -> Piece:
    inner, degree = (_piece(child) for child in element)
    sign = ROOTS.get(degree[0]) or _raised(degree, SUPER, "") + "√"
    return sign + _one(inner[0]), "plain"


def _one(shown: str) -> str:
    """In brackets, unless it is one thing already."""
    return shown if _ATOM.fullmatch(shown) or _bracketed(shown) else f"({shown})"


def _bracketed(shown: str) -> bool:
    """Whether it stands in one pair of brackets: "(a)(b)" does not."""
    depths = list(accumulate((letter in OPENING) - (letter in CLOSING) for letter in shown))
    return bool(depths) and depths[-1] == 0 and min(depths[:-1], default=0) > 0


def _below(element: Element) -> Piece:
    return _scripted(element, (SUB, "_"))


def _above(element: Element) -> Piece:
    return _scripted(element, (SUPER, "^"))


def _both(element: Element) -> Piece:
    return _scripted(element, (SUB, "_"), (SUPER, "^"))


def _scripted(element: Element, *scripts: tuple[dict[int, int], str]) -> Piece:
    base, kind = _piece(element[0])
    if len(element) == 2 and (accented := _accented(base, element[1])) is not None:
        return accented, "plain"
    shown = base if not base or kind == "word" or base[-1] == "|" else _one(base)
    for child, (letters, mark) in zip(element[1:], scripts, strict=False):
        shown += _raised(_piece(child), letters, mark)
    loose = re.search(r"[_^][^\W_]{2,}$", shown)  # "x_max y" must not be "x_maxy"
    return shown, "word" if loose else "plain" if kind == "open" else kind


def _accented(base: str, mark: Element) -> str | None:
    """The base with the mark over or under each of its letters; None when it is no such mark."""
    sign = html.unescape(mark.text or "")
    if mark.tag != "mo" or sign not in ACCENTS or not base:
        return None
    return "".join(letter + ACCENTS[sign] if letter.isalnum() else letter for letter in base)


def _raised(script: Piece, letters: dict[int, int], mark: str) -> str:
    """In small letters where Unicode has all of them, else behind its mark."""
    shown = script[0].strip().translate(UPRIGHT)
    tight = re.sub(r" ?([^\w\s]) ?", r"\1", shown)
    if mark == "^" and tight in PRIMES:
        return tight
    if all(ord(letter) in letters for letter in tight):
        return tight.translate(letters)
    return mark + (shown if script[1] == "word" and shown.isalpha() else _one(shown))


def _table(element: Element) -> Piece:
    """Aligned equations are lines; a matrix is rows of cells."""
    if element.get("displaystyle"):
        return "\n".join(_row(chain.from_iterable(row))[0] for row in element), "open"
    rows = (", ".join(_row(cell)[0] for cell in row).rstrip(",; ") for row in element)
    return "; ".join(rows).replace(" ", "\u00a0"), "plain"  # `text` leaves these spaces


_FORMS: dict[str, Callable[[Element], Piece]] = {
    **dict.fromkeys(("mi", "mo", "mn", "mtext"), _leaf),
    "mspace": _space,
    "mfrac": _fraction,
    "mroot": _root,
    "msqrt": _square_root,
    **dict.fromkeys(("msub", "munder"), _below),
    **dict.fromkeys(("msup", "mover"), _above),
    **dict.fromkeys(("msubsup", "munderover"), _both),
    "mtable": _table,
    "mphantom": lambda element: ("", "plain"),
}
