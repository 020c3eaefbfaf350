"""Every error of the playground, and who gets to see it.

* PlaygroundError   -> the person who starts it: one sentence that says what to do
* ApiError          -> the client that asked: an HTTP status with Discord's JSON error body
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from playground.wire import Payload


class PlaygroundError(Exception):
    """The playground cannot start. The text says what to do."""


class Problem(Enum):
    """Discord's JSON error codes that the playground answers with: (code, HTTP status, message)."""

    NOT_FOUND = (0, 404, "404: Not Found")
    METHOD_NOT_ALLOWED = (0, 405, "405: Method Not Allowed")
    RATE_LIMITED = (0, 429, "You are being rate limited.")
    UNAUTHORIZED = (0, 401, "401: Unauthorized")
    UNKNOWN_APPLICATION = (10002, 404, "Unknown Application")
    UNKNOWN_CHANNEL = (10003, 404, "Unknown Channel")
    UNKNOWN_GUILD = (10004, 404, "Unknown Guild")
    UNKNOWN_MEMBER = (10007, 404, "Unknown Member")
    UNKNOWN_MESSAGE = (10008, 404, "Unknown Message")
    UNKNOWN_OVERWRITE = (10009, 404, "Unknown permission overwrite")
    UNKNOWN_ROLE = (10011, 404, "Unknown Role")
    UNKNOWN_USER = (10013, 404, "Unknown User")
    UNKNOWN_EMOJI = (10014, 400, "Unknown Emoji")
    UNKNOWN_WEBHOOK = (10015, 404, "Unknown Webhook")
    UNKNOWN_INTERACTION = (10062, 404, "Unknown interaction")
    UNKNOWN_COMMAND = (10063, 404, "Unknown application command")
    UNKNOWN_BAN = (10026, 404, "Unknown Ban")
    BOTS_ONLY = (20002, 403, "Only bots can use this endpoint")
    SLOWMODE = (20016, 429, "This action cannot be performed due to slowmode rate limit")
    TOO_MANY_PINS = (30003, 400, "Maximum number of pins reached for the channel (50)")
    TOO_MANY_REACTIONS = (30010, 400, "Maximum number of reactions reached (20)")
    TOO_MANY_COMMANDS = (30032, 400, "Maximum number of application commands reached (100)")
    TOO_MANY_THREAD_MEMBERS = (30033, 400, "Maximum number of thread participants has been reached (1000)")
    OLD_EDITS = (
        30046,
        429,
        "Maximum number of edits to messages older than 1 hour reached. Try again later",
    )
    TOO_LARGE = (40005, 413, "Request entity too large")
    ALREADY_ANSWERED = (40060, 400, "Interaction has already been acknowledged.")
    MISSING_ACCESS = (50001, 403, "Missing Access")
    NOT_IN_DM = (50003, 403, "Cannot execute action on a DM channel")
    EMPTY_MESSAGE = (50006, 400, "Cannot send an empty message")
    CANNOT_DM = (50007, 403, "Cannot send messages to this user")
    NOT_A_TEXT_CHANNEL = (50008, 400, "Cannot send messages in a non-text channel")
    NOT_YOUR_MESSAGE = (50005, 403, "Cannot edit a message authored by another user")
    MISSING_PERMISSIONS = (50013, 403, "Missing Permissions")
    BULK_DELETE_COUNT = (
        50016,
        400,
        "Provided too few or too many messages to delete. "
        "Must provide at least 2 and fewer than 100 messages.",
    )
    SYSTEM_MESSAGE = (50021, 403, "Cannot execute action on a system message")
    WRONG_CHANNEL_TYPE = (50024, 400, "Cannot execute action on this channel type")
    BAD_WEBHOOK_TOKEN = (50027, 401, "Invalid Webhook Token")
    ROLE_TOO_HIGH = (50028, 400, "Invalid role")
    TOO_OLD_TO_BULK_DELETE = (
        50034,
        400,
        "You can only bulk delete messages that are under 14 days old.",
    )
    INVALID_FORM = (50035, 400, "Invalid Form Body")
    ARCHIVED = (50083, 400, "Thread is archived")
    BAD_JSON = (50109, 400, "The request body contains invalid JSON.")
    REACTION_BLOCKED = (90001, 403, "Reaction was blocked")
    REPLY_WITHOUT_HISTORY = (160002, 403, "Cannot reply without permission to read message history")
    THREAD_EXISTS = (160004, 400, "A thread has already been created for this message")
    LOCKED = (160005, 400, "Thread is locked")
    TOO_MANY_THREADS = (160006, 400, "Maximum number of active threads reached")


class ApiError(Exception):
    """What a client is told: status, code, message and, for a form, what is wrong with which field."""

    def __init__(
        self,
        problem: Problem,
        *,
        message: str | None = None,
        errors: Payload | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.code, self.status, default = problem.value
        self.problem = problem
        self.message = message or default
        self.errors = errors
        self.retry_after = retry_after
        super().__init__(f"{self.code}: {self.message}")

    def body(self) -> Payload:
        """Discord's error object."""
        body: Payload = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        if self.retry_after is not None:
            body |= {"retry_after": round(self.retry_after, 3), "global": False}
        return body


def form_error(field: str, code: str, message: str) -> ApiError:
    """One wrong field, named by its dotted path, e.g. "embeds.0.title"."""
    inner: Mapping[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(field.split(".")):
        inner = {key: inner}
    return ApiError(Problem.INVALID_FORM, errors=dict(inner))
