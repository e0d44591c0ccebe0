"""What Discord takes as a message's body, and the exact refusals of what it does not take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.platforms.discord import errors
from tests.platforms.discord.message import BUTTON, COMPONENTS_V2, TEXT_DISPLAY, File, Message, walk

if TYPE_CHECKING:
    from tests.platforms.discord.routes import Request

ROW = 1
FILE_BYTES = 10 << 20  # Discord docs, Uploading Files: 10 MiB by default


@dataclass
class Rules:
    """What is unconfirmed about Discord, as settings. unit: "code points" or "utf-16"."""

    length: int = 2000
    unit: str = "code points"
    trims: bool = True

    def measure(self, text: str) -> int:
        return len(text) if self.unit == "code points" else len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_content(body: Any, rules: Rules) -> str | None:
    """The text that Discord stores; None when the body has none."""
    if not isinstance(body, dict):
        raise errors.invalid("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    content = body.get("content")
    if content is None:
        return None
    if not isinstance(content, str):
        raise errors.invalid("content", "STRING_TYPE_CONVERT", f'Could not interpret "{content}" as string.')
    content = content.strip() if rules.trims else content
    if rules.measure(content) > rules.length:
        raise errors.too_long("content", rules.length)
    return content


def check_parts(body: dict[str, Any]) -> None:
    """Embeds, components, nonce and allowed mentions."""
    _check_nonce(body.get("nonce"))
    _check_embeds(body.get("embeds") or [])
    _check_mentions(body.get("allowed_mentions"))
    components = body.get("components") or []
    if int(body.get("flags") or 0) & COMPONENTS_V2:
        _check_components_v2(body, components)
    elif len(components) > 5 or any(row.get("type") != ROW for row in components):
        raise errors.bad_length("components", 1, 5)
    for index, row in enumerate(part for part in walk(components) if part.get("type") == ROW):
        _check_row(f"components.{index}", row)
    _check_custom_ids(components)


def _check_nonce(nonce: Any) -> None:
    if nonce is not None and not isinstance(nonce, (str, int)):
        raise errors.invalid("nonce", "BASE_TYPE_BAD_TYPE", "Must be a string or an integer.")
    if isinstance(nonce, str) and len(nonce) > 25:
        raise errors.too_long("nonce", 25)


def _check_embeds(embeds: list[dict[str, Any]]) -> None:
    if len(embeds) > 10:
        raise errors.too_long("embeds", 10)
    for index, embed in enumerate(embeds):
        if len(embed.get("description") or "") > 4096:
            raise errors.too_long(f"embeds.{index}.description", 4096)
        if len(embed.get("title") or "") > 256:
            raise errors.too_long(f"embeds.{index}.title", 256)
    if sum(_embed_size(embed) for embed in embeds) > 6000:
        raise errors.invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _embed_size(embed: dict[str, Any]) -> int:
    fields = embed.get("fields") or []
    texts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    texts += [(embed.get("author") or {}).get("name"), *(field.get("name") for field in fields)]
    return sum(len(text or "") for text in [*texts, *(field.get("value") for field in fields)])


def _check_mentions(allowed: Any) -> None:
    if allowed is None:
        return
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or []) and allowed.get(kind):
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise errors.invalid("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)


def _check_components_v2(body: dict[str, Any], components: list[Any]) -> None:
    """Discord docs, Components Reference: no content or embeds, 40 components; 4000 characters of text in all."""
    for field in ("content", "embeds"):
        if body.get(field):
            text = "The 'content' and 'embeds' fields cannot be used with MessageFlags.IS_COMPONENTS_V2"
            raise errors.invalid(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)
    parts = list(walk(components))
    if not 1 <= len(parts) <= 40:
        raise errors.bad_length("components", 1, 40)
    if sum(len(part.get("content") or "") for part in parts if part.get("type") == TEXT_DISPLAY) > 4000:
        raise errors.too_long("components", 4000)


def _check_row(field: str, row: dict[str, Any]) -> None:
    parts = row.get("components") or []
    if not 1 <= len(parts) <= 5:
        raise errors.bad_length(f"{field}.components", 1, 5)
    for index, part in enumerate(parts):
        if part.get("type") == BUTTON and len(part.get("label") or "") > 80:
            raise errors.too_long(f"{field}.components.{index}.label", 80)
        if len(part.get("custom_id") or "") > 100:
            raise errors.too_long(f"{field}.components.{index}.custom_id", 100)


def _check_custom_ids(components: list[Any]) -> None:
    ids = [part["custom_id"] for part in walk(components) if part.get("custom_id")]
    if len(ids) != len(set(ids)):
        text = "Component custom id cannot be duplicated"
        raise errors.invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED", text)


def check_files(files: list[File]) -> None:
    if any(len(file.content) > FILE_BYTES for file in files) or sum(len(f.content) for f in files) > 25 << 20:
        raise errors.too_large()


def fill(message: Message, request: Request) -> None:
    """Take over everything but the text from a call's body, as a post and an edit both do."""
    body = request.json
    if "embeds" in body:
        message.embeds = list(body["embeds"] or [])
    if "components" in body:
        message.components = number(list(body["components"] or []))
    if "attachments" in body:
        kept = {int(part["id"]) for part in body["attachments"] or []}
        message.files = [file for file in message.files if file.id in kept]
    message.files += request.files


def number(components: list[Any]) -> list[Any]:
    """Discord gives every component an id of its own."""
    for id, part in enumerate(walk(components), 1):
        part.setdefault("id", id)
    return components
