"""Names for what travels: JSON objects as they come from and go to the wire."""

from typing import Any, TypeAlias

Payload: TypeAlias = dict[str, Any]
"""A JSON object. Only shapes, forms and handlers look inside one."""
