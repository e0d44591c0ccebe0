"""The seam of an answer that was interrupted: whatever a model does there, no word is lost or doubled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.prefill import SHORTEST, anchor, whole
from core.model.weld import PREAMBLE, Unjoined, Weld

WHOLE = (
    "There once was a fox who lived at the edge of a wood. Each morning it ran down to the river, "
    "drank, and looked at itself in the water.\n\nOne day the river was gone. 河床里只剩下石头, and the fox sat "
    "down and thought for a very long time about what a river is when it has no water in it."
)
CUT = WHOLE.index("sat down") + 2  # inside a word


def joined(said: str, comes: str, *, prefilled: bool = False, size: int = 3) -> str:
    """The answer as it is in the end, when `comes` comes in pieces after `said`."""
    weld, text = Weld(said, prefilled=prefilled), said
    deltas = [weld.feed(comes[at : at + size]) for at in range(0, len(comes), size)] + [weld.end()]
    for delta in deltas:
        if delta is not None:
            text = delta.text if delta.anew else text + delta.text
    return text


@pytest.mark.parametrize("cut", [CUT, WHOLE.index("sat down"), WHOLE.index("One day"), WHOLE.index("\n\nOne"), 60, 130])
@pytest.mark.parametrize(
    "opening",
    [
        "{anchor}{rest}",
        "Sure, continuing:\n\n{anchor}{rest}",
        "“{anchor}”{rest}",
        "{more}{rest}",  # it repeats more than it was asked to
        "{said}{rest}",  # all of it
        "  {said}{rest}",
        "Here is the rest of the answer.\n\n```\n{anchor}{rest}",
    ],
)
def test_a_model_that_was_asked_to_go_on(cut: int, opening: str) -> None:
    said = WHOLE[:cut]
    comes = opening.format(
        anchor=anchor(said),
        more=said.rstrip()[-len(anchor(said)) - 20 :].lstrip(),
        said=said.rstrip(),
        rest=WHOLE[len(said.rstrip()) :],
    )
    assert joined(said, comes) == WHOLE


@pytest.mark.parametrize("cut", [CUT, WHOLE.index("sat "), WHOLE.index("One day"), WHOLE.index("\n\nOne"), 60, 30])
@pytest.mark.parametrize("what", ["rest", "rest with its blanks", "rest without blanks", "everything"])
def test_an_endpoint_that_completes_the_text_itself(cut: int, what: str) -> None:
    said = WHOLE[:cut]
    sent = whole(said)
    comes = {
        "rest": WHOLE[len(sent) :],
        "rest with its blanks": WHOLE[len(sent.rstrip()) :],
        "rest without blanks": WHOLE[len(sent) :].lstrip() if sent[-1].isspace() else WHOLE[len(sent) :],
        "everything": WHOLE,
    }[what]
    assert joined(said, comes, prefilled=True) == WHOLE


def test_a_last_word_that_comes_out_differently_is_replaced() -> None:
    said = "He counted: one, two, three, four, fi"
    assert joined(said, " five, six", prefilled=True) == "He counted: one, two, three, four, five, six"
    assert joined(said, " fifty, sixty", prefilled=True) == "He counted: one, two, three, four, fifty, sixty"
    assert joined(said, "seven, eight", prefilled=True) == "He counted: one, two, three, four, seven, eight"
    assert joined(said, " f", prefilled=True) == said


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("one, two", "one, "),
        ("one, two ", "one, two "),
        ("one, two,", "one, two,"),
        ("def foo_ba", "def "),
        ("河床里只剩下石头", "河床里只剩下石头"),
        ("河床 ri", "河床 "),
        ("word", "word"),
        ("x" * 60, "x" * 60),
        ("", ""),
    ],
)
def test_half_a_word_is_not_sent(said: str, sent: str) -> None:
    assert whole(said) == sent


def test_line_ends_that_became_spaces_are_found() -> None:
    said = "A list:\n\n- one thing\n- another thing\n- a third"
    assert joined(said, "- one thing - another thing - a third and last") == f"{said} and last"


def test_half_a_word_that_comes_out_differently_is_replaced() -> None:
    said = "The committee met on Tuesday and was not at all ple"
    comes = "The committee met on Tuesday and was not at all happy." + " It said so, at length." * 30
    assert joined(said, comes[len("The committee ") :]) == comes


def test_a_whole_answer_that_comes_out_differently_is_a_new_one() -> None:
    said = WHOLE[:CUT]
    other = WHOLE[:70] + " It was never thirsty, and never looked at itself."
    assert joined(said, other) == other
    assert joined(said, other, prefilled=True) == other


@pytest.mark.parametrize("prefilled", [True, False])
def test_nothing_more_to_say(prefilled: bool) -> None:
    assert joined(WHOLE, "" if prefilled else anchor(WHOLE), prefilled=prefilled) == WHOLE
    assert joined(WHOLE, WHOLE, prefilled=prefilled) == WHOLE


def test_a_word_that_happens_to_be_the_same_is_kept() -> None:
    assert (
        joined(f"{WHOLE} He said that", " that that was all.", prefilled=True) == f"{WHOLE} He said that that was all."
    )


@pytest.mark.parametrize("comes", ["A river without water is a valley.", "Something else. " * (PREAMBLE // 10), ""])
def test_what_cannot_be_joined_is_refused(comes: str) -> None:
    with pytest.raises(Unjoined):
        joined(WHOLE[:CUT], comes)


def test_nothing_is_passed_on_before_it_is_certain() -> None:
    weld = Weld(WHOLE[:CUT], prefilled=False)
    assert weld.feed("Certainly! ") is None
    assert weld.feed(anchor(WHOLE[:CUT])) is None
    delta = weld.feed(" still")
    assert delta is not None
    assert delta.text == " still"


@pytest.mark.parametrize(
    "said", ["", "short", " " * 100, "ha " * 200, "x" * 300], ids=["nothing", "short", "blank", "ha", "x"]
)
def test_what_is_not_worth_it_or_repeats_itself_has_no_anchor(said: str) -> None:
    assert anchor(said) == ""


@given(st.text(min_size=SHORTEST, max_size=400))
def test_an_anchor_is_the_end_and_occurs_once(said: str) -> None:
    if words := anchor(said):
        text = said.rstrip()
        assert text.endswith(words)
        assert text.count(words) == 1


@given(st.text(alphabet="ab \n。字", min_size=40, max_size=200), st.integers(24, 200), st.integers(1, 7))
def test_any_cut_of_any_text(text: str, cut: int, size: int) -> None:
    """A model that does as it is told: whatever the text, the seam is not seen."""
    said = text[:cut]
    body = said.rstrip()
    if (words := anchor(said)) and text[len(body) :].strip():
        assert joined(said, words + text[len(body) :], size=size) == text
