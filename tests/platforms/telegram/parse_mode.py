"""parse_mode HTML and MarkdownV2: enough to take well-formed text and to refuse what Telegram refuses.

Chinwag sends entities and never uses parse_mode; this shows what would happen if it did.
Wordings: TDLib MessageEntity.cpp.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tests.platforms.telegram.entities import Entity, link_problem, utf16
from tests.platforms.telegram.rejected import Rejected

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "span": "spoiler",
    "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
MARKS = {
    "*": ("bold", "Bold"), "__": ("underline", "Underline"), "_": ("italic", "Italic"),
    "~": ("strikethrough", "Strikethrough"),
    "||": ("spoiler", "Spoiler"), "```": ("pre", "Pre"), "`": ("code", "Code"), "[": ("text_link", "TextUrl"),
}  # fmt: skip
RESERVED = set("_*[]()~`>#+-=|{}.!")


def parse(text: str, mode: str) -> tuple[str, list[Entity]]:
    """Text without markup, and its entities. Raises "can't parse entities: ..."."""
    if mode.lower() == "html":
        return _Html().parse(text)
    if mode.lower() == "markdownv2":
        return _MarkdownV2(text).parse()
    raise Rejected("unsupported parse_mode")


def _broken(why: str) -> Rejected:
    return Rejected(f"can't parse entities: {why}")


def _link(url: str) -> list[Entity]:
    """An invalid link is dropped in silence, unlike one in `entities` (TDLib get_checked_link)."""
    return [] if link_problem(url) else [{"type": "text_link", "url": url}]


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf"""{name}=(?:"([^"]*)"|'([^']*)')""", attributes)
    return html.unescape(found[1] or found[2] or "") if found else ""


class _Html:
    token = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^<>]*)>|<|[^<]+")

    def parse(self, text: str) -> tuple[str, list[Entity]]:
        self.out, self.entities = "", list[Entity]()
        self.open: list[tuple[str, int, str]] = []
        for match in self.token.finditer(text):
            at = len(text[: match.start()].encode())
            if match[2]:
                (self._close if match[1] else self._start)(match[2].lower(), match[3], at)
            elif match[0] == "<":
                raise _broken(f'Unsupported start tag "" at byte offset {at}')
            else:
                self.out += html.unescape(match[0])
        if self.open:
            raise _broken(f'Can\'t find end tag corresponding to start tag "{self.open[-1][0]}"')
        return self.out, self.entities

    def _start(self, tag: str, attributes: str, at: int) -> None:
        if tag not in TAGS or (tag == "span" and "tg-spoiler" not in attributes):
            raise _broken(f'Unsupported start tag "{tag}" at byte offset {at}')
        self.open.append((tag, utf16(self.out), attributes))

    def _close(self, tag: str, _: str, at: int) -> None:
        if not self.open:
            raise _broken(f"Unexpected end tag at byte offset {at}")
        name, start, attributes = self.open.pop()
        if name != tag:
            raise _broken(f'Unmatched end tag at byte offset {at}, expected "</{name}>", found "</{tag}>"')
        place = {"offset": start, "length": utf16(self.out) - start}
        if tag == "a":
            self.entities += [{**entity, **place} for entity in _link(_attribute(attributes, "href"))]
        elif tag == "tg-emoji":
            self.entities.append(
                {"type": "custom_emoji", "custom_emoji_id": _attribute(attributes, "emoji-id"), **place}
            )
        else:
            self.entities.append({"type": TAGS[tag], **place})


class _MarkdownV2:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.out = text, 0, ""
        self.entities: list[Entity] = []
        self.open: list[tuple[str, int, int]] = []
        self.quote: int | None = None

    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.text):
            self._step()
        self._end_quote()
        if self.open:
            mark, _, byte = self.open[-1]
            raise _broken(f"Can't find end of {MARKS[mark][1]} entity at byte offset {byte}")
        return self.out, self.entities

    def _step(self) -> None:
        inside = self.open[-1][0] if self.open else ""
        char = self.text[self.at]
        if char == "\\" and self.at + 1 < len(self.text) and self.text[self.at + 1] < "\x7f":
            self._take(self.text[self.at + 1], 2)
        elif inside in ("`", "```"):
            self._end(inside, {}) if self.text.startswith(inside, self.at) else self._take(char, 1)
        elif inside == "[" and char == "]":
            self._end_link()
        else:
            self._mark_or_char(char, inside)

    def _mark_or_char(self, char: str, inside: str) -> None:
        mark = next((m for m in self._marks_here() if m != "[" or inside != "["), "")
        if mark and mark == inside:
            self._end(mark, {})
        elif mark:
            self.open.append((mark, utf16(self.out), len(self.text[: self.at].encode())))
            self.at += len(mark)
        elif char == ">" and self.out[-1:] in ("", "\n"):
            self.quote = utf16(self.out)
            self.at += 1
        elif char in RESERVED:
            raise _broken(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        else:
            self._take(char, 1)

    def _marks_here(self) -> Iterator[str]:
        return (m for m in sorted(MARKS, key=len, reverse=True) if self.text.startswith(m, self.at))

    def _end_quote(self) -> None:
        if self.quote is not None:
            length = utf16(self.out) - self.quote
            self.entities.append({"type": "blockquote", "offset": self.quote, "length": length})
            self.quote = None

    def _take(self, char: str, width: int) -> None:
        if char == "\n":
            self._end_quote()
        self.out += char
        self.at += width

    def _end(self, mark: str, more: Entity) -> None:
        _, start, _ = self.open.pop()
        self.at += len(mark)
        self.entities.append({"type": MARKS[mark][0], "offset": start, "length": utf16(self.out) - start, **more})

    def _end_link(self) -> None:
        found = re.compile(r"\]\(((?:\\.|[^)\\])*)\)").match(self.text, self.at)
        url = re.sub(r"\\(.)", r"\1", found[1]) if found else ""
        _, start, _ = self.open.pop()
        self.at = found.end() if found else self.at + 1
        self.entities += [{**e, "offset": start, "length": utf16(self.out) - start} for e in _link(url)]
