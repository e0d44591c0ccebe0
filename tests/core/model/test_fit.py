"""What is sent is what was wanted, less what the model has refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from core.errors import ModelBusy, ModelRefused
from core.model import fit
from core.model.asking import Asking, Parameters
from core.model.fit import Fit, kept, limit
from core.types import Delta


def shaped(fit: Fit, asked: Asking, said: str = "", **request: Any) -> dict[str, Any]:
    fit.shape(request, asked, said)
    return request


@pytest.mark.parametrize(
    ("parameters", "most", "firm", "own", "sent"),
    [
        (Parameters(), None, False, None, {}),
        (Parameters(temperature=0.0), None, False, None, {"temperature": 0.0}),
        (Parameters(length=500), None, False, None, {"max_completion_tokens": 500}),
        (Parameters(length=500), 100, True, None, {"max_completion_tokens": 100}),
        (Parameters(length=500), 100, False, None, {"max_completion_tokens": 500}),
        (Parameters(length=500), None, False, 300, {"max_completion_tokens": 300}),
        (Parameters(), 100, True, None, {"max_completion_tokens": 100}),
    ],
)
def test_the_smallest_limit_is_sent(
    parameters: Parameters, most: int | None, firm: bool, own: int | None, sent: dict[str, Any]
) -> None:
    request = {} if own is None else {"max_completion_tokens": own}
    assert shaped(Fit(), Asking(parameters=parameters, most=most, firm=firm), **request) == sent


def test_what_was_said_already_counts() -> None:
    asked = Asking(parameters=Parameters(length=100))
    assert (limit(asked), limit(asked, "x" * 200), limit(asked, "x" * 4000)) == (100, 50, 16)
    assert shaped(Fit(), asked, "x" * 200) == {"max_completion_tokens": 50}


def test_what_a_model_refuses_is_left_out_from_then_on() -> None:
    fit, asked = Fit(), Asking(parameters=Parameters(temperature=1.0, length=100))
    assert not fit.learns(ModelBusy("temperature too high in here"))
    assert not fit.learns(ModelRefused("no such image"))
    assert fit.learns(ModelRefused("'temperature' does not support 1 with this model"))
    assert shaped(fit, asked) == {"max_completion_tokens": 100}
    assert not fit.learns(ModelRefused("'temperature' does not support 1 with this model"))
    assert fit.learns(ModelRefused("extra_forbidden: max_completion_tokens"))
    assert shaped(fit, asked) == {"max_tokens": 100}


async def stream(*deltas: Delta) -> AsyncGenerator[Delta]:
    for delta in deltas:
        yield delta


async def test_an_answer_that_runs_over_ends_for_its_length() -> None:
    over = [delta async for delta in kept(stream(*[Delta("word")] * 100, Delta(finish="stop")), 20)]
    assert over[-1] == Delta(finish="length")
    assert len(over) == 32  # half as much again, for tokens are counted by the byte
    obeyed = [Delta("word"), Delta(finish="stop")]
    assert [delta async for delta in kept(stream(*obeyed), 20)] == obeyed
    assert len([delta async for delta in kept(stream(*[Delta("word")] * 100), None)]) == 100


async def test_thoughts_count_as_the_endpoint_counts_them() -> None:
    over = [delta async for delta in kept(stream(*[Delta(thought="hmhm")] * 100), 20)]
    assert over[-1] == Delta(finish="length")


async def endless(**piece: str) -> AsyncGenerator[Delta]:
    while True:
        yield Delta(**piece)


@pytest.mark.parametrize("piece", [{"text": "word"}, {"thought": "hmm "}])
async def test_an_answer_that_nobody_limited_ends_all_the_same(
    piece: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "LONGEST", 100)
    said = [delta async for delta in kept(endless(**piece), None)]
    assert said[-1].finish == "endless"
    assert len(said) == 150 + 2  # the slack of what is counted by the byte, the piece that was too much, and the end
    rest = [delta async for delta in kept(endless(**piece), None, "word" * 80)]
    assert len(rest) == 30 + 2
