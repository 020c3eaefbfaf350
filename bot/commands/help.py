"""/help: what this is, what to type, and what the demo model can show."""

from bot.commands.answer import Asking, Slash, answer, slash
from bot.commands.desk import Desk

_ABOUT = """\
**I am Goalkeeper: I work on a goal in a thread of its own.** I plan, run code in a sealed box, \
mend what fails, and hand over the files.

`/goal` a goal in your words, with a file, autonomy, budget, or what "done" means
`/status` how a goal stands, or what is running · `/files` its files, any of them again
`/steer` tell it something · `/stop` end it, with `all` everything · `/resume` go on
`/pause` stand still · `/rewind` back to a step · `/fork` on from one elsewhere · `/sessions` all goals
`/schedule` goals that begin by themselves: every monday 9:00, in 2 hours, …
`/ledger` the books · `/networth` what we are worth · `/experiment` said before it starts
`/usage` what was spent, by goal, member and day
`/memory` what is remembered here, and how to have it forgotten · `/skills` scripts proven here
`/explore` I invent scripts around a topic · `/improve` I repair and combine what is there
`/settings` who may do what, and how I behave here

In a goal's thread:
✅ once · 5️⃣ this and the next four · 🔁 always this kind · ❌ no · 🛑 stop the goal
{words} With `!` in front it interrupts. 👀 stored, ✅ read.
Drop a file there and code can read it as `inputs/NAME`."""

_REPLIES = "Write in the thread to steer; while a proposal is open, your words reject it and say why."
_NO_REPLIES = (
    "I cannot read messages here (the message content intent is off): mention me in what you write, "
    "or use `/steer`."
)


def help_command(desk: Desk) -> Slash:
    """The command."""

    async def command(interaction: Asking) -> None:
        reads = interaction.client.intents.message_content
        await answer(desk.api, interaction, help_text(desk.demo_goals, reads_messages=reads))

    return slash("help", "What I can do, and how to ask for it.", command)


def help_text(demo_goals: tuple[tuple[str, str], ...], *, reads_messages: bool) -> str:
    """The whole help, within one message."""
    text = _ABOUT.format(words=_REPLIES if reads_messages else _NO_REPLIES)
    if not demo_goals:
        return text
    rows = [text, "", "No model is set, so a demo plays these goals, found by their words:"]
    for words, example in demo_goals:
        row = f"- **{words}**: {example}"
        if len("\n".join((*rows, row))) > 1980:
            break
        rows.append(row)
    return "\n".join(rows)
