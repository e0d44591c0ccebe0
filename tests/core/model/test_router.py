"""Which model is asked, how often and when: retries, continuations, fallbacks, the breaker, on a clock of the test."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from core.context import shorter
from core.errors import (
    ContextTooLong,
    ModelBusy,
    ModelCut,
    ModelError,
    ModelForbidden,
    ModelNotReady,
    ModelRefused,
    ModelUnknown,
    ModelUnreachable,
)
from core.model.asking import ASKING, Asking, Parameters, asking
from core.model.breaker import FIRST_REST, OPENS_AFTER, Breaker
from core.model.router import Policy, Router
from core.model.run import Rung
from core.model.seam import Status
from core.model.waiting import Backoff
from core.observe.alerts import Alerts
from core.types import Delta

HI: list[BaseMessage] = [HumanMessage("Hi")]
END = Delta(finish="stop")
Step = str | Delta | ModelError


class Scripted:
    """A model that does what its script says, one list per request; without one it says its name."""

    context_tokens = None

    def __init__(self, name: str, *script: Sequence[Step]) -> None:
        self.name = name
        self.script = deque(script)
        self.asked: list[tuple[int, str]] = []  # how many messages, and what was said already
        self.read: list[Sequence[BaseMessage]] = []
        self.ended = 0

    def status(self) -> Status:
        return Status(self.name, ready=True)

    async def start(self) -> None: ...

    async def close(self) -> None:
        self.ended += 1

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        self.asked.append((len(messages), said))
        self.read.append(messages)
        for step in self.script.popleft() if self.script else (self.name, END):
            if isinstance(step, ModelError):
                raise step
            yield Delta(step) if isinstance(step, str) else step


class House:
    """A router of scripted models, a clock that only waiting moves, and what admins were told."""

    def __init__(self, *models: Scripted, **policy: Any) -> None:
        self.models = models
        self.now, self.waits, self.told = 0.0, list[float](), list[str]()
        alerts = Alerts(lambda: self.now)
        alerts.listen(self.told.append)
        self.rungs = [Rung(model, model.name, Breaker(lambda: self.now)) for model in models]
        self.router = Router(
            lambda: self.rungs,
            alerts=alerts,
            shrink=shorter,
            policy=Policy(backoff=Backoff(1.0, random=lambda: 1.0), **policy),
            clock=lambda: self.now,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def ask(self, messages: Sequence[BaseMessage] = HI, said: str = "") -> tuple[str, Delta]:
        """The whole answer, and its last delta."""
        text, last = said, Delta()
        async for last in self.router.stream(messages, said):
            text = last.text if last.anew else text + last.text
        return text, last

    async def fails(self, kind: type[ModelError], said: str = "") -> str:
        """What was on screen when the answer failed."""
        text = said
        with pytest.raises(kind):  # noqa: PT012
            async for delta in self.router.stream(HI, said):
                text = delta.text if delta.anew else text + delta.text
        return text


@pytest.mark.parametrize("problem", [ModelBusy("503"), ModelUnreachable("refused"), ModelCut("closed")])
async def test_before_the_first_word_a_retry_is_not_seen(problem: ModelError) -> None:
    house = House(Scripted("a", [problem], [problem]))
    assert await house.ask() == ("a", Delta(finish="stop", model="a"))
    assert house.waits == [1, 2]
    assert house.told == []


async def test_what_is_said_goes_on_after_a_cut() -> None:
    a = Scripted("a", ["One, ", "two, ", ModelCut()], ["three", ModelCut()], [".", END])
    assert (await House(a).ask())[0] == "One, two, three."
    assert [said for _, said in a.asked] == ["", "One, two, ", "One, two, three"]


async def test_what_an_earlier_process_said_is_handed_on() -> None:
    a = Scripted("a", [ModelBusy()], [" more", END])
    assert (await House(a).ask(said="And"))[0] == "And more"
    assert [said for _, said in a.asked] == ["And", "And"]


async def test_what_begins_again_counts_from_there() -> None:
    a = Scripted("a", ["Old text", ModelCut()], [Delta("New", anew=True), ModelCut()], [" text", END])
    assert (await House(a).ask())[0] == "New text"
    assert a.asked[-1][1] == "New"


async def test_an_answer_that_fails_in_the_end_leaves_the_longest_text() -> None:
    cut = [ModelCut()]
    a = Scripted("a", ["A long text", ModelCut()], [Delta("New", anew=True), ModelCut()], *[cut] * 9)
    assert await House(a).fails(ModelCut) == "A long text"


async def test_a_model_that_keeps_failing_is_given_up_on() -> None:
    house = House(Scripted("a", *[[ModelBusy("HTTP 500")]] * 9), tries=4)
    await house.fails(ModelBusy)
    assert house.waits == [1, 2, 4]
    assert house.told == ["The model a fails: HTTP 500"]


async def test_each_cut_may_be_followed_by_more_but_not_for_ever() -> None:
    a = Scripted("a", *[["x", ModelCut()]] * 99)
    assert await House(a, most=7).fails(ModelCut) == "x" * 7


async def test_beginning_again_is_no_progress() -> None:
    again = [Delta("x", anew=True), ModelCut()]
    a = Scripted("a", ["xy", ModelCut()], *[again] * 99)
    assert await House(a, tries=3).fails(ModelCut) == "xy"
    assert len(a.asked) == 3


async def test_retry_after_is_obeyed() -> None:
    house = House(Scripted("a", [ModelBusy(retry_after=7)]))
    await house.ask()
    assert 7 <= house.waits[0] < 8


async def test_a_wait_beyond_the_deadline_is_not_waited_for_but_told() -> None:
    house = House(Scripted("a", [ModelBusy(retry_after=90)]), total=60)
    await house.fails(ModelBusy)
    assert house.waits == []


async def test_no_try_begins_after_the_deadline() -> None:
    house = House(Scripted("a", *[[ModelBusy(retry_after=25)]] * 9), total=60)
    await house.fails(ModelBusy)
    assert len(house.waits) == 2


@pytest.mark.parametrize("problem", [ModelRefused(), ModelForbidden(), ModelUnknown(), ModelNotReady()])
async def test_what_would_fail_again_is_not_asked_again(problem: ModelError) -> None:
    a = Scripted("a", [problem])
    await House(a).fails(type(problem))
    assert len(a.asked) == 1


@pytest.mark.parametrize("problem", [ModelForbidden("401"), ModelUnknown("404"), ModelBusy(retry_after=60)])
async def test_another_model_answers_at_once_and_says_so(problem: ModelError) -> None:
    house = House(Scripted("best", [problem]), Scripted("lesser"))
    text, last = await house.ask()
    assert (text, last.model) == ("lesser", "lesser")
    assert last.note == "ℹ️ lesser has answered this: best is not available right now."
    assert sum(house.waits) == 0


async def test_a_model_that_fails_twice_makes_room_for_another() -> None:
    house = House(Scripted("best", *[[ModelUnreachable()]] * 9), Scripted("lesser"))
    assert (await house.ask())[0] == "lesser"
    assert len(house.models[0].asked) == 2


async def test_another_model_goes_on_with_what_was_said() -> None:
    house = House(
        Scripted("best", ["One, ", ModelCut()], [ModelBusy()], [ModelBusy()]), Scripted("lesser", ["two.", END])
    )
    assert (await house.ask())[0] == "One, two."


async def test_a_refusal_is_no_reason_to_ask_another_model() -> None:
    house = House(Scripted("best", [ModelRefused()]), Scripted("lesser"))
    await house.fails(ModelRefused)


async def test_when_all_fail_the_last_error_is_told() -> None:
    house = House(Scripted("best", [ModelUnknown("404")]), Scripted("lesser", *[[ModelBusy("500")]] * 9))
    await house.fails(ModelBusy)
    assert house.told == ["The model best fails: 404", "The model lesser fails: 500"]


async def test_a_model_that_keeps_failing_is_skipped_then_probed_by_one_request() -> None:
    best = Scripted("best", *[[ModelBusy("500")]] * OPENS_AFTER)
    house = House(best, Scripted("lesser"))
    for _ in range(4):
        assert (await house.ask())[0] == "lesser"
    assert len(best.asked) == OPENS_AFTER
    assert house.router.status().name == "lesser"
    house.now += FIRST_REST
    async with aclosing(house.router.stream(HI)) as probing:
        assert (await anext(probing)).text == "best"
        assert (await house.ask())[0] == "lesser"  # one probe at a time
    assert (await house.ask())[0] == "best"
    assert (await house.ask())[1].note == ""


async def test_a_probe_that_fails_makes_the_rest_longer() -> None:
    best = Scripted("best", *[[ModelBusy("500")]] * 99)
    house = House(best, Scripted("lesser"))
    for _ in range(2):
        await house.ask()
    house.now += FIRST_REST
    await house.ask()
    asked = len(best.asked)
    house.now += FIRST_REST
    await house.ask()
    assert len(best.asked) == asked


async def test_an_only_model_is_asked_however_often_it_failed() -> None:
    house = House(Scripted("a", *[[ModelBusy("500")]] * 5))
    await house.fails(ModelBusy)
    assert (await house.ask())[0] == "a"
    assert house.told == ["The model a fails: 500"]


async def test_what_turned_out_to_be_thought_is_not_brought_back_when_all_fails() -> None:
    turned = Delta(thought="hm, hm", anew=True)
    house = House(Scripted("a", *[["hm, ", "hm", turned, ModelCut("closed")]] * 12))
    assert await house.fails(ModelCut) == ""


async def test_a_prompt_that_is_too_long_is_halved_until_it_fits() -> None:
    a = Scripted("a", [ContextTooLong()], [ContextTooLong()])
    history: list[BaseMessage] = [HumanMessage("q"), AIMessage("a")] * 4
    assert (await House(a).ask([SystemMessage("s"), *history, HumanMessage("Hi")]))[0] == "a"
    assert [count for count, _ in a.asked] == [10, 6, 4]


LONG: list[BaseMessage] = [SystemMessage("s"), *[HumanMessage("q" * 400), AIMessage("a" * 400)] * 10, *HI]


async def test_what_a_model_refused_as_too_long_is_not_sent_again() -> None:
    a = Scripted("a", [ContextTooLong()])
    house = House(a)
    for _ in range(3):
        await house.ask(LONG)
    assert [count for count, _ in a.asked] == [22, 12, 12, 12]


@pytest.mark.parametrize("refusal", [ContextTooLong(), ContextTooLong(limit=3000, sent=4000)])
async def test_the_prompts_of_a_conversation_go_on_beginning_alike(refusal: ContextTooLong) -> None:
    a = Scripted("a", *[["a", END]] * 19, [refusal])
    house, history = House(a), list[BaseMessage]()
    for n in range(60):
        await house.ask([SystemMessage("s"), *history, HumanMessage("Hi")])
        history += [HumanMessage(f"{n}" + "q" * 400), AIMessage("a" * 400)]
    beginnings = [said[1].content for said in a.read[20:]]
    assert len(beginnings) == 41
    assert len(set(beginnings)) <= 10  # of 41
    assert min(len(said) for said in a.read[21:]) >= 8  # and much of it is sent


async def test_what_the_endpoint_says_of_its_window_is_kept_to_at_once() -> None:
    a = Scripted("a", [ContextTooLong(limit=800, sent=2400)])  # it counts about as we do
    house = House(a)
    for _ in range(2):
        await house.ask(LONG)
    assert [count for count, _ in a.asked] == [22, 4, 4]  # half of its window is for the answer


class Windowed(Scripted):
    """A model of 32768 tokens, with the answer that is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lengths: list[int | None] = []

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        length = asking().parameters.length
        self.lengths.append(length)
        if (length or 0) > 32000:
            self.asked.append((len(messages), said))
            raise ContextTooLong(limit=32768, sent=40, total=50040)
        async with aclosing(super().stream(messages, said)) as deltas:
            async for delta in deltas:
                yield delta


async def test_one_askers_length_makes_the_model_forgetful_for_nobody() -> None:
    a = Windowed("a")
    house = House(a)
    asked = Asking(parameters=Parameters(length=50_000))
    token = ASKING.set(asked)
    assert (await house.ask(LONG))[0] == "a"
    ASKING.reset(token)
    assert asked.parameters.length == 50_000
    await house.ask(LONG)
    assert house.rungs[0].room.most is None
    assert [count for count, _ in a.asked] == [22, 22, 22]
    assert a.lengths == [50_000, 31_091, None]


async def test_each_model_reads_as_much_as_it_can() -> None:
    small, large = Scripted("small", [ContextTooLong()], [ModelUnknown("gone")]), Scripted("large")
    house = House(small, large)
    assert (await house.ask(LONG))[0] == "large"
    assert ([count for count, _ in small.asked], [count for count, _ in large.asked]) == ([22, 12], [22])


async def test_a_question_that_is_too_long_alone_is_told() -> None:
    a = Scripted("a", *[[ContextTooLong()]] * 9)
    await House(a).fails(ContextTooLong)
    assert len(a.asked) == 1


async def test_a_question_that_is_too_long_alone_is_for_a_model_that_reads_more() -> None:
    a = Scripted("a", [ContextTooLong()])
    text, last = await House(a, Scripted("b")).ask()
    assert (text, last.note) == ("b", "ℹ️ b has answered this: it is too long for a.")


async def test_a_model_that_is_probed_with_what_it_refuses_is_probed_again() -> None:
    for refusal in (ContextTooLong(), ModelRefused("400")):
        house = House(Scripted("a", *[[ModelBusy("500")]] * OPENS_AFTER, [refusal]), Scripted("b"))
        for _ in range(OPENS_AFTER - 1):
            assert (await house.ask())[0] == "b"
        house.now += FIRST_REST
        if isinstance(refusal, ModelRefused):
            await house.fails(ModelRefused)
        else:
            await house.ask()
        assert (await house.ask())[0] == "a"


async def test_models_that_come_and_go_are_seen_at_the_next_answer() -> None:
    house = House(Scripted("a"), Scripted("b"))
    await house.router.start()
    house.rungs.pop(0)
    assert (await house.ask())[0] == "b"
    await house.router.close()
    assert [model.ended for model in house.models] == [1, 1]
