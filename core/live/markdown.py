"""The Markdown that models write, as tokens: CommonMark with tables, strikethrough, spoilers and LaTeX.

The bots' renderers read the tokens. A table is one token, laid out already (`core.live.tables`); so is a formula on
lines of its own, and one in running text is text (`core.live.formulas`). Rules that would lose or surprise are off:
underlined headings ("text" over "---" is a rule here, and half a list would flash as a heading), link definitions (an
unused one would vanish), HTML (is text), and code by indentation alone: an answer with four columns in front of it
means a fence or a list inside a list, on a page that begins in the middle of one too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.rules_inline.state_inline import Delimiter, Scanned
from markdown_it.token import Token

from core.live.formulas import FORMULA, readable
from core.live.tables import bars, hide_bars, lay_out_tables, show_bars

InlineRule = Callable[[StateInline, bool], bool]

OFF = ("code", "html_block", "html_inline", "lheading", "reference")
NESTING = 24  # markdown-it drops what is nested deeper, and slows down with it; `parse` says so

# The language of a code block that holds what a model thought: `core.live.thoughts` writes it, renderers fold it.
THINKING = "thinking"

# What a list item may begin with, and the box that it shows.
TASK = re.compile(r"\[([ xX])\](?=\s|$)")
BOXES = {" ": "☐", "x": "☑", "X": "☑"}

# Tight, as "a || b" is no spoiler, from the last bars that can begin one; in code, and three in a row, bars are bars.
SPOILER = re.compile(
    r"(?<!\|)\|\|(?=[^\s|])((?:`[^`\n]++`|[^|]|\|(?!\|)|\|{3,}+|(?<=\s)\|\|(?=\s)){1,2000}+(?<=[^\s|]))\|\|(?!\|)"
)
_DISPLAY = re.compile(r"\$\$|\\\[|\\begin(\{\w+\*?\})")
_LANGUAGE = re.compile(r"[\w+#.-]{0,32}", re.ASCII)

# CommonMark decides by spaces and punctuation whether "**" begins or ends bold; Chinese and Japanese have no spaces.
_CJK = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


def parse(text: str) -> list[Token] | None:
    """The tokens, or None for a text nested so deep that the parser would drop a part of it."""
    tokens = _PARSER.parse(text)
    return None if any(token.level >= NESTING - 1 for token in tokens) else tokens


def blocks(text: str) -> list[Token]:
    """The tokens of the blocks alone: what runs inside of one stays Markdown, but in a table."""
    return _BLOCKS.parse(text)


def language(fence: Token) -> str:
    """The language of a code block, "" where none is named."""
    found = _LANGUAGE.match(fence.info.strip())
    return found[0] if found else ""


def _emphasis(state: StateInline, silent: bool) -> bool:
    """CommonMark's rule, and "*" next to CJK text works as it does next to a space: **注意：**这 is bold."""
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(state.pos, marker == "*")
    scanned = _beside_cjk(state, scanned) if marker == "*" else scanned
    for _ in range(scanned.length):
        state.push("text", "", 0).content = marker
        token = len(state.tokens) - 1
        state.delimiters.append(Delimiter(ord(marker), scanned.length, token, -1, scanned.can_open, scanned.can_close))
    state.pos += scanned.length
    return True


def _beside_cjk(state: StateInline, scanned: Scanned) -> Scanned:
    before = state.src[state.pos - 1] if state.pos else " "
    end = state.pos + scanned.length
    after = state.src[end] if end < state.posMax else " "
    return scanned._replace(
        can_open=scanned.can_open or bool(_CJK.match(before) and not after.isspace()),
        can_close=scanned.can_close or bool(_CJK.match(after) and not before.isspace()),
    )


def _formula(state: StateInline, silent: bool) -> bool:
    match = FORMULA.match(state.src, state.pos, state.posMax) if state.src[state.pos] in "\\$" else None
    if match is None:
        return False
    if not silent:
        state.append_pending(readable(match[0]))
    state.pos = match.end()
    return True


def _display(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """A formula on lines of its own: what looks like a list, heading or quotation in it is none."""
    mark = _DISPLAY.match(state.src, state.bMarks[first] + state.tShift[first], state.eMarks[first])
    end = _end_of_display(state, first, last, mark) if mark else 0
    if not mark or not end or not FORMULA.fullmatch(formula := bars(_stripped(state, first, end), state.env)):
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content, token.map, token.markup = readable(formula), [first, end], mark[0]
        state.line = end
    return True


def _end_of_display(state: StateBlock, first: int, last: int, mark: re.Match[str]) -> int:
    """The line behind the formula that `mark` begins on the line `first`; 0 when it has no end."""
    ends = "\\end" + mark[1] if mark[1] else mark[0].replace("[", "]")
    size = 0
    for line in range(first, last):
        text = _stripped(state, line, line + 1)
        text = text if line > first else text.removeprefix(mark[0])
        size += len(text)
        if text.endswith(ends):
            return line + 1
        if size > 2000 or mark[0] in text or (line > first and not text) or state.sCount[line] < state.blkIndent:
            return 0
    return 0


def _stripped(state: StateBlock, first: int, end: int) -> str:
    return state.getLines(first, end, state.blkIndent, False).strip()


def _before_a_target(rule: InlineRule) -> InlineRule:
    """For links and images: without a "](" ahead there is none, and to find that out by parsing takes long."""
    return lambda state, silent: state.pos < _last_target(state.src) and rule(state, silent)


@lru_cache(maxsize=1)
def _last_target(text: str) -> int:
    return text.rfind("](")


def _spoiler(state: StateInline, silent: bool) -> bool:
    match = SPOILER.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        end = state.posMax
        state.push("spoiler_open", "", 1)
        state.pos, state.posMax = match.span(1)
        state.md.inline.tokenize(state)
        state.push("spoiler_close", "", -1)
        state.posMax = end
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING})
    parser.enable(["table", "strikethrough"]).disable(OFF)
    parser.inline.ruler.at("emphasis", _emphasis)
    parser.inline.ruler.at("link", _before_a_target(link))
    parser.inline.ruler.at("image", _before_a_target(image))
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.block.ruler.before("fence", "display", _display, {"alt": ["paragraph", "blockquote", "list"]})
    parser.inline.ruler.push("spoiler", _spoiler)
    parser.inline.add_terminator_char("|")
    parser.core.ruler.before("block", "hide_bars", hide_bars)
    parser.core.ruler.after("block", "lay_out_tables", lay_out_tables)
    parser.core.ruler.after("lay_out_tables", "show_bars", show_bars)
    return parser


_PARSER = _parser()
_BLOCKS = _parser().disable("inline")
