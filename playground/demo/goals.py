"""The goals that the demo model can play, and how a person's words find one of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playground.demo.scenes import (
    chart,
    clean,
    contract,
    convert,
    debug,
    entrepreneur,
    haiku,
    long,
    primes,
    question,
    simulation,
    summary,
)
from playground.demo.script import Scene, Script


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoGoal:
    """One thing that the demo model can play."""

    words: tuple[str, ...]
    """Any of them in a goal finds it; the first is its name."""
    title: str
    example: str
    """A goal to type."""
    play: Callable[[Scene], Script] = field(repr=False)


GOALS: tuple[DemoGoal, ...] = (
    DemoGoal(
        words=("entrepreneur", "books", "net worth"),
        title="Look after the server's books: one experiment, a chart, a report",
        example="entrepreneur: how do we stand? (with template: entrepreneur)",
        play=entrepreneur.play,
    ),
    DemoGoal(
        words=("chart", "plot", "graph", "diagram", "csv"),
        title="Draw a chart from a CSV that you drop in",
        example="chart the numbers in my CSV",
        play=chart.play,
    ),
    DemoGoal(
        words=("primes", "prime"),
        title="Find primes, and check them in a second way",
        example="primes below 1000",
        play=primes.play,
    ),
    DemoGoal(
        words=("debug", "bug", "traceback", "exception"),
        title="Debug a script that fails, from its traceback",
        example="debug a script that adds up orders",
        play=debug.play,
    ),
    DemoGoal(
        words=("simulation", "simulate", "epidemic", "random walk", "walk"),
        title="Simulate an epidemic or a random walk, with a picture",
        example="simulation of an epidemic among 5000 people",
        play=simulation.play,
    ),
    DemoGoal(
        words=("clean", "tidy", "duplicates", "whitespace"),
        title="Clean up a text file that you drop in",
        example="clean my list of guests",
        play=clean.play,
    ),
    DemoGoal(
        words=("question", "ask me", "draw"),
        title="Ask you a question back, and use your answer",
        example="ask me a question and draw my answer",
        play=question.play,
    ),
    DemoGoal(
        words=("contract", "roman", "numerals"),
        title="Work under a contract: checks first, red, then green",
        example="roman numerals under a contract",
        play=contract.play,
    ),
    DemoGoal(
        words=("summary", "summarise", "summarize", "count words", "word count"),
        title="Count the words of a text and pull out its main sentences",
        example="summary of a text",
        play=summary.play,
    ),
    DemoGoal(
        words=("convert", "json", "csv to json", "json to csv"),
        title="Convert CSV to JSON, or JSON to CSV",
        example="convert my table to json",
        play=convert.play,
    ),
    DemoGoal(
        words=("long", "steer", "survey", "slow"),
        title="Twelve short steps, long enough to steer",
        example="a long survey that I can steer",
        play=long.play,
    ),
    DemoGoal(
        words=("haiku", "poem"),
        title="Write a haiku: no code, nothing to approve",
        example="haiku about patience",
        play=haiku.play,
    ),
)


def find_goal(text: str) -> DemoGoal | None:
    """The goal whose words stand in the text: most different words first, then the earliest."""
    plain = re.sub(r"inputs/\S+", " ", text)
    found = [(goal, places) for goal in GOALS if (places := _places(goal, plain))]
    if not found:
        return None
    return min(found, key=lambda pair: (-len(pair[1]), min(pair[1])))[0]


def _places(goal: DemoGoal, text: str) -> set[int]:
    matches = (re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) for word in goal.words)
    return {match.start() for match in matches if match}
