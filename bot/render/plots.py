"""Charts as PNG files, readable on Discord's dark and light page alike. Pure, and slow: never on the loop."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes half a second, which only the first chart pays
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = (8.0, 3.6)
DPI = 120
_EPOCH = date(1970, 1, 1).toordinal()
_PAPER, _INK, _FAINT = "#ffffff", "#2b2d31", "#d5d7dc"
_COLOURS = ("#3b6fd4", "#e08a1e", "#2f9e63", "#b8405e", "#7a5cc7", "#6b7280")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart, or one part of its bars."""

    name: str
    values: Sequence[float]
    """One per day or label."""


def line_chart(title: str, days: Sequence[date], series: Sequence[Series], *, unit: str) -> bytes:
    """How something went from day to day, as steps: a value holds until the next one."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _paper(title, unit)
    numbers = [float(day.toordinal() - _EPOCH) for day in days]
    for one, colour in zip(series, _cycled(len(series)), strict=True):
        axes.step(
            numbers, list(one.values), where="post", label=_drawable(one.name), color=colour, linewidth=2
        )
        axes.plot(numbers[-1:], list(one.values)[-1:], marker="o", color=colour, markersize=5)
    axes.axhline(0, color=_INK, linewidth=0.8)
    axes.margins(y=0.18)  # room for the legend
    locator = AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return _png(figure, axes, len(series))


def bar_chart(title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str) -> bytes:
    """Amounts side by side, each bar made of the series one upon the other."""
    figure, axes = _paper(title, unit)
    places = range(len(labels))
    bottom = [0.0] * len(labels)
    for one, colour in zip(series, _cycled(len(series)), strict=True):
        axes.bar(places, list(one.values), bottom=bottom, label=_drawable(one.name), color=colour, width=0.7)
        bottom = [below + value for below, value in zip(bottom, one.values, strict=True)]
    axes.set_ylim(0, max([*bottom, 0]) * 1.18 or 1)  # room for the legend, which bars would reach into
    if all(isinstance(value, int) for one in series for value in one.values):
        axes.locator_params(axis="y", integer=True)
    axes.set_xticks(list(places), [_drawable(label[:24]) for label in labels])
    if len(labels) > 8:
        axes.tick_params(axis="x", labelrotation=45)
    return _png(figure, axes, len(series))


def _paper(title: str, unit: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DPI, facecolor=_PAPER, layout="constrained")
    axes = figure.add_subplot(facecolor=_PAPER)
    axes.set_title(_drawable(title), loc="left", color=_INK, fontsize=12, fontweight="bold")
    axes.set_ylabel(_drawable(unit), color=_INK)
    axes.grid(axis="y", color=_FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    return figure, axes


def _png(figure: "Figure", axes: "Axes", count: int) -> bytes:
    if count > 1:
        axes.legend(frameon=False, labelcolor=_INK, fontsize=9, ncols=min(count, 4), loc="upper left")
    sheet = io.BytesIO()
    figure.savefig(sheet, format="png")
    return sheet.getvalue()


def _cycled(count: int) -> list[str]:
    return [_COLOURS[at % len(_COLOURS)] for at in range(count)]


def _drawable(text: str) -> str:
    """The text with what the font lacks as a question mark, and no formula in it."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))  # comes with matplotlib
    known = (character if font.get_char_index(ord(character)) else "?" for character in text)
    return "".join(known).replace("$", r"\$")
