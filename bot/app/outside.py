"""The parts that stand for the outside world: Redis, playground, model, sandbox. Each says what it is."""

import base64
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from agent_core.errors import StartError
from agent_core.model import Model
from agent_core.storage.embedded import EmbeddedRedis
from bot.settings import Settings
from playground import Playground, PlaygroundError
from playground.demo import GOALS, DemoModel
from playground.page import add_page
from sandbox import Pool, SandboxUnavailableError

PLAYGROUND_BOT_ID = "1100000000000000001"
"""The bot's user id in the playground: always the same, so that a restart meets its old threads."""

_ANSWERS_WITHIN = aiohttp.ClientTimeout(total=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part is running on, for the table at the start."""

    name: str
    text: str
    warns: bool = False


class Outside:
    """Opens the parts in order; the stack closes them in the reverse order."""

    def __init__(self, stack: AsyncExitStack, settings: Settings) -> None:
        self._stack = stack
        self._settings = settings
        self.parts: list[Part] = []
        self.answers = True
        """The model's address was not found to be silent."""

    def tell(self, name: str, text: str, *, warns: bool = False) -> None:
        """Add a line to the table."""
        self.parts.append(Part(name=name, text=text, warns=warns))

    async def redis(self) -> str:
        """The address of the Redis to use. Raises StartError where there is none."""
        if url := self._settings.redis_url:
            self.tell("Redis", "the one of REDIS_URL")
            return url.get_secret_value()
        embedded = await self._stack.enter_async_context(EmbeddedRedis(self._settings.data_dir))
        self.tell("Redis", f"embedded ({embedded.name}), data in {self._settings.data_dir / 'redis'}")
        return embedded.url

    async def playground(self) -> Playground | None:
        """The playground, where these settings want one. Raises StartError."""
        settings = self._settings
        if not settings.plays:
            return None
        examples = [(goal.example, goal.title) for goal in GOALS] if settings.demo_model else []
        playground = Playground(
            settings.data_dir / "playground",
            settings.playground_port,
            settings.playground_bind or "127.0.0.1",
            lambda app: add_page(app, examples),
        )
        try:
            await self._stack.enter_async_context(playground)
        except PlaygroundError as error:
            raise StartError(str(error)) from error
        self.tell("Playground", playground.page_url)
        return playground

    async def model(self) -> Model:
        """The model that thinks; the demo model where none is set."""
        settings = self._settings
        if settings.demo_model:
            demo = await self._stack.enter_async_context(DemoModel())
            model = Model(base_url=demo.base_url, api_key="demo", name=demo.name, prices="free")
            self.tell("Model", "the demo model (set OPENAI_API_KEY or OPENAI_BASE_URL for a real one)")
        else:
            model = named_model(settings, settings.smart_model)
            await self._greet_model()
        return await self._stack.enter_async_context(model)

    async def fast(self, smart: Model) -> Model:
        """The model for summaries and the like: a second one only where its name differs."""
        if self._settings.demo_model or self._settings.fast == smart.name:
            return smart
        self.tell("Fast model", f"{self._settings.fast}, for summaries")
        return await self._stack.enter_async_context(named_model(self._settings, self._settings.fast))

    async def sandbox(self) -> Pool | None:
        """Where boxes come from; None where this machine has none, and so no code is run."""
        try:
            pool = await self._stack.enter_async_context(Pool())
        except SandboxUnavailableError as error:
            self.tell("Sandbox", f"no code is run: {error}", warns=True)
            return None
        self.tell("Sandbox", "a fork server within bubblewrap, no network")
        return pool

    async def _greet_model(self) -> None:
        """Say at the start, rather than in the first goal, that nothing answers at the address."""
        settings = self._settings
        url = settings.openai_base_url
        self.tell("Model", f"{settings.smart_model} at {url or 'api.openai.com'}")
        if url is None:
            return
        try:
            async with (
                aiohttp.ClientSession(timeout=_ANSWERS_WITHIN) as http,
                http.get(f"{url}/models", allow_redirects=False) as reply,
            ):
                await reply.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            text = f"nothing answers at {url} ({reason}): check OPENAI_BASE_URL, and that the server runs"
            self.tell("Model", text, warns=True)
            self.answers = False


def named_model(settings: Settings, name: str) -> Model:
    """This model at the host's address."""
    key = settings.openai_api_key
    return Model(
        base_url=settings.openai_base_url,
        api_key=key.get_secret_value() if key else None,
        name=name,
        api=settings.model_api,
        prices=settings.model_prices,
    )


def playground_token() -> str:
    """A token of Discord's shape for the playground's bot; it opens nothing else."""
    user = base64.b64encode(PLAYGROUND_BOT_ID.encode()).decode().rstrip("=")
    return f"{user}.GOALKP.{'playground' * 3}"


def demo_goals(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What `/help` lists of the demo model: the words that it listens for, and an example."""
    if not settings.demo_model:
        return ()
    return tuple((", ".join(goal.words), goal.example) for goal in GOALS)
