"""Every error this package raises, and who gets to see it.

* GoalkeeperError
    * ToolError              -> the model, as an observation; the session goes on
    * ModelError             -> the thread, in one sentence that says what to do; `.kind` names the reaction
        - TransientModelError, RateLimitError       it is tried again later
        - QuotaError, ModelAuthError, ModelConfigError, BadServerError, BadRequestModelError
                                                    the session pauses until somebody mends the setting
        - OverflowModelError                        the context is made smaller
        - FilteredError                             shown; the step ends
    * BudgetReachedError     -> the thread: which limit, and when it goes on; the session waits
    * SandboxRefusedError    -> the thread: no code is run here; it pauses until the host mends it
    * RefusedError           -> the person who asked, as an answer to the command
    * SecretRefusedError     -> whoever wanted it remembered: it looks like a password, a key or a token
    * WebError               -> the model, as an observation
        - FetchRefusedError                         the address was never dialled
        - FetchFailedError                          no usable answer came
        - SearchUnavailableError                    no engine answered: not the same as nothing found
    * StoreUnavailableError  -> whoever waits: the turn is run again when the store is back
    * FencedError            -> nobody: another worker owns the session; drop everything
    * NewerEventError        -> nobody: a newer version wrote this journal; leave the session to it
    * UnreadableJournalError -> the thread, in one sentence, and the log: the session is set aside
    * StartError             -> the host, on the terminal: why the bot cannot start, and what to type

Anything else is a bug: logged with its traceback and a reference; the thread gets an apology with that.
"""

from typing import ClassVar, Literal

LimitName = Literal["usd", "tokens", "steps", "hours", "member_day", "server_day", "host_day", "host_month"]
"""What may be used up: the first four are the session's own."""


class GoalkeeperError(Exception):
    """The root of every error that this package raises on purpose."""


class ToolError(GoalkeeperError):
    """A tool could not do what the model asked; the text is what the model reads."""


class BudgetReachedError(GoalkeeperError):
    """A request to a model could pass a limit, so it is not made."""

    def __init__(self, message: str, *, what: LimitName, until: float | None = None) -> None:
        super().__init__(message)
        self.what: LimitName = what
        self.until = until
        """Unix seconds when it may go on by itself; None: a person has to grant more."""


class SandboxRefusedError(GoalkeeperError):
    """There is no sandbox, so no code is run; the text says what the host has to type."""


class RefusedError(GoalkeeperError):
    """A request from outside cannot be granted; the text says why and what to do."""


class SecretRefusedError(GoalkeeperError):
    """A text that seems to hold a secret is not remembered; the text says which kind."""


class WebError(GoalkeeperError):
    """The web did not give what was asked for; the text says why."""


class FetchRefusedError(WebError):
    """An address that is never fetched, or is malformed: it was not dialled."""


class FetchFailedError(WebError):
    """A fetch without a usable answer: none in time, too large, broken, or nothing that can be read."""


class SearchUnavailableError(WebError):
    """No search engine answered. Says nothing about whether there is something to be found."""


class StoreUnavailableError(GoalkeeperError):
    """Redis, the blob store or Discord does not answer just now."""


class FencedError(GoalkeeperError):
    """Somebody else has written this version of the journal."""


class NewerEventError(GoalkeeperError):
    """The journal holds an event that this version of the program does not know."""


class UnreadableJournalError(GoalkeeperError):
    """What is stored of a session is damaged: it makes no sense to any version of the program."""


class StartError(GoalkeeperError):
    """A part cannot be started; the text says what to type."""


class ModelError(GoalkeeperError):
    """The model did not give a usable reply."""

    kind: ClassVar[str] = "transient"


class TransientModelError(ModelError):
    """A failure that may pass: a cut connection, a server error, a deadline."""


class RateLimitError(ModelError):
    """The server asks to wait longer than this call may last."""

    kind = "rate_limit"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Seconds that the server asked to wait; None where it did not say."""


class QuotaError(ModelError):
    """The account has no money or no quota left."""

    kind = "quota"


class OverflowModelError(ModelError):
    """The request does not fit the model's window."""

    kind = "overflow"


class ModelAuthError(ModelError):
    """The key was refused."""

    kind = "auth"


class ModelConfigError(ModelError):
    """The model's name or the server's flags are wrong."""

    kind = "config"


class FilteredError(ModelError):
    """A content filter withheld the reply."""

    kind = "filtered"


class BadServerError(ModelError):
    """What answers there does not speak the protocol."""

    kind = "bad_server"


class BadRequestModelError(ModelError):
    """The server rejects the request, and dropping parameters did not help."""

    kind = "bad_request"
