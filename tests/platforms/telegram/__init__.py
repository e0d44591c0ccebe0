"""A Telegram Bot API server on loopback that enforces what Telegram enforces, for a real python-telegram-bot client.

    async with TelegramServer() as server:                     # 127.0.0.1, a free port
        app = ApplicationBuilder().token(server.token).base_url(server.base_url).base_file_url(server.base_file_url)
        ada = server.user(7, "Ada")
        chat = server.private(ada)
        question = await chat.send(ada, "Hello")               # an update for the bot
        answer = await chat.answer(after=question, when=lambda m: m.text.endswith("."))
        print(chat.transcript())                               # 0.35 post #2 'Hello wor' / 0.80 edit #2 'Hello world.'

Server   TelegramServer(token, username=, name=, rates=Rates(), privacy=True, mentions=True, clock=, unix=)
         .url .base_url .base_file_url .token .bot (User) .calls .updates .limits .files .commands .descriptions
         .user(id, first_name, ...)  .private(user)  .group(title, members, admins=, forum=, supergroup=, bot=)
         .called(method, chat=None) -> [Call]   .repeat(message_or_update_id)   .webhook_target (a loopback URL)
         .fault(method, status= | retry_after= | before= | after= | cut="before"/"after", chat=, contains=, ...)
         await .until(predicate, timeout=)      await .typing(chat, after=)   (.privacy and .mentions can be set)
Chat     .id .messages (on screen now) .history (deleted too) .actions .draft .log .transcript()
         await .send(user, text, reply_to=, thread=, entities=)   .photo .voice .document .sticker(user, ...)
         await .edit(message, text)   .remove(message)   .press(user, message, "label or data") -> Press
         await .add_bot(by) .kick_bot(by) .block() .unblock() .promote_bot(by)   .topic(name) -> id   .close_topic(id)
         .delete_topic(id)   .migrate() -> Chat
         await .until(lambda m: ..., timeout=) -> Message   .answer(after=, when=, still=, timeout=) -> Message
         await .gone(message, timeout=)
Message  .id .sender .from_bot .text .entities .reply_to .thread .markup .buttons .edits .versions .posted .changed
         .deleted .reactions .media .update_id (of the update that told the bot)
Press    .data .answer (None, or what answerCallbackQuery said)   await .answered(timeout=)
Call     .time .method .params .status .description .result .chat .message_id .screen (the text shown after it) .done
Rates    Rates(private_per_second=1, private_burst=5, group=Window(20, 60), overall=Window(30, 1), ...)
         Rates.unlimited()   Rates(penalty=True)      limits.writes / limits.refused: Counters by chat id

Faults   what `fault` returns: .hits and .lift(). An outage is fault("*", cut="before", times=10**6).
Client   client.connected(server), client.polling(server, *handlers): the real library, ready to use.

Times are the server's `clock` (time.monotonic unless replaced); the limits run on it, so a test may move it by hand
(`tests.clock`). Waits and injected delays are real seconds, and every wait that fails shows the transcript. Wordings of
errors are those of the live service where a public live test or TDLib's source states them; what is assumed says so.
"""

from tests.platforms.telegram.chats import Chat, Press
from tests.platforms.telegram.faults import Fault
from tests.platforms.telegram.limits import Rates, Window
from tests.platforms.telegram.messages import Message, User
from tests.platforms.telegram.record import Call
from tests.platforms.telegram.server import TelegramServer

__all__ = ["Call", "Chat", "Fault", "Message", "Press", "Rates", "TelegramServer", "User", "Window"]
