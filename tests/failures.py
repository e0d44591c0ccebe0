"""Every failure of a model endpoint, played in the real house: who reads what, what is asked again, what is kept.

`tests/story/test_failures.py` holds each case to its row; `python -m tests.failures` plays all of them and writes the
table, and llmock's verdict on the client, to build/failures.md.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.model.reading import Patience
from core.model.router import Policy
from core.model.waiting import Backoff
from tests.platforms.discord import DiscordServer
from tests.platforms.model import Fault, ModelServer
from tests.platforms.replies import Messages, said
from tests.platforms.telegram import TelegramServer
from tests.story.town import Person, Town

WHOLE = "The quick brown fox jumps over the lazy dog, and then it sleeps until the evening comes."
HALF = 12  # pieces of four characters
KEY = "sk-failing-0123456789abcdef"
OTHER_KEY = "sk-another-0123456789abcdef"
ALWAYS = 40  # faults: more than any answer is tried

BUSY = "⚠️ The model is busy right now. Please try again in a minute with /retry."
CUT = "⚠️ The answer was cut off. Send /retry to have it again."
FORBIDDEN = "⚠️ The model refused my access. Whoever runs this bot has to look at its API key."
UNREACHABLE = "⚠️ I could not reach the model. Please try again in a moment with /retry."
REFUSED = "⚠️ The model will not answer this. Please put it differently."
UNKNOWN = "⚠️ The model that I am set up for does not exist. Whoever runs this bot has to correct OPENAI_MODEL."
TOO_LONG = "⚠️ This is more than the model can read at once. Please send less, or start anew with /new."


@dataclass(frozen=True)
class Row:
    """What came of one case. user: the whole message on screen; admin: parts of what admins read, "" for nothing.

    requests: how often the model was asked. kept: the state of the turn, and what of the answer is in history.
    """

    user: str
    admin: str = ""
    requests: int = 1
    state: str = "done"
    kept: str = WHOLE


def failed(user: str, admin: str = "", requests: int = 1, kept: str = "") -> Row:
    return Row(f"{kept}\n\n{user}" if kept else user, admin, requests, "failed", kept)


GOOD = Row(WHOLE)
AGAIN = Row(WHOLE, requests=2)


@dataclass(frozen=True)
class Case:
    """faults: what happens to the first requests. settings: of the house; {key} and {url} are the server's.

    prepare: changes the server after the first, good answer. cold: there is none.
    """

    name: str
    row: Row
    faults: tuple[Fault, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[ModelServer], None] = lambda server: None
    cold: bool = False


def told(message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}


def always(**fault: Any) -> tuple[Fault, ...]:
    return (Fault(**fault),) * ALWAYS


def _lock(server: ModelServer) -> None:
    server.key = "another"


def _forget(server: ModelServer) -> None:
    server.models[:] = ["another"]


LONG = told("This model's maximum context length is 8192 tokens.", "context_length_exceeded")
QUOTA = told("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota")
POLICY = told("The response was filtered due to the prompt triggering the content policy.", "content_filter")
PLAIN = "upstream connect error or disconnect"
NOTE = "ℹ️ spare has answered this: loopback-model is not available right now."
SPARE = {"openai_fallback_models": "spare"}

CASES = [
    Case("401: the key is wrong", failed(FORBIDDEN, "refuses OPENAI_API_KEY: "), prepare=_lock),
    Case("403: the key may not", failed(FORBIDDEN, "refuses OPENAI_API_KEY: "), always(status=403)),
    Case("429: insufficient_quota", failed(FORBIDDEN, "exceeded your current quota"), always(status=429, body=QUOTA)),
    Case(
        "401 for one of two keys",
        Row(WHOLE, "refuses key 2 of 2 in OPENAI_API_KEY", 2),
        (Fault(status=401, body=told(f"Incorrect API key provided: {OTHER_KEY}")),),
        {"openai_api_key": f"{KEY},{OTHER_KEY}"},
    ),
    Case("404: no such model", failed(UNKNOWN, "The model loopback-model at http://127.0.0.1"), prepare=_forget),
    Case("400: context too long", AGAIN, (Fault(status=400, body=LONG),)),
    Case("400: the question alone is too long", failed(TOO_LONG, requests=2), always(status=400, body=LONG)),
    Case("400: content policy", failed(REFUSED), always(status=400, body=POLICY)),
    Case("429 with Retry-After: 0.2", AGAIN, (Fault(status=429, headers={"Retry-After": "0.2"}),)),
    Case(
        "429 with Retry-After: 90",
        failed("⚠️ The model is busy right now. Please try again in 90 seconds with /retry."),
        always(status=429, headers={"Retry-After": "90"}),
    ),
    Case("429 without Retry-After", AGAIN, (Fault(status=429),)),
    Case("500, twice", Row(WHOLE, requests=3), (Fault(status=500), Fault(status=502, body="<html>Bad gateway</html>"))),
    Case("503, for ever", failed(BUSY, "fails: ", 5), always(status=503)),
    Case("503, twice, with a fallback", Row(f"{WHOLE}\n\n{NOTE}", requests=3), (Fault(status=503),) * 2, SPARE),
    Case("TLS error", failed(UNREACHABLE, "cannot be reached", 0), settings={"openai_base_url": "{tls}"}, cold=True),
    Case("DNS error", failed(UNREACHABLE, "cannot be reached", 0), settings={"openai_base_url": "{dns}"}, cold=True),
    Case("refused", failed(UNREACHABLE, "cannot be reached", 0), settings={"openai_base_url": "{closed}"}, cold=True),
    Case("cut before the first byte", AGAIN, (Fault(how="gone"),)),
    Case("slow first token", AGAIN, (Fault(how="stall"),)),
    Case("stall in the middle", AGAIN, (Fault(how="stall", after=HALF),)),
    Case("cut in the middle", AGAIN, (Fault(how="cut", after=HALF),)),
    Case(
        "cut in the middle, for ever",
        failed(CUT, "breaks off", 5, WHOLE[: 4 * HALF]),
        (Fault(how="cut", after=HALF), *always(how="cut")),
    ),
    Case("silent end", AGAIN, (Fault(how="end", after=HALF),)),
    Case("malformed line", AGAIN, (Fault(how="malformed", after=HALF),)),
    Case("an error in the stream", AGAIN, (Fault(how="error", after=HALF, body={"error": {"message": "Overloaded"}}),)),
    Case("HTML instead of JSON", AGAIN, (Fault(how="html"),)),
    Case("HTML instead of JSON, for ever", failed(UNREACHABLE, "OPENAI_BASE_URL is wrong", 5), always(how="html")),
    Case("wrong content type", AGAIN, (Fault(how="plain", body=PLAIN),)),
]


class Finishing:
    """Says WHOLE; asked to go on, it repeats the last words and does."""

    def __call__(self, messages: Messages) -> str:
        words = said(messages[-1]).rpartition("\n\n")[2]
        going_on = messages[-2]["role"] == "assistant" if len(messages) > 1 else False
        return WHOLE[WHOLE.index(words) :] if going_on and words in WHOLE else WHOLE


@contextmanager
def hurried(silence: float = 20.0) -> Iterator[None]:
    """Pauses that a test can wait for, and a name server that knows no model.example. silence: seconds to a stall."""
    policy = partial(Policy, backoff=Backoff(first=0.01, longest=0.02), total=30.0)
    patience = partial(Patience, first=silence, gap=silence)
    look_up = asyncio.BaseEventLoop.getaddrinfo

    async def no_such_host(loop: Any, host: Any, *args: Any, **options: Any) -> Any:
        if host == "model.example":
            raise socket.gaierror(-2, "Name or service not known")
        return await look_up(loop, host, *args, **options)

    with (
        patch("core.model.router.Policy", policy),
        patch("core.model.endpoint.Patience", patience),
        patch.object(asyncio.BaseEventLoop, "getaddrinfo", no_such_host),
    ):
        yield


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    async with (
        ModelServer(Finishing(), key=KEY, models=["loopback-model", "spare"]) as model,
        TelegramServer() as telegram,
        DiscordServer() as discord,
    ):
        here = Town(folder, model, telegram, discord)
        yield here
        await here.close()


async def play(case: Case, folder: Path) -> Row:
    """One case, from the start of a house to its end."""
    stalls = any(fault.how == "stall" for fault in case.faults)
    with hurried(1.0 if stalls else 20.0):
        async with town(folder) as here:
            return await _play(case, here)


async def _play(case: Case, here: Town) -> Row:
    model = here.model
    admin, dana = await here.person("telegram", "Admin"), await here.person("telegram", "Dana")
    places = {"tls": model.url.replace("http:", "https:"), "dns": "http://model.example/v1", "closed": _closed()}
    settings = {name: value.format(**places) for name, value in case.settings.items()}
    here_settings = {"openai_api_key": KEY, "openai_model": "loopback-model", "admins": f"telegram:{admin.user.id}"}
    await here.open("telegram", **{**here_settings, **settings})
    if not case.cold:
        await dana.asks("Hello", WHOLE)
    before = len(model.requests)
    if OTHER_KEY in settings.get("openai_api_key", ""):
        model.key = ""
    case.prepare(model)
    model.faults.extend(case.faults)
    await dana.says("And now?")
    answer, state = await _kept(here, dana)
    if case.row.admin:
        await admin.hears("🔧")
    user = "\n\n".join(dana.heard())
    return Row(user, "\n".join(admin.heard()), len(model.requests) - before, state, answer)


async def _kept(here: Town, dana: Person) -> tuple[str, str]:
    """The answer to the last question and its state, as soon as it is settled."""

    def settled() -> tuple[str, str] | None:
        with sqlite3.connect(here.folder / "chinwag.db") as db:
            row = db.execute("SELECT answer, state FROM turns WHERE question = 'And now?'").fetchone()
        return row if row and row[1] != "open" else None

    answer, state = await dana.sees(settled, "an end", timeout=20.0)
    return str(answer), str(state)


def _closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def table(rows: list[tuple[Case, Row]]) -> str:
    lines = ["| failure | the user reads | admins read | asked again | kept |", "|---|---|---|---|---|"]
    for case, row in rows:
        user = row.user.replace(WHOLE, "*the whole answer*").replace(WHOLE[: 4 * HALF], "*the first half*")
        kept = {WHOLE: "the whole answer", "": "the question"}.get(row.kept, "the question and the first half")
        cells = (
            case.name,
            user,
            row.admin,
            row.requests - 1 if row.requests else "no request arrived",
            f"{kept} ({row.state})",
        )
        lines.append("| " + " | ".join(" ".join(str(cell).replace("|", "\\|").split()) for cell in cells) + " |")
    return "\n".join(lines)


async def main() -> None:
    from tests.verdict import verdict

    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append((case, await play(case, Path(folder))))
    build = Path("build")
    build.mkdir(exist_ok=True)
    verdicts = f"## llmock's verdict\n\n```\n{await verdict()}\n```\n"
    text = f"# What happens when the model fails\n\n{table(rows)}\n\n{verdicts}"
    (build / "failures.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    asyncio.run(main())
