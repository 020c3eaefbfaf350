"""What a thread asks of people: proposals, rules, questions, budget stops; and how each was answered."""

from agent_core.events import Decided, LimitReached, Proposed, QuestionAsked, RuleOffered, ToppedUp
from agent_core.session import State
from agent_core.session.take import ALWAYS, DIGITS, FIVE, MORE, ONCE, REJECT, STOP
from agent_core.values import Action, Limits, Right, ServerRules
from bot.render.block import Block
from bot.render.escape import code, cut, line, prose
from bot.render.split import size
from bot.render.words import counted, dollars, who

ANSWER_ROOM = 300
"""No line that says how something was answered is longer."""


def proposal(state: State, proposed: Proposed, action: Action) -> str:
    """What is asked, why, and what it would reach. The action itself stands above or below."""
    why = prose(proposed.why, 300)
    if proposed.judges:
        names = "\n".join(f"☐ {line(name, 100)}" for name in proposed.judges[:10])
        return f"**Is the goal reached?** {why}\n{names}"
    if proposed.plan_card:
        return f"**May this goal begin?** {why}\n{_plan_card(state, action)}"
    whose = "the delegate's " if proposed.asks_for else ""
    return f"**May {whose}{code(action.name, 60)} run?** {why}"


def proposal_reactions(proposed: Proposed) -> tuple[str, ...]:
    """The emoji of a proposal; what has no rule cannot be allowed beyond this once."""
    return (ONCE, FIVE, ALWAYS, REJECT, STOP) if proposed.rule else (ONCE, REJECT, STOP)


def legend(proposed: Proposed, rules: ServerRules) -> str:
    """What each emoji of a proposal does, and who may press."""
    if proposed.judges:
        means = f"{ONCE} yes · {REJECT} no, go on (or write why) · {STOP} stop the goal"
    else:
        standing = f"{FIVE} this and the next four · {ALWAYS} always this kind · " if proposed.rule else ""
        means = f"{ONCE} once · {standing}{REJECT} reject (or write why) · {STOP} stop the goal"
    return f"-# {means}\n-# answered by: {who(rules, Right.APPROVE)}"


def decided(decision: Decided, proposed: Proposed | None) -> str:
    """How a proposal was decided, and by whom."""
    name = line(decision.person.name, 60)
    match decision.how:
        case "once":
            return f"{ONCE} allowed once by **{name}**"
        case "five":
            return f"{FIVE} allowed by **{name}**, and the next four that would ask"
        case "always":
            rule = f": {cut(proposed.rule, 120)}" if proposed and proposed.rule else ""
            return f"{ALWAYS} allowed by **{name}**{rule}"
        case "reject":
            reason = f": {line(decision.reason, 120)}" if decision.reason else ""
            return f"{REJECT} rejected by **{name}**{reason}"


def rule(offered: RuleOffered) -> str:
    """What a standing yes would cover, for the person who pressed for it."""
    name = line(offered.person.name, 60)
    return (
        f"**{name}**, {ALWAYS} here allows {cut(offered.rule, 1000)}.\n"
        f"-# press {ALWAYS} on this message to allow that · nothing happens until then"
    )


def question(asked: QuestionAsked) -> tuple[Block, str]:
    """The model's question and its options, in one where that is short."""
    words = f"❓ {prose(asked.question)}"
    options = "\n".join(
        f"{emoji} {line(text, 80)}" for emoji, text in zip(DIGITS, asked.options, strict=False)
    )
    if not options:
        return Block(text=""), words
    if size(words) + size(options) <= 1400:
        return Block(text=""), f"{words}\n{options}"
    return Block(text=words), options


def how_to_answer(asked: QuestionAsked) -> str:
    """What a person does with a question."""
    how = "press a number, or write an answer" if asked.options else "write an answer"
    return f"-# {how} in this thread · `/stop` ends the goal"


def question_reactions(asked: QuestionAsked) -> tuple[str, ...]:
    """One number per option."""
    return DIGITS[: len(asked.options)]


def budget(reached: LimitReached) -> str:
    """That the session has spent what it may."""
    return f"💸 **The session stands still:** {line(reached.text, 200)}"


def budget_legend(state: State, rules: ServerRules) -> str:
    """What one press adds, and who may."""
    return (
        f"-# {MORE} grants as much again ({_granted(state.started.limits)}) · `/stop` ends it\n"
        f"-# answered by: {who(rules, Right.SPEND)}"
    )


def until(when: float) -> str:
    """When it goes on by itself, in each reader's own time."""
    return f"-# it goes on by itself <t:{int(when) + 1}:R> (<t:{int(when) + 1}:f>) · `/stop` ends it"


def granted(event: ToppedUp) -> str:
    """Who granted more, and how much."""
    return f"{MORE} **{line(event.person.name, 60)}** granted {_granted(event.by)}"


def _granted(limits: Limits) -> str:
    return f"{dollars(limits.usd)}, {counted(limits.steps, 'step')}, {limits.tokens:,} tokens"


def _plan_card(state: State, action: Action) -> str:
    """Plan, contract, budget and reach, for whoever decides whether the goal begins."""
    plan = [f"{'☑' if item.done else '☐'} {line(item.text, 100)}" for item in state.plan[:8]]
    more = [f"… and {len(state.plan) - 8} more"] if len(state.plan) > 8 else []
    return "\n".join(
        [
            *(["**Plan**", *plan, *more] if plan else ["**Plan** none was given"]),
            f"**Done when** {_done_when(state, action)}",
            f"**Budget** {_granted(state.limits)}, {state.limits.hours:g} hours",
            "**Reaches** nothing outside its sealed sandbox",
        ]
    )


def _done_when(state: State, action: Action) -> str:
    if action.name == "set_contract":
        return "the checks of this contract hold"
    if state.contract:
        names = [line(check.name, 60) for check in state.contract[:6]]
        return "; ".join(names) + (" …" if len(state.contract) > 6 else "")
    if state.started.done_when.strip():
        return line(state.started.done_when, 200) + " (no checks yet)"
    return "the model says so; no program checks it"
