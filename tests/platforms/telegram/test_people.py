"""What people do reaches the real client as Telegram's updates: groups and privacy, topics, files, buttons."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeChat, Message, ReactionTypeEmoji
from telegram.constants import ReactionEmoji
from telegram.error import BadRequest, Forbidden

from tests.platforms.telegram import TelegramServer, User


@pytest.fixture
def ada(server: TelegramServer) -> User:
    return server.user(7, "Ada", last_name="L.", username="ada", language="de")


async def heard(bot: Bot) -> list[Message]:
    """The messages that reached the bot, confirmed at once."""
    updates = await bot.get_updates()
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return [update.message for update in updates if update.message]


async def test_who_writes_and_where(bot, chat, ada):
    await chat.send(ada, "Hello /help @someone")
    (message,) = await heard(bot)
    assert (message.from_user.full_name, message.from_user.language_code) == ("Ada L.", "de")
    assert message.chat.type == "private"
    assert abs(message.date.timestamp() - time.time()) < 5
    assert [e.type for e in message.entities] == ["bot_command", "mention"]


async def test_with_privacy_a_bot_in_a_group_hears_what_is_meant_for_it(server, bot, ada):
    group = server.group("Talk", [ada])
    said = await bot.send_message(group.id, "I am here")
    mine = group.messages[0]
    for text in ("hello all", "/start", "/start@chinwag_bot", "/start@other_bot", "hey @Chinwag_Bot", "hey @other"):
        await group.send(ada, text)
    await group.send(ada, "to you", reply_to=mine)
    mention = {"type": "text_mention", "offset": 0, "length": 4, "user": server.bot.as_json()}
    await group.send(ada, "Chat, hi", entities=[mention])
    texts = [message.text for message in await heard(bot)]
    assert texts == ["/start", "/start@chinwag_bot", "hey @Chinwag_Bot", "to you", "Chat, hi"]
    assert said.chat.id == group.id


async def test_mentions_can_be_kept_from_it_and_privacy_can_be_off(server, bot, ada):
    group = server.group("Talk", [ada])
    server.mentions = False
    await group.send(ada, "hey @chinwag_bot")
    assert await heard(bot) == []
    await group.promote_bot(ada)
    await group.send(ada, "admins' bots hear all")
    server.privacy = False
    await server.group("Open", [ada]).send(ada, "everything")
    assert [m.text for m in await heard(bot)] == ["admins' bots hear all", "everything"]


async def test_a_bot_is_added_and_thrown_out(server, bot, ada):
    group = server.group("Talk", admins=[ada], bot=False)
    with pytest.raises(Forbidden, match=r"(?i)bot is not a member of the supergroup chat"):
        await bot.send_message(group.id, "hello")
    await group.add_bot(ada)
    await bot.send_message(group.id, "hello")
    await group.kick_bot(ada)
    with pytest.raises(Forbidden, match=r"(?i)bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "hello")
    changes = [u.my_chat_member for u in await bot.get_updates() if u.my_chat_member]
    states = [(c.old_chat_member.status, c.new_chat_member.status, c.from_user.id) for c in changes]
    assert states == [("left", "member", 7), ("member", "kicked", 7)]


async def test_topics(server, bot, ada):
    forum = server.group("Forum", admins=[ada], forum=True)
    topic = await forum.topic("Plans")
    question = await forum.send(ada, "/ask in here", thread=topic)
    _, message = await heard(bot)
    assert (message.message_thread_id, message.is_topic_message, message.chat.is_forum) == (topic, True, True)
    # Telegram shows the topic's first message as the one replied to
    assert message.reply_to_message.forum_topic_created.name == "Plans"
    answer = await message.reply_text("in there", do_quote=True)
    assert (answer.message_thread_id, answer.reply_to_message.message_id) == (topic, question.id)
    assert (await forum.answer(after=question)).thread == topic
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(forum.id, "General has no id", message_thread_id=1)
    await bot.send_chat_action(forum.id, "typing", message_thread_id=1)
    await forum.close_topic(topic)
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(forum.id, "late", message_thread_id=topic)
    await forum.delete_topic(topic)
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(forum.id, "too late", message_thread_id=topic)


async def test_in_an_ordinary_supergroup_a_reply_has_a_thread_but_is_in_no_topic(server, bot, ada):
    group = server.group("Talk", [ada])
    first = await group.send(ada, "/first")
    await group.send(ada, "/second", reply_to=first)
    plain, reply = await heard(bot)
    assert (plain.message_thread_id, reply.message_thread_id) == (None, first.id)
    assert not reply.is_topic_message
    assert reply.reply_to_message.text == "/first"


async def test_messages_without_text_and_their_files(server, bot, chat, ada):
    await chat.photo(ada, "look", data=b"picture")
    await chat.voice(ada, seconds=4)
    await chat.document(ada, "notes.txt", b"remember", caption="/read")
    await chat.sticker(ada, "🎉")
    photo, voice, document, sticker = await heard(bot)
    assert (photo.photo[-1].file_size, photo.caption) == (7, "look")
    assert voice.voice.duration == timedelta(seconds=4)
    assert (document.document.file_name, document.caption_entities[0].type) == ("notes.txt", "bot_command")
    assert sticker.sticker.emoji == "🎉"
    file = await document.document.get_file()
    assert await file.download_as_bytearray() == b"remember"
    with pytest.raises(BadRequest, match=r"(?i)wrong file_id"):
        await bot.get_file("no-such-file")


async def test_a_document_that_the_bot_sends(server, bot, chat):
    sent = await bot.send_document(7, b"a,b\n1,2", filename="table.csv", caption="as you asked")
    assert sent.document.file_name == "table.csv"
    assert (await bot.send_document(7, sent.document.file_id)).document.file_size == 7
    assert [m.text for m in chat.messages] == ["as you asked", ""]
    with pytest.raises(BadRequest, match=r"(?i)message caption is too long"):
        await bot.send_document(7, b"x", caption="x" * 1025)
    with pytest.raises(BadRequest, match=r"(?i)there is no text in the message to edit"):
        await bot.edit_message_text("x", 7, sent.message_id)


async def test_an_edited_message(bot, chat, ada):
    message = await chat.send(ada, "wat?")
    await chat.edit(message, "what?")
    before, after = await bot.get_updates()
    assert (before.message.text, after.edited_message.text) == ("wat?", "what?")
    assert after.edited_message.edit_date
    assert [edit.text for edit in message.edits] == ["what?"]


async def test_a_button_is_pressed_and_answered_once(server, bot, chat, ada):
    await bot.send_message(7, "…", reply_markup={"inline_keyboard": [[{"text": "Stop", "callback_data": "stop:1"}]]})
    shown = await chat.until(lambda m: m.buttons)
    press = await chat.press(ada, shown, "Stop")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert (query.data, query.from_user.id, query.message.message_id) == ("stop:1", 7, shown.id)
    await query.answer("Stopped")
    assert (await press.answered())["text"] == "Stopped"
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await query.answer()
    with pytest.raises(AssertionError, match="no button 'Go'"):
        await chat.press(ada, shown, "Go")


async def test_chat_actions_and_drafts(server, bot, chat, ada):
    question = await chat.send(ada, "hi")
    await bot.send_chat_action(7, "typing")
    assert (await server.typing(chat, after=question)).action == "typing"
    with pytest.raises(BadRequest, match=r"(?i)wrong parameter action in request"):
        await bot.send_chat_action(7, "dancing")
    await bot.send_message_draft(7, 5, "thinking alo")
    assert chat.draft
    assert chat.draft.text == "thinking alo"
    with pytest.raises(BadRequest, match=r"(?i)textdraft_peer_invalid"):
        await bot.send_message_draft(server.group("Talk").id, 5, "x")


async def test_reactions(bot, chat, ada):
    message = await chat.send(ada, "hi")
    for emoji in ReactionEmoji:
        await bot.set_message_reaction(7, message.id, emoji)
    assert len(message.reactions) == 1
    with pytest.raises(BadRequest, match=r"(?i)reaction_invalid"):
        await bot.set_message_reaction(7, message.id, ReactionTypeEmoji("🦆"))
    await bot.set_message_reaction(7, message.id)
    assert message.reactions == []


async def test_in_groups_only_an_admin_deletes_what_others_wrote(server, bot, chat, ada):
    theirs = await chat.send(ada, "private")
    assert await bot.delete_message(7, theirs.id)
    group = server.group("Talk", [ada])
    theirs = await group.send(ada, "public")
    with pytest.raises(BadRequest, match=r"(?i)message can't be deleted"):
        await bot.delete_message(group.id, theirs.id)
    await group.promote_bot(ada)
    assert await bot.delete_message(group.id, theirs.id)
    assert theirs.deleted


async def test_commands_by_scope_and_language(server, bot, chat):
    plain, german = [BotCommand("help", "Help")], [BotCommand("hilfe", "Hilfe")]
    await bot.set_my_commands(plain)
    await bot.set_my_commands(german, scope=BotCommandScopeAllGroupChats(), language_code="de")
    await bot.set_my_commands(plain, scope=BotCommandScopeChat(7))
    assert await bot.get_my_commands() == tuple(plain)
    assert await bot.get_my_commands(BotCommandScopeAllGroupChats(), "de") == tuple(german)
    assert await bot.get_my_commands(language_code="de") == ()
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    assert server.commands["all_group_chats", "de"] == [{"command": "hilfe", "description": "Hilfe"}]


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([("Help", "x")], "bot_command_invalid"),
        ([("new-chat", "x")], "bot_command_invalid"),
        ([("x" * 33, "x")], "command length must not exceed 32"),
        ([("x", "x" * 257)], "command description length must not exceed 256"),
        ([("", "x")], "command must be non-empty"),
        ([(f"c{i}", "x") for i in range(101)], "bot_commands_too_much"),
    ],
)
async def test_commands_that_are_refused(server, bot, commands, words):
    with pytest.raises(BadRequest, match=f"(?i){words}"):
        await bot.set_my_commands(commands)
    assert server.commands == {}


async def test_descriptions(server, bot):
    await bot.set_my_description("What I can do")
    await bot.set_my_short_description("Ich", language_code="de")
    assert (await bot.get_my_description()).description == "What I can do"
    assert server.descriptions["short_description", "de"] == "Ich"
    with pytest.raises(BadRequest):
        await bot.set_my_short_description("x" * 121)


async def test_chats_and_members(server, bot, chat, ada):
    grace, eve = server.user(8, "Grace"), server.user(9, "Eve")
    group = server.group("Talk", [eve], admins=[ada, grace])
    assert (await bot.get_chat(group.id)).title == "Talk"
    assert (await bot.get_chat(7)).first_name == "Ada"
    ruling = await bot.get_chat_administrators(group.id)
    assert [(m.status, m.user.id) for m in ruling] == [("creator", 7), ("administrator", 8)]
    assert (await bot.get_chat_member(group.id, 9)).status == "member"
    assert (await bot.get_chat_member(group.id, server.user(10, "Nobody").id)).status == "left"
    with pytest.raises(BadRequest, match=r"(?i)no administrators in the private chat"):
        await bot.get_chat_administrators(7)


async def test_a_wait_that_fails_shows_what_was_on_screen(server, bot, chat, ada):
    question = await chat.send(ada, "hello?")
    with pytest.raises(BadRequest):
        await bot.send_message(7, "")
    with pytest.raises(AssertionError, match=r"nothing came within 0\.02 s(.|\n)*hello\?(.|\n)*message text is empty"):
        await chat.answer(after=question, timeout=0.02)


async def test_an_answer_can_be_asked_to_stand_still(bot, chat, ada):
    question = await chat.send(ada, "count")
    sent = await bot.send_message(7, "1")

    async def count() -> None:
        for number in range(2, 5):
            await asyncio.sleep(0.01)
            await sent.edit_text(str(number))

    counting = asyncio.create_task(count())
    assert (await chat.answer(after=question, still=0.1)).text == "4"
    await counting
