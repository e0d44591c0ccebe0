"""What an operator can see of an evening: numbers that add up to what happened, and name nobody."""

from __future__ import annotations

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.patience import PATIENCE
from tests.platforms.model import Fault
from tests.story.town import Town

Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def look(town: Town) -> Numbers:
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"http://127.0.0.1:{town.settings['web_port']}/metrics")).text
    assert "Dana" not in text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


async def test_numbers_add_up(town: Town) -> None:
    await town.open("telegram", "web", metrics_enabled=True)
    dana = await town.person("telegram")
    before = await look(town)
    town.model.reply = "It is a number with two divisors."
    await dana.asks("What is a prime?", "two divisors.")
    town.model.faults.append(Fault(status=400, body={"error": {"message": "no", "code": "content_policy_violation"}}))
    await dana.asks("And what is this?", "will not answer")
    async with asyncio.timeout(PATIENCE):  # the answer is on screen a moment before it is counted
        while (after := await look(town))["chinwag_inbox_waiting", ()]:
            await asyncio.sleep(0.02)

    def more(name: str, **labels: str) -> float:
        key = (f"chinwag_{name}", tuple(sorted(labels.items())))
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert more("answer_seconds_count", state="done") == 1
    assert more("answer_seconds_count", state="failed") == 1
    assert more("errors_total", kind="ModelRefused") == 1
    assert more("platform_calls_total", platform="telegram", call="post", outcome="ok") == 2
    assert more("first_token_seconds_count", model="loopback-model") == 1
    assert more("tokens_total", model="loopback-model", kind="prompt") == town.asked[0].billed["prompt_tokens"]
    assert more("session_rounds_sum") == 1 + 2
    assert after["chinwag_inbox_waiting", ()] == 0
    assert after["chinwag_queued", ()] == 0
