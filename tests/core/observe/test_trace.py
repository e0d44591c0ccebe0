"""Traces reach a collector and LangSmith by their own variables, and without them nothing is sent.

Each in a process of its own: both libraries keep their settings for as long as a process lives.
"""

from __future__ import annotations

import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.platforms.closing import close
from tests.platforms.model import ModelServer

SPANS = """
import asyncio, sys
from core.observe import trace
send = trace.configure(sys.argv[1])
async def main():
    with trace.span("turn", turn="2a"):
        trace.begin("model", prompt_tokens=7).end()
asyncio.run(main())
send()
"""
ANSWER = """
import asyncio, sys
from core.observe import trace
send = trace.configure(sys.argv[1])
from langchain_core.messages import HumanMessage
from langchain_core.tracers.langchain import wait_for_all_tracers
from core.model import build_model
from core.settings import Settings
async def main():
    model = build_model(Settings(_env_file=None, openai_base_url=sys.argv[2], openai_model="loopback-model"))
    await model.start()
    print("".join([delta.text async for delta in model.stream([HumanMessage("Where is the cat?")])]))
    await model.close()
asyncio.run(main())
wait_for_all_tracers()
send()
"""


class Collector:
    """Takes whatever is posted."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request.path, await request.read()))
        return web.json_response({})


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{path:.*}", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield collector
    await close(runner)


async def run(script: str, *args: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANG"))}
    process = await create_subprocess_exec(sys.executable, "-c", script, *args, env=clean, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_spans_reach_the_collector_without_a_text(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={collector.url}\n")
    await run(SPANS, str(tmp_path / ".env"))
    ((path, body),) = collector.got
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert "chinwag" in str(resource.resource)
    spans = {span.name: span for span in resource.scope_spans[0].spans}
    assert spans["model"].parent_span_id == spans["turn"].span_id
    assert [(a.key, a.value.string_value) for a in spans["turn"].attributes] == [("turn", "2a")]


async def test_langsmith_gets_what_langchain_does(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"LANGSMITH_TRACING=true\nLANGSMITH_API_KEY=ls-key\nLANGSMITH_ENDPOINT={collector.url}\n"
    )
    async with ModelServer(reply="On the mat.") as model:
        assert await run(ANSWER, str(tmp_path / ".env"), model.url) == "On the mat.\n"
    sent = b"".join(body for path, body in collector.got if path.startswith("/runs"))
    assert b"Where is the cat?" in sent
    assert b"On the mat." in sent


async def test_without_the_variables_nothing_is_sent(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTEL_TRACES_EXPORTER=none\n")
    await run(SPANS, str(tmp_path / ".env"))
    assert collector.got == []
