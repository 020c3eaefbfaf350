"""Charts: real pictures, of the size that Discord shows whole."""

import io
from datetime import date, timedelta

from PIL import Image

from bot.render.plots import DPI, INCHES, Series, bar_chart, line_chart

DAYS = [date(2026, 11, 1) + timedelta(days=day) for day in range(30)]


def colours(picture: bytes) -> set[tuple[int, ...]]:
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.format == "PNG"
        assert opened.size == (INCHES[0] * DPI, int(INCHES[1] * DPI))
        pixels = opened.convert("RGB").getcolors(10**6)
        assert pixels
        return {colour for _, colour in pixels if isinstance(colour, tuple)}


def test_every_line_of_a_chart_has_a_colour_of_its_own():
    one = Series(name="evidenced", values=[float(day) for day in range(30)])
    two = Series(name="claimed", values=[-float(day) for day in range(30)])
    assert {(0x3B, 0x6F, 0xD4), (0xE0, 0x8A, 0x1E)} <= colours(line_chart("x", DAYS, [one, two], unit="$"))
    assert (0xE0, 0x8A, 0x1E) not in colours(line_chart("x", DAYS, [one], unit="$"))


def test_bars_with_many_labels_and_odd_names_are_drawn():
    labels = [f"{'日本 ' * 9}{number}" for number in range(31)]
    series = [Series(name="<b> $x_1$ é", values=[1.0] * 31), Series(name="b", values=[0.0] * 31)]
    assert (0x3B, 0x6F, 0xD4) in colours(bar_chart("$ 1 & 2 $", labels, series, unit="US$"))


def test_one_day_alone_is_a_chart_too():
    assert colours(line_chart("x", DAYS[:1], [Series(name="a", values=[3.0])], unit="$"))
