"""How the server refuses a call: one exception with Telegram's status, wording and parameters."""

from __future__ import annotations

from typing import Any

PREFIX = {
    400: "Bad Request: ",
    403: "Forbidden: ",
    404: "Not Found: ",
    409: "Conflict: ",
}


class Rejected(Exception):
    """A call that Telegram answers with an error envelope. `what` comes without "Bad Request: "."""

    def __init__(self, what: str, status: int = 400, parameters: dict[str, Any] | None = None) -> None:
        self.status = status
        self.description = PREFIX.get(status, "") + what
        self.parameters = parameters
        super().__init__(self.description)

    def envelope(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def too_many(retry_after: int) -> Rejected:
    return Rejected(f"Too Many Requests: retry after {retry_after}", 429, {"retry_after": retry_after})
