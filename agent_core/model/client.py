"""The model behind one name: it asks, repeats what can pass, and answers whole or with one error."""

import asyncio
import re
from collections.abc import Sequence
from hashlib import blake2b
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from agent_core.model import codec_chat, codec_responses
from agent_core.model.completion import Api, Completion, Request
from agent_core.model.conclude import Offer, tool_names, used_ids
from agent_core.model.failures import as_error
from agent_core.model.learned import Learned
from agent_core.model.prices import Prices, PriceTable, list_price
from agent_core.model.receive import Patience
from agent_core.model.reply import Failure, ModelReply
from agent_core.model.retry import RetryRules
from agent_core.model.text import Narrator, Tell
from agent_core.model.toll import NoToll, Toll
from agent_core.model.window import listed_window
from agent_core.model.wire import Wire, open_wire
from agent_core.values import Message, Usage

_WHERE = re.compile(r"https?://[^/\s:]")
_LIST_WITHIN_S = 10.0
OPENAI_URL = "https://api.openai.com/v1"


class Model:
    """One model of one server. Safe to share: each call stands alone, what one has learnt serves all."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        name: str,
        api: Api = "auto",
        prices: PriceTable = None,
        _backoff_s: float = 1.0,
        _patience: Patience | None = None,
    ) -> None:
        """`prices`: "free", or name -> US$ per million input, cached and output tokens."""
        self.name = name
        address = (base_url or OPENAI_URL).strip().rstrip("/")
        self._base_url = address.removesuffix(codec_chat.PATH).removesuffix(codec_responses.PATH)
        self._key = (api_key or "").strip()
        self._api: Api = api
        self._prices = Prices(own=prices, name=name, base_url=self._base_url)
        self._rules = RetryRules(backoff_s=_backoff_s)
        self._patience = _patience or Patience()
        self._learned = Learned(responses="://api.openai.com/" in self._base_url)
        self._wire: Wire | None = None

    @property
    def window(self) -> int | None:
        """Tokens that fit, as far as the server has told; None until then."""
        return self._learned.window

    @property
    def sees(self) -> bool | None:
        """Whether it takes pictures; None while nobody knows."""
        return self._learned.sees

    @property
    def streams(self) -> bool:
        """Its server has not refused to stream."""
        return "stream" not in self._learned.dropped

    @property
    def id(self) -> str:
        """Names it and its server, with nothing in it that only the host should read."""
        return blake2b(f"{self._base_url}\n{self.name}\n{self._api}".encode(), digest_size=16).hexdigest()

    def believe(self, *, sees: bool | None, window: int | None) -> None:
        """What was found out about it before; what its server says from now on counts more."""
        self._learned.sees = sees if self._learned.sees is None else self._learned.sees
        self._learned.window = self._learned.window or window

    async def look_up_window(self) -> int | None:
        """The window as the server's list of models names it, kept from now on; None where it does not."""
        if self._wire is None or self._bad_setting():
            return None
        try:
            async with asyncio.timeout(_LIST_WITHIN_S):
                listed = await self._wire.read("/models")
        except TimeoutError:
            return None
        self.believe(sees=None, window=listed_window(listed, self.name))
        return self._learned.window

    async def __aenter__(self) -> Self:
        """Load the client library, off the event loop. Opens no connection yet."""
        self._wire = await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.aclose()

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Message] | None = None,
        *,
        on_text: Tell | None = None,
        timeout_s: float = 600.0,
        toll: Toll | None = None,
    ) -> ModelReply:
        """Ask for the next message of a conversation. Messages and tools are in the Chat Completions shape.

        With `on_text`, a plain function called with each piece of text, the request is streamed. `timeout_s`
        bounds all, repeats and waits included. Cancelling closes the socket at once. `toll` is asked before
        every request, and told its bill.

        Raises one subclass of ModelError per reaction; never gives half a reply.
        """
        outcome = self._bad_setting()
        if outcome is None:
            outcome = await self._run(messages, tools or (), on_text, timeout_s, toll or NoToll())
        if isinstance(outcome, Failure):
            raise as_error(outcome, where=self._where(), key=self._key)
        return outcome

    @property
    def free(self) -> bool:
        """The host says that it costs nothing."""
        return self._prices.own == "free"

    @property
    def silent(self) -> bool:
        """Its server has sent a bill that did not say what it charges."""
        return self._learned.charges.silent

    def price(self, usage: Usage, charged_usd: float | None = None) -> int | None:
        """Nano-dollars of a request with this usage, rounded up; None where no price is known."""
        return self._prices.nano(usage, charged_usd)

    def most(self, usage: Usage) -> int | None:
        """Nano-dollars that a request of at most this usage can cost; None where nobody can say."""
        known = self.price(usage)
        return self._learned.charges.most(usage) if known is None else known

    async def _run(
        self,
        messages: Sequence[Message],
        tools: Sequence[Message],
        on_text: Tell | None,
        timeout_s: float,
        toll: Toll,
    ) -> ModelReply | Failure:
        if self._wire is None:
            raise RuntimeError("a Model is used inside `async with`")
        request = Request(
            name=self.name,
            api=self._api,
            messages=messages,
            tools=tools,
            offer=Offer(names=tool_names(tools), used_ids=used_ids(messages)),
            price=self._prices.cost,
            rules=self._rules,
            patience=self._patience,
            deadline=asyncio.get_running_loop().time() + timeout_s,
            toll=toll,
        )
        stream = on_text is not None
        return await Completion(request, self._wire, self._learned, Narrator(on_text), stream=stream).run()

    def _open(self) -> Wire:
        list_price(self.name, Usage(), base_url=self._base_url)  # loads the list now, not in the first reply
        return open_wire(self._base_url, self._key)

    def _bad_setting(self) -> Failure | None:
        """What cannot work at all. A key that no header can carry would stand in the HTTP client's error."""
        if not all("!" <= sign <= "~" for sign in self._key):
            return Failure(kind="auth", text="the key holds characters that no key has")
        if not _WHERE.match(self._where()):
            return Failure(kind="config", text="the address must begin with http:// or https:// and a host")
        return None

    def _where(self) -> str:
        """The address for people, without a password that it may carry."""
        try:
            parts = urlsplit(self._base_url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "an address that is none"
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
