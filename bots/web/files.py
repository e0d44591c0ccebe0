"""The page's own files, read once. Types are fixed here because a system's own table may call a module plain text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
FORM = (
    '<form method="post" action="/"><input type="hidden" name="token" value="{}">'
    '<button class="main" autofocus>Open Chinwag</button></form>'
)


@dataclass(frozen=True, slots=True)
class File:
    body: bytes
    type: str
    etag: str


@cache
def files() -> dict[str, File]:
    """Every file by its path within page/. Only these names are ever served, so no path can lead elsewhere."""
    return {
        path.relative_to(FOLDER).as_posix(): _read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }


def file_answer(request: Request, name: str) -> Response:
    """The file, or 304 when the browser has it. Raises KeyError for an unknown name."""
    file = files()[name]
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.body, media_type=file.type, headers=headers)


def door(title: str, text: str, *, token: str = "") -> str:
    """The page for who is not signed in (yet). token: of a link that its button uses up, without any script."""
    page = files()["door.html"].body.decode()
    form = FORM.format(escape(token)) if token else ""
    for mark, value in {"<!--title-->": escape(title), "<!--text-->": escape(text), "<!--form-->": form}.items():
        page = page.replace(mark, value)
    return page


def _read(path: Path) -> File:
    body = path.read_bytes()
    return File(body, TYPES[path.suffix], f'"{sha256(body).hexdigest()[:32]}"')
