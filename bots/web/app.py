"""The web application, put together: routes, files, and errors as sentences that a page can show."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from bots.web import routes, stream
from bots.web.files import file_answer, files
from bots.web.guard import TOO_LARGE, Guard
from bots.web.hooks import Hook, Hooks
from bots.web.login import enter, front
from bots.web.site import Site
from core.errors import StoreError
from core.observe import metrics

BODY = 1_000_000  # bytes of a request
_STANDARD = frozenset({"Not Found", "Method Not Allowed", "Request Entity Too Large", "Content Too Large"})
SENTENCES = {
    404: "There is nothing here.",
    405: "That cannot be done here.",
    413: TOO_LARGE,
}


def build(
    site: Site, *, page: bool = True, numbers: bool = False, hooks: Mapping[str, Hook] = MappingProxyType({})
) -> ASGIApp:
    """page: serve the page and its API. numbers: serve /metrics, what Prometheus reads. hooks: by their paths."""
    app = FastAPI(title="Chinwag", docs_url=None, redoc_url=None, openapi_url=None, max_body_size=BODY)
    app.state.site = site
    app.add_api_route("/healthz", _healthz, methods=["GET"], response_model=None)
    if numbers:
        app.add_api_route("/metrics", _metrics, methods=["GET"], response_model=None)
    if page:
        app.include_router(routes.router)
        app.include_router(stream.router)
        app.add_api_route("/", front, methods=["GET"], response_model=None)
        app.add_api_route("/", enter, methods=["POST"], response_model=None)
        app.add_api_route("/page/{name:path}", _file, methods=["GET"], response_model=None)
    app.add_exception_handler(StarletteHTTPException, _as_sentence)
    app.add_exception_handler(RequestValidationError, _as_advice)
    app.add_exception_handler(StoreError, _as_regret)
    app.add_exception_handler(Exception, _as_apology)
    guarded = Guard(app, site.host, BODY)  # around everything: also what FastAPI refuses by itself carries our headers
    return Hooks(guarded, hooks, BODY)


async def _healthz() -> Response:
    return PlainTextResponse("chinwag is well")  # `doctor` knows us by it


async def _metrics(request: Request) -> Response:
    metrics.INBOX.set(await request.app.state.site.store.inbox.count())
    return Response(metrics.text(), media_type=metrics.CONTENT_TYPE)


async def _file(request: Request, name: str) -> Response:
    if name not in files():
        raise HTTPException(404)
    return file_answer(request, name)


async def _as_sentence(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    text = SENTENCES.get(error.status_code, "") if error.detail in _STANDARD else ""
    return JSONResponse({"error": text or error.detail}, error.status_code, headers=error.headers)


async def _as_advice(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"] if part != "body")
    reason = str(problem["msg"]).removeprefix("Value error, ")
    return JSONResponse({"error": reason if reason.endswith(".") else f"{where}: {reason}."}, 400)


async def _as_regret(request: Request, error: Exception) -> Response:
    """The page puts the text back where it was typed."""
    return JSONResponse({"error": "I cannot save anything just now. Please send it again in a while."}, 503)


async def _as_apology(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "Something went wrong here. The log of Chinwag says what."}, 500)
