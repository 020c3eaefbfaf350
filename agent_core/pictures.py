"""Pictures as a model is shown them: small, and without what a camera wrote beside them. Pure.

Decoded here are the few formats that people drop and scripts make, up to a size; all else is no picture.
"""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

if TYPE_CHECKING:
    from PIL import Image

LARGEST_FILE = 20_000_000
"""Bytes; a larger file is not looked at."""
MOST_SHOWN = 16
"""Pictures in one request: each is sent again with every step."""
CANNOT_SEE = (
    "[A picture stands here, which this model cannot see. `run_python` with Pillow can look into it.]"
)
TOO_MANY = f"[Not shown: {MOST_SHOWN} pictures stand above already.]"

_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
_MOST_PIXELS = 16_000_000
_MOST_PIXELS_JPEG = 50_000_000
"""A JPEG is decoded at a fraction of its size."""
_SIDE = 1024
"""Pixels of the longer side that a model is shown: vendors scale down what is larger, or charge more."""
_PNG_BYTES = 150_000
"""A chart or a screenshot stays exact up to this size; a photograph never has so few."""
_JPEG_BYTES = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One that can be shown."""

    kind: str
    """Such as PNG."""
    width: int
    """Pixels, of the file itself."""
    height: int
    url: str
    """A data URL."""


def is_picture(path: str) -> bool:
    """Whether it is called like one."""
    return path.lower().endswith(_ENDINGS)


def as_seen(parts: list[JsonValue], *, blind: bool = False) -> JsonValue:
    """The content of a message: a plain text where no picture is left in it, which every server takes."""
    texts: list[str] = []
    for part in parts:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "image_url"} if blind:
                texts.append(CANNOT_SEE)
            case _:
                return parts
    return "\n".join(texts)


def read_picture(data: bytes) -> Picture | None:
    """The picture that these bytes are, made ready to be shown; None where they are none.

    Takes up to a second and 100 MB: call it off the event loop, and one at a time.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            kind, (width, height) = opened.format or "", opened.size
            if width * height > (_MOST_PIXELS_JPEG if kind == "JPEG" else _MOST_PIXELS):
                return None
            opened.draft("RGB", (2 * _SIDE, 2 * _SIDE))
            image = ImageOps.exif_transpose(opened)
            if image.mode not in ("L", "RGB", "RGBA"):
                image = image.convert("RGBA" if image.has_transparency_data else "RGB")
            image.thumbnail((_SIDE, _SIDE))
            url = _encoded(_on_white(image))
    except Exception:  # noqa: BLE001 - whatever a decoder raises: the file is none that it can read
        return None
    return Picture(kind=kind, width=width, height=height, url=url)


def _on_white(image: "Image.Image") -> "Image.Image":
    """Without transparency, which some models see as black."""
    from PIL import Image

    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _encoded(image: "Image.Image") -> str:
    out = io.BytesIO()
    image.save(out, "PNG")
    if out.tell() <= _PNG_BYTES:
        return _url("png", out)
    for quality, side in ((85, _SIDE), (60, _SIDE), (60, _SIDE // 2)):
        image.thumbnail((side, side))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= _JPEG_BYTES:
            break
    return _url("jpeg", out)


def _url(kind: str, data: io.BytesIO) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}"
