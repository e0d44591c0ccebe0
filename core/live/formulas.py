"""LaTeX as a person would type it, for platforms that cannot set it: "\\frac{a}{b}" is "a/b", "x^2" is "x²".

`core.live.markdown` and Discord's renderer show formulas so; `core.live.unfinished` and `core.live.pages` ask here
where a formula begins and ends. latex2mathml knows LaTeX and its symbols, `core.live.mathml` reads what it makes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

# A formula has at most 2,000 characters, and no blank line or code in it. What follows an opening mark never holds
# that mark again, so that a text of nothing but opening marks is read once, and not once for each of them.
_LINE = r"\n(?![ \t>]*\n)"
_ROUND = rf"(?:[^\\`\n]|\\[^()`\n]|{_LINE}){{0,2000}}+"
_SQUARE = rf"(?:[^\\`\n]|\\[^\[\]`\n]|{_LINE}){{0,2000}}+"
_DOUBLE = rf"(?:[^\\`\n$]|\\[^`\n]|{_LINE}){{0,2000}}+"
_SINGLE = r"(?:[^\\`\n$]|\\[^()\[\]`\n]){0,500}+"
_ENVIRONMENT = r"(?P<environment>(?:equation|align|alignat|gather|multline|eqnarray|[bBpvV]?matrix|cases)\*?)"
_INSIDE = rf"(?:[^\\`\n]|\\(?!(?:begin|end)\{{NAME\}})[^`\n]|{_LINE}){{0,2000}}+"
_BEGIN = rf"\\begin\{{{_ENVIRONMENT}\}}" + _INSIDE.replace("NAME", "(?P=environment)")

# Two words in a row, or Chinese, without a command before them: a remark in brackets, or two amounts of money.
_NO_PROSE = r"(?![^$\n\\]*\b[^\W\d_]{2,}+ [^\W\d_]{2})(?![^$\n\\]*[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef])"
# "$" is money too. A formula has no blank inside its dollars and no digit behind them (pandoc's rule), no word behind
# a number ("$5 for"), no operator at its end ("$5-$10"), and is one word, single letters, or has a sign of mathematics.
_PRICE = r"[\d.,]++[!?;:]? +(?:[*_]{1,3}|~~|\|\||!?\[)?[^\W\d_]{2}"
_DOLLAR = rf"(?<![\\$0-9A-Za-z])\$(?![\s$]|{_PRICE})" + _NO_PROSE
_SIGN = r"[\\^_{}=<>+*/|\u2190-\u22ff×÷±·−-]"
_LIKELY = rf"(?=[^\s$]++\$|[^$\n]*?{_SIGN}|[A-Za-z](?:,? (?:[A-Za-z]|\d+))*+\$)"
_DOLLAR_ENDS = r"(?<![\s+/=,:;<>(–-])\$(?![\d$])"

FORMULA = re.compile(
    rf"\\\({_NO_PROSE}{_ROUND}\\\)|\\\[{_NO_PROSE}{_SQUARE}\\\]|(?<![\\$])\$\${_NO_PROSE}{_DOUBLE}\$\$"
    rf"|{_DOLLAR}{_LIKELY}{_SINGLE}{_DOLLAR_ENDS}"
    rf"|{_BEGIN}\\end\{{(?P=environment)\}}"
)
# What may become one, at the end of a text that is still being written. One dollar: a word, or what has a sign in it
# that prose has not, or what has had no word of prose yet.
_UNDECIDED = r"(?=\S{0,40}(?<![.!?])\Z|[^$\n]*?[\\^_{}=<>+]|(?![^$\n]*[^\W\d_]{2}).{0,60}(?<![.!?])\Z)"
OPEN_FORMULA = re.compile(
    rf"\\\({_NO_PROSE}{_ROUND}\\?\Z|\\\[{_NO_PROSE}{_SQUARE}\\?\Z|(?<![\\$])\$\${_NO_PROSE}{_DOUBLE}[\\$]?\Z"
    rf"|(?<![\\$0-9A-Za-z])\$\Z|{_DOLLAR}{_UNDECIDED}{_SINGLE}\\?\Z"
    rf"|{_BEGIN.replace('environment', 'begun')}\\?\Z"
    r"|\\b(?:e(?:g(?:i(?:n(?:\{[A-Za-z]*\*?)?)?)?)?)?\Z"
)
MARKS = re.compile(r"\\[(\[b]|\$")  # where there is none of these there is no formula

_ALIGNED = re.compile(
    r"\\(begin|end)\s*\{(?:(?:equation|align|alignat|gather|multline|eqnarray)\*?|\w+ed(?:at)?|split)\}"
)
# What says nothing without a typesetter, and what latex2mathml does not know.
_NOISE = re.compile(
    r"\\(?:label|vspace|phantom)\s*\{[^{}]*\}|\\(?:ce|pu|nonumber|notag|limits|nolimits|hfill)(?![A-Za-z])"
    r"|(?<=\\\\)\[[\d.]+ ?[a-z]{2}\]"
)
_ARROW = re.compile(r"->")
_NAMES = re.compile(r"\\(arg|argmax|argmin|diag|lcm|rank|sgn|sign|softmax|tr|Var|Cov)(?![A-Za-z])")
_PERCENT = re.compile(r"(\\[\s\S])|%")  # a comment for LaTeX; models mean the sign
_BEGINS, _ENDS = re.compile(r"\\begin\s*\{"), re.compile(r"\\end\s*\{[^{}]*\}")
_MACRO = re.compile(r"\\(?:re|provide)?(?:new|def(?![A-Za-z])|let(?![A-Za-z])|Declare)")  # may grow without end
_WORDLESS = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}(?:\s*\{[lcr| ]*\})?|\\(?:text)?color\s*\{\w*\}|\\[hm]space\s*\{[^{}]*\}"
    r"|\\(?:[hkm]skip|m?kern)\s*[\d.]+\s*\w\w|\\[A-Za-z]+|\\\W"
)


@lru_cache(maxsize=1024)  # a formula is rendered anew with every edit, and is the same each time
def readable(formula: str) -> str:
    """A match of FORMULA as plain text, in lines if it has several; as it was written where a letter would be lost."""
    source = _NOISE.sub("", _body(formula))
    if _MACRO.search(source):
        return formula
    from core.live import mathml  # 30 ms and 4 MB that only those pay who are sent a formula

    shown = mathml.text(_plainer(source))
    return shown if shown and not _letters(_WORDLESS.sub(" ", source)) - _letters(shown) else formula


def _plainer(source: str) -> str:
    """The same as latex2mathml knows it. A matrix is put in braces, or a script behind it would be inside it."""
    if "&" in source and "\\begin" not in source:
        source = rf"\begin{{align*}}{source}\end{{align*}}"
    source = _ALIGNED.sub(r"\\\1{align*}", _NAMES.sub(r"\\operatorname{\1}", source))
    source = _BEGINS.sub(r"{\g<0>", _ENDS.sub(r"\g<0>}", source))
    return _ARROW.sub(r"\\to ", _PERCENT.sub(lambda found: found[1] or r"\%", source))


def _body(formula: str) -> str:
    """The formula without its delimiters; an environment is its own."""
    if formula.startswith("\\begin"):
        return formula
    width = 1 if formula[0] == "$" != formula[1] else 2
    return formula[width:-width]


def _letters(text: str) -> Counter[str]:
    """The letters and digits, whatever script or font they stand in."""
    roots = text.replace("∛", "3").replace("∜", "4")
    return Counter(letter for letter in unicodedata.normalize("NFKD", roots) if letter.isalnum())
