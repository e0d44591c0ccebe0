"""What Telegram does to text and entities before a message is posted: cleaning, trimming, checks and their errors.

The rules and wordings are TDLib's (MessageEntity.cpp, LinkManager.cpp); crossing entities are kept as they are here,
where TDLib repairs them, because neither is an error.
"""

from __future__ import annotations

import re
from typing import Any

from tests.platforms.telegram.rejected import Rejected

TEXT_LIMIT = 4096  # UTF-16 units after entity parsing (Bot API: sendMessage)
CAPTION_LIMIT = 1024
BYTES_LIMIT = 32768  # telegram-bot-api Client::get_formatted_text
ENTITY_BOUND = 1_000_000
ENTITIES_KEPT = 100  # TDLib: more are dropped, plain styles first
STYLES = {"bold", "italic", "underline", "strikethrough", "spoiler"}
DETECTED = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}
TYPES = (
    STYLES
    | DETECTED
    | {"blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention", "custom_emoji", "date_time"}
)
REMOVED = {"\r", "\u030a", "\u0333", "\u033f"} | {chr(c) for c in range(0x2028, 0x202F)}
# characters that show nothing (TDLib strip_empty_characters)
BLANK = re.compile(
    "[ \n\u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*"
)

Entity = dict[str, Any]


def utf16(text: str) -> int:
    """Length in UTF-16 code units, Telegram's unit of everything."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fix_text(text: str, entities: list[Entity], known_users: set[int] | None = None) -> tuple[str, list[Entity]]:
    """The text and entities as Telegram would store them. Raises `Rejected` as Telegram would; blank text gives ""."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise Rejected("strings must be encoded in UTF-8")
    checked = [_checked(entity, known_users or set()) for entity in entities]
    checked = [e for e in checked if e["length"] > 0]
    _check_ranges(text, checked)
    text, checked = _cleaned(text, checked)
    text, checked = _trimmed(text, checked)
    return ("", []) if BLANK.fullmatch(text) else (text, _capped(checked))


def message_text(text: str, entities: list[Entity], known_users: set[int], too_long: str) -> tuple[str, list[Entity]]:
    """The text of a message to send or edit: never blank, never too long. `too_long` differs between the two."""
    if not text:
        raise Rejected("message text is empty")
    check_bytes(text)
    fixed, kept = fix_text(text, entities, known_users)
    if not fixed:
        raise Rejected("text must be non-empty")
    if utf16(fixed) > TEXT_LIMIT:
        raise Rejected(too_long)
    return fixed, kept


def check_bytes(text: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_LIMIT:
        raise Rejected("text is too long")


def _checked(entity: Entity, known_users: set[int]) -> Entity:
    kind = entity.get("type")
    if kind not in TYPES:
        raise Rejected("can't parse MessageEntity: Unsupported type specified")
    for field in ("offset", "length"):
        if not isinstance(entity.get(field), int):
            raise Rejected(f"can't parse MessageEntity: Can't find field \"{field}\"")
        if not 0 <= entity[field] <= ENTITY_BOUND:
            raise Rejected(f"receive an entity with incorrect {field} {entity[field]}")
    for field, needed in (("url", "text_link"), ("user", "text_mention"), ("custom_emoji_id", "custom_emoji")):
        if kind == needed and field not in entity:
            raise Rejected(f"can't parse MessageEntity: Can't find field \"{field}\"")
    if kind == "text_link":
        check_link(entity["url"], known_users)
    if kind == "text_mention" and entity["user"].get("id") not in known_users:
        raise Rejected("user not found")
    return dict(entity)


def check_link(url: str, known_users: set[int]) -> None:
    """A text_link needs http, https, tg or ton and a host with a dot, or an IPv6 address (TDLib check_link_impl)."""
    mention = re.fullmatch(r"tg://user\?id=(\d+)", url, re.IGNORECASE)
    if mention:
        if int(mention[1]) not in known_users:
            raise Rejected("user not found")
        return
    problem = link_problem(url)
    if problem:
        raise Rejected(f"entity URL '{url}' is invalid: {problem}")


def link_problem(url: str) -> str:
    """Why Telegram refuses this URL, or ""."""
    scheme, separator, rest = url.partition("://")
    if own := re.match(r"(tg|ton):(?!//)", url, re.IGNORECASE):
        scheme, rest = own[1], url[own.end() :]
    elif not separator:
        scheme, rest = "http", url
    if scheme.lower() not in {"http", "https", "tg", "ton"}:
        return "Unsupported URL protocol"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    host, port = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:.*)?", authority, re.DOTALL).groups()  # type: ignore[union-attr]
    if not host:
        return "URL host is empty"
    if port and not re.fullmatch(r":\d{1,5}", port):
        return "Wrong HTTP URL"
    if re.fullmatch(r"\[[0-9a-fA-F:.]+\]", host) or (scheme.lower() in {"tg", "ton"} and re.fullmatch(r"[\w-]+", host)):
        return ""
    return "" if re.fullmatch(r"[^\s.<>\"\\^`{|}\[\]]+(\.[^\s.<>\"\\^`{|}\[\]]+)+\.?", host) else "Wrong HTTP URL"


def _check_ranges(text: str, entities: list[Entity]) -> None:
    bounds = _bounds(text)
    total = utf16(text)
    for entity in sorted(entities, key=lambda e: e["offset"]):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start > total:
            raise Rejected(f"entity begins after the end of the text at UTF-16 offset {start}")
        if start not in bounds:
            raise Rejected(f"entity begins in a middle of a UTF-16 symbol at byte offset {bounds[start + 1]}")
        if end > total:
            raise Rejected(
                f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
            )
        if end not in bounds:
            raise Rejected(
                f"entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol"
                f" at byte offset {bounds[end + 1]}"
            )


def _bounds(text: str) -> dict[int, int]:
    """Where code points begin: UTF-16 offset to byte offset in UTF-8."""
    bounds, units, size = {0: 0}, 0, 0
    for char in text:
        units += 2 if char > "\uffff" else 1
        size += len(char.encode())
        bounds[units] = size
    return bounds


def _cleaned(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Control characters become spaces; what TDLib removes is removed, and entities move with the text."""
    kept: list[str] = []
    moved, old, new = {0: 0}, 0, 0
    for char in text:
        units = 2 if char > "\uffff" else 1
        old += units
        if char not in REMOVED:
            kept.append(" " if char < " " and char != "\n" else char)
            new += units
        moved[old] = new
    return "".join(kept), [_between(e, moved[e["offset"]], moved[e["offset"] + e["length"]]) for e in entities]


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Spaces and line breaks go from both ends, from the start only up to the first entity."""
    text = text.rstrip(" \n")
    end = utf16(text)
    entities = [_between(e, e["offset"], min(e["offset"] + e["length"], end)) for e in entities if e["offset"] < end]
    entities = [e for e in entities if e["length"] > 0]
    leading = len(text) - len(text.lstrip(" \n"))
    cut = min([leading, *(e["offset"] for e in entities)])
    return text[cut:], [_between(e, e["offset"] - cut, e["offset"] + e["length"] - cut) for e in entities]


def _between(entity: Entity, start: int, end: int) -> Entity:
    return {**entity, "offset": start, "length": end - start}


def _capped(entities: list[Entity]) -> list[Entity]:
    counted = [e for e in entities if e["type"] != "custom_emoji"]
    counted.sort(key=lambda e: e["type"] in STYLES)
    dropped = {id(e) for e in counted[ENTITIES_KEPT:]}
    kept = [e for e in entities if id(e) not in dropped]
    return sorted(kept, key=lambda e: (e["offset"], -e["length"]))


FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@/])@[A-Za-z0-9_]{3,32}\b)"
    r"|(?P<url>\bhttps?://[^\s<>\"]+)"
)


def find_entities(text: str) -> list[Entity]:
    """What Telegram marks in a user's text by itself: commands, mentions, links."""
    return [
        {"type": str(m.lastgroup), "offset": utf16(text[: m.start()]), "length": utf16(m.group())}
        for m in FOUND.finditer(text)
    ]


def part(text: str, entity: Entity) -> str:
    """The piece of the text that an entity covers."""
    units = text.encode("utf-16-le")
    start = entity["offset"] * 2
    return units[start : start + entity["length"] * 2].decode("utf-16-le")
