"""A session's journal, told event by event, and what its thread shows of it."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from agent_core.events import Commit, Event, Observed, Proposed, SessionStarted, Thought, ThreadBound
from agent_core.values import (
    Action,
    Autonomy,
    FileRef,
    Limits,
    NamedFile,
    Observation,
    Person,
    ServerRules,
    SessionRef,
    Usage,
)
from bot.render.page import Thread
from bot.render.post import Draft, Edit, Showing
from bot.render.thread import begin, render

ANN = Person(id="100", name="Ann")
REF = SessionRef("7", "9000")


@dataclass
class Story:
    """Commits one after another, folded and rendered as they come."""

    goal: str = "Draw the sales of May"
    done_when: str = ""
    autonomy: Autonomy = Autonomy.GUARDED
    rules: ServerRules = field(default_factory=ServerRules)
    upload_limit: int = 10 * 1024 * 1024
    ref: SessionRef = REF
    thread_id: str = "9000"
    channel_id: str = "8"
    starter: Person = ANN
    commits: list[Commit] = field(default_factory=list[Commit])
    showing: list[Showing] = field(default_factory=list[Showing])

    def __post_init__(self) -> None:
        started = SessionStarted(
            goal=self.goal,
            starter=self.starter,
            channel_id=self.channel_id,
            autonomy=self.autonomy,
            limits=Limits(),
            model="demo",
            system="",
            tools=(),
            done_when=self.done_when,
        )
        self.commits.append(Commit(version=1, at=1.0, events=(started,)))
        self.thread: Thread = begin(self.ref, self.commits[0])
        self.add(ThreadBound(thread_id=self.thread_id, upload_limit=self.upload_limit))

    def add(self, *events: Event) -> tuple[Showing, ...]:
        """One more commit; what it adds to the thread."""
        version = len(self.commits) + 1
        self.commits.append(Commit(version=version, at=float(version), events=events))
        added = render(self.thread, self.commits[-1], self.rules)
        self.showing += added
        return added

    def drafts(self) -> list[Draft]:
        """Every post so far."""
        return [one for one in self.showing if isinstance(one, Draft)]

    def edits(self) -> list[Edit]:
        """Every change of a post so far."""
        return [one for one in self.showing if isinstance(one, Edit)]

    def text(self) -> str:
        """The last post."""
        return self.drafts()[-1].text


def thought(step: int, text: str, *actions: Action, heard: tuple[str, ...] = ()) -> Thought:
    """A reply of the model that cost a little."""
    return Thought(
        step=step,
        text=text,
        actions=actions,
        problems={},
        usage=Usage(prompt_tokens=1000, completion_tokens=200),
        cost_usd=0.0012,
        message={"role": "assistant", "content": text},
        heard=heard,
    )


def action(name: str, **arguments: JsonValue) -> Action:
    """A call with these arguments."""
    return Action(id="call", name=name, arguments=dict(arguments), raw="")


RULE = "every `run_python` in this session, without asking again"
PROPOSED = Proposed(action="1.1", why="the first run of a goal asks", rule=RULE, plan_card=True)
RUN = action("run_python", code="print('hello')\n")


def observed(key: str, text: str, *changed: NamedFile, full: NamedFile | None = None) -> Observed:
    """What came back from an action."""
    return Observed(action=key, observation=Observation(text=text, changed=changed, full=full))


def file(path: str, size: int = 2048) -> NamedFile:
    """A file of this size, whose bytes nobody needs."""
    return NamedFile(path=path, file=FileRef(sha256="a" * 64, size=size))


def asked(story: Story) -> Draft:
    """The last post that asks something."""
    return [draft for draft in story.drafts() if draft.asks][-1]
