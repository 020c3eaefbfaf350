"""What a goal keeps for later ones, looks up, and takes out of the memory again."""

from pydantic import Field

from agent_core.errors import SecretRefusedError, StoreUnavailableError, ToolError
from agent_core.memory import Kind
from agent_core.memory.sessions import SessionMemory, recalled, shown, within
from agent_core.session import State
from agent_core.tools.base import AnyTool, Outcome, Tool, ToolArguments

MOST_HITS = 8
_LEAST_PHRASE = 4
_WARMING = (
    "The memory is still warming up, so this was looked for by its words alone. Ask again in a minute.\n"
)


class Remember(ToolArguments):
    """Arguments of `remember`."""

    text: str = Field(min_length=1, max_length=4000, description="One fact that stands by itself.")


class RecallArguments(ToolArguments):
    """Arguments of `recall`."""

    query: str = Field(min_length=1, max_length=2000)


class Forget(ToolArguments):
    """Arguments of `forget`."""

    query: str = Field(min_length=1, max_length=500, description="A memory's id, or a phrase it holds.")


def memory_tools(sessions: SessionMemory) -> tuple[AnyTool, ...]:
    """The three of them."""
    return (_remember(sessions), _recall(sessions), _forget(sessions))


def _remember(sessions: SessionMemory) -> Tool[Remember]:
    async def run(args: Remember, state: State) -> Outcome:
        if not await sessions.may_keep(state, state.starter.id):
            raise ToolError("Not remembered: this channel, or who gave the goal, keeps out of the memory.")
        try:
            kind: Kind = "page" if any(one in args.text for one in _pages(state)) else "fact"
            memory_id = await sessions.keep(
                state, args.text, kind, state.starter, at=state.at, tainted=state.tainted
            )
        except (SecretRefusedError, StoreUnavailableError, ValueError) as error:
            raise ToolError(str(error)) from error
        return Outcome(text=f"Remembered as {memory_id}.")

    description = (
        "Keep a fact for later goals of this server. What is kept of a page names the page's address."
    )
    return Tool(name="remember", description=description, args=Remember, run=run)


def _pages(state: State) -> list[str]:
    """The addresses of what this goal has read."""
    return [place for place in state.marks.places if place.startswith(("http://", "https://"))]


def _recall(sessions: SessionMemory) -> Tool[RecallArguments]:
    async def run(args: RecallArguments, state: State) -> Outcome:
        warming = _WARMING if sessions.memory.warming else ""
        try:
            channels = await sessions.audience(state)
            found = await sessions.memory.search(state.ref.guild_id, args.query, MOST_HITS, channels=channels)
            hits = within(found.hits)
            private = await sessions.is_private(state, hits)
        except StoreUnavailableError as error:
            raise ToolError(str(error)) from error
        looked_up = recalled(hits, about=state.recalled or "", text="", private=private)
        return Outcome(
            text=warming + (shown(hits) or "Nothing is remembered about that."), events=(looked_up,)
        )

    description = "Look something up in this server's memory, by meaning and words."
    return Tool(name="recall", description=description, args=RecallArguments, run=run)


def _forget(sessions: SessionMemory) -> Tool[Forget]:
    async def run(args: Forget, state: State) -> Outcome:
        phrase = " ".join(args.query.casefold().split())
        if len(phrase) < _LEAST_PHRASE:
            raise ToolError("That would fit too much. Give the memory's id, or a longer phrase.")
        try:
            channels = await sessions.audience(state)
            gone = await sessions.memory.forget_where(
                state.ref.guild_id,
                lambda record, source: (
                    (source.channel_id is None or source.channel_id in channels)
                    and (record.id == phrase or phrase in " ".join(record.text.casefold().split()))
                ),
            )
        except StoreUnavailableError as error:
            raise ToolError(str(error)) from error
        return Outcome(text=f"Forgotten: {gone}." if gone else "Nothing of that is remembered.")

    description = "Remove memories of this server."
    return Tool(name="forget", description=description, args=Forget, run=run)
