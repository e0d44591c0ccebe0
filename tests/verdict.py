"""What llmock, an independent model server with faults, says of Chinwag as its client."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from llmock.scenarios import Behavior, Fail, SlowFirstToken, StreamFault
from llmock.testing import LLMockServer
from llmock.verdict import Verdict, judge

from core.context import shorter
from core.errors import ModelError
from core.model import Model, build_model
from core.model.reading import Patience
from core.settings import Settings

PATIENCE = partial(Patience, connect=2.0, first=0.5, gap=0.5)  # llmock stalls for longer
FAULTS: tuple[tuple[str, Behavior], ...] = (
    ("429 with Retry-After", Fail(429, retry_after=0.5, times=2)),
    ("429 without", Fail(429)),
    ("500, three times", Fail(500, times=3)),
    ("503 with Retry-After", Fail(503, retry_after=0.3)),
    ("401", Fail(401)),
    ("403", Fail(403)),
    ("404", Fail(404, code="model_not_found")),
    ("400", Fail(400, code="content_filter")),
    ("context too long", Fail(400, code="context_length_exceeded", message="maximum context length exceeded")),
    ("outage", Fail(529, times=20)),
    ("disconnect", StreamFault("disconnect", after_chunks=8)),
    ("truncate", StreamFault("truncate", after_chunks=8)),
    ("malformed", StreamFault("malformed", after_chunks=8)),
    ("stall", StreamFault("stall", after_chunks=8, stall_seconds=2.0)),
    ("slow first token", SlowFirstToken(2.0)),
)


@dataclass(frozen=True)
class Judged:
    """verdict: llmock's own. outcomes: for each fault "answered", or the error that its user was told."""

    verdict: Verdict
    outcomes: dict[str, str]


async def judged(folder: Path, *, goes_on: str) -> Judged:
    """Ask through every fault. goes_on: as in models.toml."""
    with LLMockServer() as server, patch("core.model.endpoint.Patience", PATIENCE):
        (folder / "models.toml").write_text(
            f'[[model]]\nname = "gpt-4o-mini"\nbase_url = "{server.base_url()}"\nkeys = ["k"]\ngoes_on = "{goes_on}"\n'
        )
        model = build_model(Settings(_env_file=None, data_dir=folder), shrink=shorter)  # type: ignore[call-arg]
        outcomes = {name: await _asked(model, server, fault, name) for name, fault in FAULTS}
        await model.close()
        records = await asyncio.to_thread(partial(server.state.journal.records, wait=5.0))
        return Judged(judge(records), outcomes)


async def _asked(model: Model, server: LLMockServer, fault: Behavior, name: str) -> str:
    """A conversation of its own for each fault, so that llmock tells them apart."""
    server.state.scenarios.clear()
    server.state.scenarios.add(fault)
    before: list[BaseMessage] = [HumanMessage("Hello"), AIMessage("Hello.")]
    try:
        async for _ in model.stream([*before, HumanMessage(f"Tell me of: {name}, at some length, please.")]):
            pass
    except ModelError as error:
        return type(error).__name__
    return "answered"


async def verdict() -> str:
    """Both verdicts as text: with answers that begin anew after a cut, and with answers that go on."""
    told = []
    for goes_on, what in (("anew", "answers begin anew"), ("ask", "answers go on")):
        with tempfile.TemporaryDirectory() as folder:
            found = await judged(Path(folder), goes_on=goes_on)
        told.append(f"After a cut, {what}:\n\n{found.verdict.render()}")
        told.append("\n".join(f"  {name:<22} {outcome}" for name, outcome in found.outcomes.items()))
    return "\n\n".join(told)
