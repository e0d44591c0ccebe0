"""What admins are told: each trouble once, until it is over or a day has passed."""

from __future__ import annotations

from core.observe.alerts import AGAIN, WAITING, Alerts


def test_a_trouble_is_told_once_until_it_is_over() -> None:
    told: list[str] = []
    alerts = Alerts(lambda: 0.0)
    alerts.listen(told.append)
    for _ in range(3):
        alerts.tell("key", "The key is refused.")
    alerts.tell("model", "The model fails.")
    alerts.over("key")
    alerts.over("never")
    alerts.tell("key", "The key is refused again.")
    assert told == ["The key is refused.", "The model fails.", "The key is refused again."]


def test_what_lasts_is_told_again_after_a_day() -> None:
    now, told = [0.0], list[str]()
    alerts = Alerts(lambda: now[0])
    alerts.listen(told.append)
    for now[0] in (0.0, AGAIN - 1, AGAIN):
        alerts.tell("key", "refused")
    assert len(told) == 2


def test_what_nobody_heard_is_told_to_the_first_who_listens() -> None:
    told: list[str] = []
    alerts = Alerts(lambda: 0.0)
    for number in range(WAITING + 5):
        alerts.tell(str(number), str(number))
    alerts.listen(told.append)
    assert told == [str(number) for number in range(5, WAITING + 5)]
