"""Markdown to what Telegram shows: text and entities. Pure and total; `TelegramSurface.render` is this.

Lines stay where the model put them: a block stands after an empty line only where the Markdown has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from markdown_it.token import Token

from bots.telegram import inline
from bots.telegram.entities import Piece, Span, Writer, clean, trim, visible
from core.live.chunks import chunks
from core.live.markdown import BOXES, TASK, THINKING, language, parse
from core.live.text import units, whole
from core.surface import Rendered

INDENT = "    "


def render(markdown: str) -> Rendered:
    """The message as Telegram will have it: size in UTF-16 units, payload a tuple of `Span`.

    Text that is not blank never becomes blank: "**" or an empty code block is shown as it was written. Text in which
    nothing can be seen has the size 0, and Telegram would refuse it.
    """
    source = whole(markdown)
    text, spans = trim(*_laid_out(source))
    if not visible(text):
        text, spans = clean(source).strip(" \n"), ()
    if not visible(text):
        return Rendered("", 0, ())
    return Rendered(text, units(text), spans)


def _laid_out(source: str) -> Piece:
    """Text and entities of all chunks, an empty line between any two."""
    *settled, last = chunks(source)
    parts: list[str] = []
    spans: list[Span] = []
    at = 0
    for text, marks in (*map(_settled, settled), _chunk(last)):
        if not text:
            continue
        parts += ("\n\n", text) if parts else (text,)
        at += 2 if at else 0
        spans += [Span(s.type, s.offset + at, s.length, s.url, s.language) for s in marks] if at else marks
        at += units(text)
    return "".join(parts), spans


def _chunk(markdown: str) -> Piece:
    tokens = parse(markdown)
    return _Blocks().laid_out(tokens) if tokens is not None else (clean(markdown).strip("\n"), [])


_settled = lru_cache(maxsize=2048)(_chunk)  # most of an answer is the same with every edit


class _Blocks:
    """One walk over the blocks of a chunk. line: where in the Markdown the block before this one ended."""

    def __init__(self) -> None:
        self.out = Writer()
        self.line = 0
        self.numbers: list[int | None] = []  # the next number of each list that is open, None for bullets
        self.items: list[Token] = []
        self.outer: list[str] = []  # the indents to go back to
        self.quotes = 0

    def laid_out(self, tokens: Sequence[Token]) -> Piece:
        for token in tokens:
            handler = _HANDLERS.get(token.type)
            if handler is not None:
                handler(self, token)
        return self.out.finish()

    def begin(self, token: Token) -> None:
        """A block begins: keep the line breaks that stand before it."""
        first, last = token.map or (self.line, self.line)
        self.out.gap(2 if first > self.line else 1)
        self.line = last

    def begin_alone(self, token: Token) -> None:
        """A code block, table or quotation begins: it never shares a line with a list's marker."""
        self.begin(token)
        if self.out.marker:
            self.out.flush()
            self.out.gap(1)

    def heading(self, token: Token) -> None:
        self.out.open("bold")

    def close(self, token: Token) -> None:
        self.out.close()

    def rule(self, token: Token) -> None:
        self.begin(token)
        self.out.write("———")

    def code(self, token: Token) -> None:
        self.begin_alone(token)
        if language(token) == THINKING and not self.quotes:  # Telegram has no quotation inside a quotation
            self.out.thoughts(token.content.strip("\n"))
        else:
            self.out.pre(token.content.removesuffix("\n"), language(token))

    def open_quote(self, token: Token) -> None:
        if self.out.marker:
            self.begin_alone(token)
        self.line = token.map[0] if token.map and self.line > token.map[0] else self.line
        self.quotes += 1
        self.outer.append(self.out.indent)
        # Telegram has no quotation inside a quotation, and no list around one.
        self.out.indent = self.out.indent + "> " if self.quotes > 1 else ""
        self.out.open("blockquote")

    def close_quote(self, token: Token) -> None:
        self.out.close()
        self.quotes -= 1
        self.out.indent = self.outer.pop()

    def open_list(self, token: Token) -> None:
        self.numbers.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None)

    def close_list(self, token: Token) -> None:
        self.numbers.pop()

    def open_item(self, token: Token) -> None:
        number = self.numbers[-1]
        self.out.mark("• " if number is None else f"{number}{token.markup} ")
        if number is not None:
            self.numbers[-1] = number + 1
        self.items.append(token)
        self.outer.append(self.out.indent)
        self.out.indent += INDENT

    def close_item(self, token: Token) -> None:
        opened = self.items.pop()
        if self.out.marker:  # an empty item; its map takes in the empty lines after it
            self.begin(opened)
            self.line = opened.map[0] + 1 if opened.map else self.line
            self.out.flush()
        self.out.indent = self.outer.pop()

    def table(self, token: Token) -> None:
        self.begin_alone(token)
        self.out.pre(token.content, "")
        for label, url in token.meta["links"]:
            self.out.gap(1)
            inline.link(self.out, label, url)

    def formula(self, token: Token) -> None:
        self.begin(token)
        self.out.write(token.content)

    def text(self, token: Token) -> None:
        self.begin(token)
        inline.write(self.out, self.without_task(token.content, token.children or []))

    def without_task(self, content: str, children: list[Token]) -> list[Token]:
        """An item that begins with [ ] or [x] has a box for its marker."""
        task = TASK.match(content) if self.out.marker.endswith("• ") else None
        if task is None or children[0].type != "text":
            return children
        self.out.marker = self.out.marker.removesuffix("• ") + BOXES[task[1]] + " "
        return [children[0].copy(content=children[0].content[len("[x] ") :]), *children[1:]]


_HANDLERS: dict[str, Callable[[_Blocks, Token], None]] = {
    "heading_open": _Blocks.heading,
    "heading_close": _Blocks.close,
    "hr": _Blocks.rule,
    "fence": _Blocks.code,
    "blockquote_open": _Blocks.open_quote,
    "blockquote_close": _Blocks.close_quote,
    "bullet_list_open": _Blocks.open_list,
    "bullet_list_close": _Blocks.close_list,
    "ordered_list_open": _Blocks.open_list,
    "ordered_list_close": _Blocks.close_list,
    "list_item_open": _Blocks.open_item,
    "list_item_close": _Blocks.close_item,
    "table": _Blocks.table,
    "formula": _Blocks.formula,
    "inline": _Blocks.text,
}
