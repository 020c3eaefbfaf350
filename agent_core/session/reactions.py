"""The reactions that are on a session's posts, as its state holds them."""

from typing import Annotated, cast

from pydantic import BeforeValidator, PlainSerializer

from agent_core.signals import Post
from agent_core.values import Person

Reaction = tuple[Post, str, str, str]
"""(post, about, emoji, person id)."""


def _as_pairs(reactions: dict[Reaction, Person]) -> list[tuple[Reaction, Person]]:
    return list(reactions.items())


def _from_pairs(stored: object) -> object:
    if not isinstance(stored, list):
        return stored
    return {tuple(key): person for key, person in cast(list[tuple[list[object], object]], stored)}


Reactions = Annotated[dict[Reaction, Person], PlainSerializer(_as_pairs), BeforeValidator(_from_pairs)]
"""Stored as pairs: a key of JSON is one text."""
