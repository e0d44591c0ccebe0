"""What a conversation chose goes before its role, and its role before the operator's limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import parameters, roles
from core.errors import UserError
from core.model.asking import Parameters
from core.parameters import Bounds
from core.types import Session, SessionKey

SESSION = Session("1", SessionKey("web", "page", "me"), "", "assistant", "", "", True, 0.0, 0.0)
WRITER = roles.builtin()["writer"]


def test_the_session_goes_before_the_role() -> None:
    assert parameters.of(SESSION, WRITER, Bounds()) == Parameters(temperature=1.0)
    assert parameters.of(replace(SESSION, temperature=0.0), WRITER, Bounds()).temperature == 0.0
    assert parameters.of(SESSION, "a role of one's own", Bounds()) == Parameters()


def test_nothing_is_longer_than_the_operator_allows() -> None:
    assert parameters.of(replace(SESSION, length=500), "", Bounds(100)).length == 100
    assert parameters.of(replace(SESSION, length=50), "", Bounds(100)).length == 50
    assert parameters.of(SESSION, replace(WRITER, length=70), Bounds(100)).length == 70
    assert parameters.of(SESSION, "", Bounds(100)).length == 100


def test_a_model_that_may_not_be_chosen_is_the_default() -> None:
    chosen = replace(SESSION, model="big")
    assert parameters.of(chosen, "", Bounds(), models=["small", "big"]).model == "big"
    assert parameters.of(chosen, "", Bounds(), models=["small"]).model == ""


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("2", 2.0), ("0,7", 0.7), ("1.25", 1.25), ("Default", None)])
def test_a_temperature(text: str, value: float | None) -> None:
    assert parameters.temperature(text) == value


@pytest.mark.parametrize("text", ["-0.1", "2.01", "nan", "inf", "1e0", "warm", "", "٠.٥x", "0.1.2"])
def test_what_is_no_temperature(text: str) -> None:
    with pytest.raises(UserError, match=r"from 0 \(sober\) to 2 \(wild\)"):
        parameters.temperature(text)


@pytest.mark.parametrize(("text", "value"), [("16", 16), ("100000", 100_000), ("default", None)])
def test_a_length(text: str, value: int | None) -> None:
    assert parameters.length(text, Bounds()) == value


@pytest.mark.parametrize("text", ["15", "100001", "-20", "1.5", "٢٠٠", "9" * 30, ""])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(UserError, match="from 16 to 100000"):
        parameters.length(text, Bounds())


def test_the_built_in_roles_have_temperatures_in_range() -> None:
    own = [role.temperature for role in roles.builtin().values() if role.temperature is not None]
    assert len(own) == 3
    assert all(parameters.COLDEST <= value <= parameters.HOTTEST for value in own)
