"""Markdown within a paragraph, in Discord's dialect. Only `render` calls this.

Code spans, escapes and links to the web are left alone, formulas are made readable; everything between them is
translated.
"""

from __future__ import annotations

import re
from html import unescape

from core.live import formulas
from core.live.plain import BREAK, readable

# What must not be looked into. A destination holds no blank; one level of brackets, as in Wikipedia's addresses.
_DESTINATION = r"\((?P<{0}>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"\n]*\")?\)"
_KEPT = re.compile(
    rf"(?P<formula>{formulas.FORMULA.pattern})|"
    r"\[!\[(?P<alt>[^\[\]\n]{0,1000})\]" + _DESTINATION.format("inner") + r"\]" + _DESTINATION.format("outer") + "|"
    r"!\[(?P<alone>[^\[\]\n]{0,1000})\]" + _DESTINATION.format("image") + "|"
    r"\[(?P<words>[^\[\]`\n]{0,1000})\](?P<target>" + _DESTINATION.format("address") + ")|"
    r"(?<=\])" + _DESTINATION.format("link") + "|"
    r"<[a-z]+:[^<>\s`]*>|https?://[^\s<>*|`]+?(?=[_~)]*(?:[\s<>*|`]|$))|"
    r"\\(?P<broken>\n)|\\[!-/:-@\[-`{-~]",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});", re.IGNORECASE)
_UNDERSCORES = re.compile(r"(?<!_)_{2,3}(?!_)")
_BARS = re.compile(r"(?<!\|)\|\|(?!\|)")
_WEB = re.compile("https?://", re.IGNORECASE)
_SPECIAL = frozenset("\\`*_~|<>#[]()-@")
_ESCAPED = str.maketrans({letter: "\\" + letter for letter in "\\`*_~|<>[]"})  # what Discord reads inside a line
_BRACKETS = str.maketrans({"(": "%28", ")": "%29"})

Span = tuple[int, int]


def inline(text: str) -> str:
    """One paragraph's Markdown in Discord's dialect: `__x__` is bold, loose bars hide nothing, `&amp;` is "&"."""
    kept = _spans(text)
    kept = sorted(kept + _spoilers(text, [span for span, _ in kept]))
    text = _strong(text, [span for span, _ in kept])
    out: list[str] = []
    at = 0
    for (start, end), shown in kept:
        out += (_between(text[at:start]), shown)
        at = end
    return "".join(out) + _between(text[at:])


def escaped(text: str) -> str:
    """Text that is no Markdown, so that Discord shows it as it is."""
    return text.translate(_ESCAPED)


def link(words: str, url: str) -> str:
    """A link with plain text for its words. Discord links only the web, and no words that are a URL themselves."""
    shown, address = escaped(words), readable(url)
    if _WEB.match(url):
        return url if words == address else f"[{shown}]({url.translate(_BRACKETS)})"
    return shown if words == address else f"{shown} ({escaped(address)})"


def code_spans(text: str) -> list[Span]:
    """Where code spans are: a run of backticks up to the next run of the same length (CommonMark 6.1)."""
    runs = [run.span() for run in re.finditer("`+", text)]
    later: dict[int, list[int]] = {}
    for index in reversed(range(len(runs))):
        later.setdefault(runs[index][1] - runs[index][0], []).append(index)
    spans, index = [], 0
    while index < len(runs):
        start, end = runs[index]
        same = later[end - start]
        while same and same[-1] <= index:
            same.pop()
        if same and (start == 0 or text[start - 1] != "\\"):
            index = same[-1]
            spans.append((start, runs[index][1]))
        index += 1
    return spans


def _spans(text: str) -> list[tuple[Span, str]]:
    """Every span that is kept or replaced as a whole, in order, with what is shown for it."""
    found: list[tuple[Span, str]] = []
    at = 0
    for start, end in [*code_spans(text), (len(text), len(text))]:
        found += [(match.span(), _shown(match)) for match in _KEPT.finditer(text, at, start)]
        if end > start:
            found.append(((start, end), _code(text[start:end])))
        at = end
    return found


def _code(span: str) -> str:
    """Three backticks begin a code block on Discord wherever they stand, so none are left in a line."""
    if "```" not in span:
        return span
    ticks = len(span) - len(span.lstrip("`"))
    return "``" + re.sub("`(?=`)", "`\u200b", span[ticks:-ticks]) + "``"


def _shown(match: re.Match[str]) -> str:
    if match["formula"]:
        return escaped(formulas.readable(match[0].replace("\n> ", "\n")))
    if match["words"] is not None:
        return _link(match["words"], match["address"], match["target"])
    if match["broken"]:
        return "\n"
    if match["alone"] is not None:
        return _image(match["alone"], match["image"])
    if match["alt"] is not None:
        return _image(match["alt"], match["outer"])
    return match[0].replace("```", "%60%60%60")  # in an address


def _link(words: str, address: str, target: str) -> str:
    """Discord links words to the web only, and shows the Markdown of every other link as it is."""
    if words == address or not words.strip():
        return address if _WEB.match(address) else escaped(address)
    if _WEB.match(address) and not _WEB.match(words):
        return f"[{inline(words)}]{target.replace('```', '%60%60%60')}"
    return f"{inline(words)} ({address if _WEB.match(address) else escaped(address)})"


def _image(words: str, url: str) -> str:
    """Discord shows no images of a Markdown text, and links only the web."""
    words = inline(words.strip()) or "image"
    return f"[{words}]({url.replace('```', '%60%60%60')})" if _WEB.match(url) else words


def _strong(text: str, kept: list[Span]) -> str:
    """`__x__` is bold in Markdown and underlined on Discord. The length stays the same, so spans keep their place."""
    letters, opened = list(text), dict[int, int]()
    for run in _outside(_UNDERSCORES, text, kept):
        start, end = run.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        if "*" in (before, after):
            continue
        if end - start in opened and before and not before.isspace() and not after.isalnum():
            left = opened.pop(end - start)
            letters[left : left + end - start] = letters[start:end] = "*" * (end - start)
        elif after and not after.isspace() and not before.isalnum():
            opened[end - start] = start
    return "".join(letters)


def _spoilers(text: str, kept: list[Span]) -> list[tuple[Span, str]]:
    """The bars that hide what is between them, as in `core.live.markdown`: tight ones."""
    found: list[tuple[Span, str]] = []
    opened: Span | None = None
    for bars in _outside(_BARS, text, kept):
        start, end = bars.span()
        if opened and end - opened[0] > 4 and not text[start - 1].isspace():
            found += [(opened, "||"), ((start, end), "||")]
            opened = None
        elif end < len(text) and not text[end].isspace():
            opened = (start, end)
    return found


def _outside(pattern: re.Pattern[str], text: str, kept: list[Span]) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    for start, end in [*kept, (len(text), len(text))]:
        found += pattern.finditer(text, at, start)
        at = end
    return found


def _between(text: str) -> str:
    # What is a backtick or a bar here would begin code or hide something on Discord, over paragraphs too.
    text = BREAK.sub("\n", text.replace("`", "\\`").replace("||", r"\|\|"))
    return _ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    shown = unescape(match[0])
    return "\\" + shown if shown in _SPECIAL else shown
