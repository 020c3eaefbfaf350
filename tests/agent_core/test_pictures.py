"""What people drop and scripts draw, as a model is shown it: small, upright, nothing written beside it."""

import base64
import io
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import JsonValue

from agent_core.model import TYPICAL_PICTURE, estimate_tokens
from agent_core.pictures import CANNOT_SEE, as_seen, is_picture, read_picture


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def seen(data: bytes) -> Image.Image:
    """The picture as a model gets it."""
    picture = read_picture(data)
    assert picture is not None
    head, _, body = picture.url.partition(";base64,")
    image = Image.open(io.BytesIO(base64.b64decode(body)))
    assert head == f"data:image/{(image.format or '').lower()}"
    return image


def noise(width: int, height: int) -> Image.Image:
    chance = random.Random(3)  # noqa: S311 - the same in every run
    return Image.frombytes("RGB", (width, height), chance.randbytes(width * height * 3))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_every_usual_kind_is_shown(kind: str):
    image = seen(saved(Image.new("RGB", (300, 200), (250, 10, 10)), kind))
    assert image.size == (300, 200)
    red, green, blue = image.convert("RGB").getpixel((150, 100))  # type: ignore[misc]
    assert red > 230
    assert green < 30
    assert blue < 30


def test_a_large_one_becomes_small_in_pixels_and_in_bytes():
    data = saved(noise(2000, 1000), "PNG")
    picture = read_picture(data)
    assert picture is not None
    assert (picture.kind, picture.width, picture.height) == ("PNG", 2000, 1000)
    assert max(seen(data).size) <= 1024
    assert len(picture.url) < 500_000 < len(data)


def test_it_stands_upright_and_does_not_tell_where_it_was_taken():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SECRET CAMERA"
    image = seen(saved(Image.new("RGB", (300, 200)), "JPEG", exif=exif))
    assert image.size == (200, 300)
    assert not dict(image.getexif())
    assert not image.info.get("exif")


def test_what_is_transparent_is_white():
    image = seen(saved(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"))
    assert image.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK", "RGBA"])
def test_every_mode_is_read(mode: str):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert seen(saved(Image.new(mode, (40, 30)), kind)).size == (40, 30)


def test_one_that_unpacks_to_too_many_pixels_is_none():
    assert read_picture(saved(Image.new("1", (20_000, 20_000)), "PNG")) is None


def test_the_same_file_is_always_the_same_bytes():
    data = saved(noise(700, 500), "PNG")
    assert read_picture(data) == read_picture(data)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 300), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP"]))
def test_damage_is_no_picture_or_one_and_never_an_error(junk: bytes, at: int, kind: str):
    data = saved(Image.new("RGB", (16, 16), "blue"), kind)
    for broken in (junk, data[:at] + junk, data[:at] + junk + data[at + len(junk) :]):
        picture = read_picture(broken)
        assert picture is None or picture.url.startswith("data:image/")


def test_names_decide_what_is_looked_at():
    assert is_picture("inputs/A.PNG")
    assert is_picture("a.jpeg")
    assert not is_picture("a.svg")
    assert not is_picture("png")


def test_a_content_without_pictures_is_plain_text():
    text: JsonValue = {"type": "text", "text": "The picture a.png:"}
    picture: JsonValue = {"type": "image_url", "image_url": {}}
    assert as_seen([text]) == "The picture a.png:"
    assert as_seen([text, picture]) == [text, picture]
    assert as_seen([text, picture], blind=True) == f"The picture a.png:\n{CANNOT_SEE}"


def test_a_picture_counts_as_what_it_is_and_not_as_its_letters():
    picture: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    counted = estimate_tokens([{"role": "user", "content": [picture, picture]}])
    assert 2 * TYPICAL_PICTURE < counted < 2 * TYPICAL_PICTURE + 100
