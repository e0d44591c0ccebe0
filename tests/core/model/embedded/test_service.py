"""The embedded model's life, with a model server on loopback in the place of llama.cpp's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from core.errors import ModelError, ModelNotReady
from core.model.embedded import service
from core.model.embedded.launch import LaunchFailed, Server
from core.model.embedded.service import BETTER, Embedded
from core.model.seam import Status
from core.types import Delta
from tests.core.model.embedded.sources import Scripted, failing, weights
from tests.patience import PATIENCE
from tests.platforms.model import ModelServer

HI: list[BaseMessage] = [HumanMessage("Hi")]


class Launcher:
    """Starts a child that does nothing; the answers come from the loopback server. fails: reasons not to start."""

    def __init__(self, answers: ModelServer) -> None:
        self.answers = answers
        self.fails: list[str] = []
        self.paths: list[Path] = []
        self.servers: list[Server] = []

    async def __call__(self, path: Path, threads: int | None) -> Server:
        self.paths.append(path)
        if self.fails:
            raise LaunchFailed(self.fails.pop(0))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        self.servers.append(Server(self.answers.url.removesuffix("/v1"), self.answers.key, process))
        return self.servers[-1]


@pytest.fixture
async def answers() -> AsyncIterator[ModelServer]:
    async with ModelServer(reply="Hello", models=["embedded"], key="secret") as server:
        yield server


@pytest.fixture
def launcher(answers: ModelServer) -> Launcher:
    return Launcher(answers)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.05)


Build = Callable[..., Embedded]


@pytest.fixture
async def build(launcher: Launcher, tmp_path: Path) -> AsyncIterator[Build]:
    built: list[Embedded] = []

    def build(**options: object) -> Embedded:
        built.append(Embedded(tmp_path / "models", launch=launcher, **options))  # type: ignore[arg-type]
        return built[-1]

    yield build
    for model in built:
        await model.close()


async def read(model: Embedded) -> list[Delta]:
    return [delta async for delta in model.stream(HI)]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def test_fetches_launches_and_answers(build: Build, launcher: Launcher, answers: ModelServer) -> None:
    model = build(choices=[weights(Scripted())])
    assert model.status() == Status("small offline model (Small)", False, "The model is being loaded.")
    await model.start()
    deltas = await read(model)
    assert ("".join(delta.text for delta in deltas), deltas[-1].finish) == ("Hello", "stop")
    assert model.status() == Status("small offline model (Small)", ready=True, note=BETTER)
    assert [path.name for path in launcher.paths] == ["small.gguf"]
    request = answers.requests[-1]
    assert (request.body["temperature"], request.body["max_completion_tokens"]) == (0.2, 768)
    assert (request.headers["Connection"], request.headers["Authorization"]) == ("close", "Bearer secret")


async def test_the_status_shows_the_download_and_the_question_waits(build: Build) -> None:
    go = asyncio.Event()

    class Slow(Scripted):
        async def deliver(self, target, size, progress):  # type: ignore[no-untyped-def]
            progress.done, progress.total = 25, 100
            await go.wait()
            await super().deliver(target, size, progress)

    model = build(choices=[weights(Slow("the index"))])
    await model.start()
    asking = asyncio.create_task(read(model))
    await until(lambda: model.status().total)
    assert model.status() == Status("small offline model (Small)", False, "Downloading Small from the index.", 25, 100)
    assert not asking.done()
    go.set()
    assert (await asking)[-1].finish == "stop"
    assert model.status().total == 0


async def test_the_name_is_that_of_the_weights_that_came(build: Build) -> None:
    best = weights(failing("it answered 404"), file="best.gguf", label="Best")
    model = build(choices=[best, weights(Scripted())])
    assert "Best" in model.status().name
    await model.start()
    await read(model)
    assert model.status().name == "small offline model (Small)"


async def test_better_weights_are_fetched_while_the_fall_back_answers_and_used_by_the_next_child(
    build: Build, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "FIRST_WISH", 0.02)
    source = failing("no connection")
    model = build(choices=[weights(source, file="best.gguf", label="Best"), weights(Scripted())])
    await model.start()
    await read(model)
    source.error = None
    await until(lambda: (launcher.paths[0].parent / "best.gguf").exists())
    assert model.status() == Status("small offline model (Small)", ready=True, note=BETTER)
    launcher.servers[0].process.kill()
    await until(lambda: len(launcher.servers) == 2 and model.status().ready)
    assert model.status().name == "small offline model (Best)"


async def test_a_file_of_ones_own_is_used_as_it_is(build: Build, launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"any")
    model = build(path=tmp_path / "mine.gguf")
    await model.start()
    await read(model)
    assert (model.status().name, launcher.paths) == ("mine.gguf", [tmp_path / "mine.gguf"])


async def test_a_missing_file_of_ones_own_is_said_and_looked_for_again(build: Build, tmp_path: Path) -> None:
    model = build(path=tmp_path / "mine.gguf")
    await model.start()
    with pytest.raises(ModelNotReady, match=r"LOCAL_MODEL_PATH names no file \(mine\.gguf\)"):
        await read(model)
    (tmp_path / "mine.gguf").write_bytes(b"any")
    await until(lambda: model.status().ready)


async def test_a_failed_download_is_said_with_its_cure_and_tried_again(build: Build) -> None:
    source = failing("no connection")
    model = build(choices=[weights(source)])
    await model.start()
    with pytest.raises(ModelNotReady) as caught:
        await read(model)
    for note in (str(caught.value), model.status().note):
        assert "no connection" in note
        assert "LOCAL_MODEL_PATH" in note
        assert "OPENAI_BASE_URL" in note
    source.error = None
    await until(lambda: model.status().ready)
    assert (await read(model))[-1].finish == "stop"


async def test_a_child_that_does_not_start_is_said_and_started_again(build: Build, launcher: Launcher) -> None:
    launcher.fails = ["this processor lacks avx2"]
    model = build(choices=[weights(Scripted())])
    await model.start()
    with pytest.raises(ModelNotReady, match="this processor lacks avx2"):
        await read(model)
    await until(lambda: model.status().ready)
    assert len(launcher.paths) == 2


async def test_a_fault_of_our_own_is_said_too_and_no_question_waits_for_ever(build: Build) -> None:
    model = build(choices=[weights(Scripted(error=ZeroDivisionError("oops")))])
    await model.start()
    with pytest.raises(ModelNotReady, match="the log says why"):
        await read(model)


async def test_a_child_that_dies_is_started_anew_and_questions_wait(build: Build, launcher: Launcher) -> None:
    model = build(choices=[weights(Scripted())])
    await model.start()
    await read(model)
    launcher.servers[0].process.kill()
    await until(lambda: not model.status().ready)
    assert (await read(model))[-1].finish == "stop"
    assert len(launcher.servers) == 2


async def test_a_child_that_dies_again_and_again_is_said(build: Build, launcher: Launcher) -> None:
    model = build(choices=[weights(Scripted())])
    await model.start()
    for count in (1, 2, 3):
        await until(lambda count=count: len(launcher.servers) == count and model.status().ready)
        launcher.servers[-1].process.kill()
        await until(lambda: not model.status().ready)
    with pytest.raises(ModelNotReady, match="ends again and again"):
        await read(model)


async def test_closing_ends_the_child_and_a_download(build: Build, launcher: Launcher) -> None:
    model = build(choices=[weights(Scripted())])
    await model.start()
    await model.start()  # a second start does nothing
    await read(model)
    await model.close()
    assert [server.process.returncode is not None for server in launcher.servers] == [True]


async def test_an_answer_under_way_ends_with_a_model_error_when_the_model_closes(
    build: Build, answers: ModelServer
) -> None:
    gate = answers.hold(after=1)
    model = build(choices=[weights(Scripted())])
    await model.start()
    asking = asyncio.create_task(read(model))
    await gate.reached()
    await model.close()
    with pytest.raises(ModelError):
        await asking


def test_its_prompt_must_leave_room_for_the_answer_in_a_slot() -> None:
    from core.model.embedded.child import CONTEXT, LONGEST_ANSWER, SLOTS

    assert Embedded.context_tokens is not None
    assert Embedded.context_tokens + LONGEST_ANSWER < CONTEXT // SLOTS
