"""Entities and parse_mode are checked as Telegram checks them; valid ranges always pass, broken ones never."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import MessageEntity
from telegram.error import BadRequest

from tests.platforms.telegram import Rates, TelegramServer
from tests.platforms.telegram.client import connected
from tests.platforms.telegram.entities import ENTITIES_KEPT, find_entities, fix_text, link_problem, part, utf16
from tests.platforms.telegram.parse_mode import parse
from tests.platforms.telegram.rejected import Rejected

VISIBLE = st.text(st.sampled_from("aя字😀👩🏽\u200d💻 \n.é"), min_size=1, max_size=30).map(lambda t: f"<{t}>")


def entity(kind: str, offset: int, length: int, **more: str) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **more}


def refused(text: str, *entities: dict[str, object]) -> str:
    with pytest.raises(Rejected) as caught:
        fix_text(text, list(entities))
    return caught.value.description


@settings(deadline=None)
@given(st.data())
def test_a_range_between_characters_is_kept_and_covers_what_it_covered(data):
    text = data.draw(VISIBLE)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    given = entity("bold", utf16(text[:start]), utf16(text[start:end]))
    fixed, kept = fix_text(text, [given])
    assert fixed == text
    assert [part(fixed, e) for e in kept] == [text[start:end]]


@settings(deadline=None)
@given(VISIBLE, st.integers(1, 50), st.integers(-50, 200))
def test_a_range_outside_the_text_is_refused(text, length, offset):
    total = utf16(text)
    if offset >= 0 and offset + length <= total:
        offset = total - length + 1
    assert refused(text, entity("italic", offset, length)).startswith(
        ("Bad Request: entity begin", "Bad Request: receive an entity with incorrect offset")
    )


@settings(deadline=None)
@given(st.text(min_size=0, max_size=5), st.booleans())
def test_a_range_that_splits_a_character_is_refused(before, begins):
    text = "".join(c for c in before if c.isalpha()) + "😀!"
    inside = utf16(text) - 2
    broken = entity("code", inside, 1) if begins else entity("code", inside - 1, 1)
    assert "in a middle of a UTF-16 symbol" in refused(text, broken)


@settings(deadline=None)
@given(st.text("ab \n", max_size=12), st.data())
def test_after_trimming_every_range_still_lies_in_the_text(body, data):
    text = f"{body}x{body}"
    offset = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(1, len(text) - offset))
    fixed, kept = fix_text(text, [entity("pre", offset, length)])
    assert fixed == fixed.rstrip(" \n")
    assert all(0 <= e["offset"] < e["offset"] + e["length"] <= utf16(fixed) for e in kept)


def test_the_wordings_of_broken_ranges():
    assert refused("hello", entity("bold", 100, 1)).endswith(
        "entity begins after the end of the text at UTF-16 offset 100"
    )
    assert refused("hello", entity("bold", 0, 100)).endswith(
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 100"
    )
    assert refused("👉", entity("bold", 1, 1)).endswith("entity begins in a middle of a UTF-16 symbol at byte offset 4")
    assert refused("👉", entity("bold", 0, 1)).endswith(
        "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 4"
    )
    assert refused("hello", entity("bold", 0, -1)).endswith("receive an entity with incorrect length -1")
    assert refused("hello", entity("headline", 0, 1)).endswith("can't parse MessageEntity: Unsupported type specified")


def test_removed_characters_take_their_room_out_of_the_entities():
    fixed, kept = fix_text("a\r\nb\u2029c\td", [entity("bold", 0, 4), entity("code", 5, 3)])
    assert fixed == "a\nbc d"
    assert [(e["offset"], e["length"]) for e in kept] == [(0, 3), (3, 3)]


def test_text_is_trimmed_in_front_only_up_to_the_first_entity():
    fixed, kept = fix_text("  \n  code", [entity("pre", 3, 6)])
    assert (fixed, kept[0]["offset"], kept[0]["length"]) == ("  code", 0, 6)


def test_of_too_many_entities_the_plain_styles_go_first():
    text = "x" * 300
    bold = [entity("bold", i, 1) for i in range(0, 160, 2)]
    links = [entity("text_link", i, 1, url="https://example.org") for i in range(161, 261, 2)]
    _, kept = fix_text(text, bold + links)
    assert len(kept) == ENTITIES_KEPT
    assert sum(e["type"] == "text_link" for e in kept) == 50
    assert [e["offset"] for e in kept] == sorted(e["offset"] for e in kept)


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "http://a.b/c?d#e", "example.org", "tg://resolve?domain=x", "tg:resolve", "ton://t",
     "https://[::1]/x", "https://例え.jp", "https://u:p@example.org:8080/"],
)  # fmt: skip
def test_a_link_with_a_host_and_a_dot_is_taken(url):
    assert link_problem(url) == ""
    assert fix_text("link", [entity("text_link", 0, 4, url=url)])[1][0]["url"] == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "URL host is empty"),
        ("#anchor", "URL host is empty"),
        ("foo", "Wrong HTTP URL"),
        ("./a", "Wrong HTTP URL"),
        ("http://localhost", "Wrong HTTP URL"),
        ("javascript:alert(1)", "Wrong HTTP URL"),
        ("ftp://example.org", "Unsupported URL protocol"),
        ("file:///etc/passwd", "Unsupported URL protocol"),
        ("https://a b.c", "Wrong HTTP URL"),
    ],
)
def test_other_links_refuse_the_whole_message(url, why):
    assert refused("link", entity("text_link", 0, 4, url=url)) == f"Bad Request: entity URL '{url}' is invalid: {why}"


def test_links_and_mentions_of_people():
    link = entity("text_link", 0, 2, url="tg://user?id=7")
    assert refused("hi", link) == "Bad Request: user not found"
    assert fix_text("hi", [link], {7})[1]


def test_what_telegram_marks_by_itself():
    text = "😀 /start@x_bot see @ada https://a.b/c, not a@b.c or 1/2"
    assert [(e["type"], part(text, e)) for e in find_entities(text)] == [
        ("bot_command", "/start@x_bot"),
        ("mention", "@ada"),
        ("url", "https://a.b/c,"),
    ]


@pytest.mark.parametrize(
    ("mode", "text", "why"),
    [
        ("MarkdownV2", "*open", "Can't find end of Bold entity at byte offset 0"),
        ("MarkdownV2", "é `open", "Can't find end of Code entity at byte offset 3"),
        ("MarkdownV2", "hello.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("HTML", "<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("HTML", "<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ],
)
def test_markup_that_cannot_be_parsed(mode, text, why):
    with pytest.raises(Rejected) as caught:
        parse(text, mode)
    assert caught.value.description == f"Bad Request: can't parse entities: {why}"


@pytest.mark.parametrize(
    ("mode", "text", "plain", "types"),
    [
        ("MarkdownV2", r"*b* _i_ __u__ ~s~ ||p|| `c\`` 1\.", "b i u s p c` 1.",
         ["bold", "italic", "underline", "strikethrough", "spoiler", "code"]),
        ("MarkdownV2", "[l](https://a.b) [bad](foo)\n>quote", "l bad\nquote", ["text_link", "blockquote"]),
        ("html", '<b>a &lt; <i>b</i></b><a href="https://a.b">c</a>', "a < bc", ["italic", "bold", "text_link"]),
    ],
)  # fmt: skip
def test_markup_that_can_be_parsed(mode, text, plain, types):
    parsed, entities = parse(text, mode)
    assert (parsed, [e["type"] for e in entities]) == (plain, types)
    assert fix_text(parsed, entities)[0] == plain


async def test_the_client_sends_entities_and_hears_of_broken_ones():
    async with TelegramServer(rates=Rates.unlimited()) as server, connected(server) as bot:
        chat = server.private(server.user(7, "Ada"))
        sent = await bot.send_message(7, "😀 bold", entities=[MessageEntity("bold", 3, 4)])
        assert sent.parse_entities() == {sent.entities[0]: "bold"}
        with pytest.raises(BadRequest, match=r"(?i)Entity begins in a middle of a UTF-16 symbol"):
            await bot.send_message(7, "😀 bold", entities=[MessageEntity("bold", 1, 4)])
        with pytest.raises(BadRequest, match=r"(?i)Can't parse entities: Can't find end of Bold entity"):
            await bot.send_message(7, "*bold", parse_mode="MarkdownV2")
        with pytest.raises(BadRequest, match=r"(?i)^Unsupported parse_mode$"):
            await bot.send_message(7, "bold", parse_mode="BBCode")
        await sent.edit_text("bold", parse_mode="HTML")
        assert [m.text for m in chat.messages] == ["bold"]
