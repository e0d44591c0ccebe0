"""What a request used is noted however it ends, and an answer keeps to what it may use."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from core.errors import ModelBusy, ModelCut, ModelError, UserError
from core.model.asking import ASKING, Asking, Spent
from core.model.counting import prompt_tokens, tokens
from core.model.metered import Metered
from core.model.queue import Queue
from core.model.seam import Status
from core.types import Delta, Usage

HI = [HumanMessage("x" * 40)]  # 14 tokens


class Scripted:
    """A model that says these things and ends in one way."""

    context_tokens: int | None = None

    def __init__(self, *said: str | Delta, end: Delta | ModelError) -> None:
        self.said, self.end = said, end
        self.closed = False

    def status(self) -> Status:
        return Status("scripted", ready=True)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        try:
            for each in self.said:
                yield each if isinstance(each, Delta) else Delta(each)
            if isinstance(self.end, ModelError):
                raise self.end
            yield self.end
        finally:
            self.closed = True


@pytest.fixture
def asked() -> Iterator[Asking]:
    asked = Asking(user="dana")
    token = ASKING.set(asked)
    yield asked
    ASKING.reset(token)


async def read(model: Metered) -> str:
    async with aclosing(model.stream(HI)) as deltas:
        return "".join([delta.text async for delta in deltas])


async def test_the_endpoints_own_count_is_what_counts(asked: Asking) -> None:
    usage = Usage(11, 22, 3)
    assert await read(Metered(Scripted("Hello", end=Delta(finish="stop", usage=usage)), Queue())) == "Hello"
    assert asked.spent == [Spent("scripted", usage)]


async def test_without_a_count_it_is_estimated_from_the_text_and_marked(asked: Asking) -> None:
    await read(Metered(Scripted("Hello ", "wörld", end=Delta(finish="stop")), Queue()))
    assert asked.spent == [Spent("scripted", Usage(14, 3), estimated=True)]


async def test_what_turns_out_to_be_thought_or_text_is_counted_once(asked: Asking) -> None:
    end = Delta(finish="stop")
    await read(Metered(Scripted("hm, " * 10, Delta(thought="hm, " * 10, anew=True), "word", end=end), Queue()))
    await read(Metered(Scripted(Delta(thought="word" * 10), Delta("word" * 10, anew=True), end=end), Queue()))
    assert [spent.usage.completion for spent in asked.spent] == [11, 10]


@pytest.mark.parametrize(
    ("said", "error", "spent"),
    [
        (("12345678",), ModelCut(), [Spent("scripted", Usage(14, 2), estimated=True)]),
        (("12345678",), ModelBusy(), [Spent("scripted", Usage(14, 2), estimated=True)]),
        ((), ModelCut(), [Spent("scripted", Usage(14, 0), estimated=True)]),  # it had begun: the prompt was read
        ((), ModelBusy(), []),  # refused before it began
    ],
)
async def test_a_stream_that_fails_counts_what_it_used(
    asked: Asking, said: Sequence[str], error: ModelError, spent: list[Spent]
) -> None:
    with pytest.raises(type(error)):
        await read(Metered(Scripted(*said, end=error), Queue()))
    assert asked.spent == spent


async def test_a_stream_that_is_stopped_counts_what_it_used_and_gives_its_slot_back(asked: Asking) -> None:
    queue = Queue(1)
    model = Metered(scripted := Scripted("1234", "5678", end=Delta(finish="stop")), queue)
    async with aclosing(model.stream(HI)) as deltas:
        assert (await anext(deltas)).text == "1234"
        assert queue.running == 1
    assert asked.spent == [Spent("scripted", Usage(14, 1), estimated=True)]
    assert scripted.closed
    assert queue.running == 0


async def test_an_answer_that_needs_more_than_its_share_asks_for_more(asked: Asking) -> None:
    asked.most, asked.model, shares = 2, "scripted", iter([4, None])

    async def more(model: str) -> None:
        asked.most = next(shares)

    asked.more = more
    text = "word" * 10
    assert await read(Metered(Scripted(*(text[n : n + 4] for n in range(0, 40, 4)), end=Delta(finish="stop")), Queue()))
    assert next(shares, "none left") == "none left"


async def test_an_answer_that_gets_no_more_ends_and_keeps_what_was_said(asked: Asking) -> None:
    asked.most, asked.firm, asked.model = 2, True, "scripted"

    async def more(model: str) -> None:
        raise UserError("Enough.")

    asked.more = more
    stream = Metered(scripted := Scripted(*["word"] * 10, end=Delta(finish="stop")), Queue()).stream(HI)
    said = [(await anext(stream)).text for _ in range(3)]  # the first piece that is more than the share is kept
    with pytest.raises(UserError, match="Enough"):
        await anext(stream)
    assert said == ["word"] * 3
    assert scripted.closed
    assert asked.spent == [Spent("scripted", Usage(14, 3), estimated=True)]


async def test_an_answer_that_the_endpoint_ends_at_its_share_has_an_exact_count(asked: Asking) -> None:
    asked.most, asked.firm, asked.model = 2, True, "scripted"

    async def more(model: str) -> None:
        raise UserError("Enough.")

    asked.more = more
    with pytest.raises(UserError):
        await read(Metered(Scripted("wordword", end=Delta(finish="length", usage=Usage(9, 2))), Queue()))
    assert asked.spent == [Spent("scripted", Usage(9, 2))]


async def test_every_attempt_at_an_answer_counts_and_shares_its_limit(asked: Asking) -> None:
    queue = Queue()
    asked.most, asked.model = 3, "scripted"

    async def more(model: str) -> None:
        raise UserError("Enough.")

    asked.more = more
    with pytest.raises(ModelCut):
        await read(Metered(Scripted("12345678", end=ModelCut()), queue))
    with pytest.raises(UserError):
        await read(Metered(Scripted("12345678", end=Delta(finish="stop")), queue))
    assert [spent.usage.completion for spent in asked.spent] == [2, 2]


async def test_when_another_model_answers_than_was_thought_its_prices_count(asked: Asking) -> None:
    asked.model = "the first model of somewhere"
    told = []

    async def more(model: str) -> None:
        told.append(model)
        asked.model = model

    asked.more = more
    await read(Metered(Scripted("Hello", end=Delta(finish="stop")), Queue()))
    assert told == ["scripted"]


async def test_work_that_nobody_asked_for_is_queued_too() -> None:
    assert await read(Metered(Scripted("Hello", end=Delta(finish="stop")), Queue(1))) == "Hello"


def test_tokens_are_bytes_by_four() -> None:
    assert tokens("x" * 40) == 14
    assert tokens("你好" * 2) == 3 + 4
    assert prompt_tokens([HumanMessage("x" * 40), HumanMessage([{"type": "text", "text": "y" * 4}])]) == 14 + 5
    assert tokens("\ud800") == 4
