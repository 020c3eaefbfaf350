"""Signed, expiring addresses of attachments."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal
from urllib.parse import quote

from playground.entities import Attachment

LINK_LIFE_S = 24 * 3600


class Links:
    """Signs the addresses of attachments, and checks them."""

    def __init__(self, base_url: str, secret: bytes, now: Callable[[], float]) -> None:
        self.base_url, self._secret, self._now = base_url, secret, now

    def __call__(self, channel_id: str, attachment: Attachment) -> str:
        """An address that answers for a day of the world's time."""
        path = f"/attachments/{channel_id}/{attachment.id}/{quote(attachment.filename, safe='')}"
        issued = int(self._now())
        expires = f"{issued + LINK_LIFE_S:x}"
        signature = self._sign(channel_id, attachment.id, expires)
        return f"{self.base_url}{path}?ex={expires}&is={issued:x}&hm={signature}&"

    def check(
        self, channel_id: str, attachment_id: str, expires: str, signature: str
    ) -> Literal["valid", "expired", "forged"]:
        """What an address is worth now."""
        expected = self._sign(channel_id, attachment_id, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return "forged"
        return "valid" if self._now() < int(expires, 16) else "expired"

    def _sign(self, *parts: str) -> str:
        return hmac.new(self._secret, "/".join(parts).encode(), hashlib.sha256).hexdigest()
