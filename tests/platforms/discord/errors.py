"""Discord's refusals: HTTP status, JSON error code and wording (Discord docs, Opcodes and Status Codes)."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """Raised by a route's handler; `rest` turns it into the answer that Discord would give."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message, self.errors = status, code, message, errors

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        return body | {"errors": self.errors} if self.errors else body


class CannotDo(Exception):
    """A user of the test tried something that Discord's own client would not let them do."""


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, 0, "404: Not Found")


def wrong_method() -> ApiError:
    return ApiError(405, 0, "405: Method Not Allowed")


def not_json() -> ApiError:
    return ApiError(400, 50109, "The request body contains invalid JSON.")


UNKNOWN = {
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


def unknown(what: str) -> ApiError:
    """404 with the code of that thing: "Channel", "Message", "Webhook", "interaction"..."""
    return ApiError(404, UNKNOWN[what], f"Unknown {what}")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def cannot_reply() -> ApiError:
    # with 403: github.com/member-gentei/member-gentei/pull/42, github.com/Voxel-Fox-Ltd/Flower/issues/63
    return ApiError(403, 160002, "Cannot reply without permission to read message history")


def not_the_author() -> ApiError:
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def cannot_message_user() -> ApiError:
    return ApiError(403, 50007, "Cannot send messages to this user")


def already_acknowledged() -> ApiError:
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def token_expired() -> ApiError:
    # 401/50027 once the 15 minutes are over: discord-api-docs PR 2461, discord.py issue 9578
    return ApiError(401, 50027, "Invalid Webhook Token")


def too_many_commands(limit: int) -> ApiError:
    return ApiError(400, 30032, f"Maximum number of application commands reached ({limit})")


def too_many_creates(limit: int) -> ApiError:
    return ApiError(400, 30034, f"Max number of daily application command creates has been reached ({limit})")


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


def invalid(field: str, code: str, message: str) -> ApiError:
    """400/50035. field is a path such as "0.options.2.name", the way Discord nests it in `errors`."""
    nested: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(field.split(".")):
        nested = {part: nested}
    return ApiError(400, 50035, "Invalid Form Body", nested)


def too_long(field: str, limit: int) -> ApiError:
    return invalid(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def bad_length(field: str, low: int, high: int) -> ApiError:
    return invalid(field, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")


def required(field: str) -> ApiError:
    return invalid(field, "BASE_TYPE_REQUIRED", "This field is required")


def bad_choice(field: str, allowed: Any) -> ApiError:
    return invalid(field, "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
