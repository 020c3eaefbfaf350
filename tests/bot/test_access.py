"""Who may do what, purely."""

import pytest

from agent_core.values import Right, ServerRules
from bot import access
from bot.access import Member


def member(*roles: str, manages: bool = False, administers: bool = False, person_id: str = "7") -> Member:
    return Member(
        id=person_id, name="Ann", roles=frozenset(("1", *roles)), manages=manages, administers=administers
    )


@pytest.mark.parametrize("right", list(Right))
def test_until_settings_are_made_manage_server_holds_every_right(right: Right):
    assert access.may(member(manages=True), right, ServerRules())
    assert access.may(member(administers=True), right, ServerRules())
    assert not access.may(member("9"), right, ServerRules())


def test_a_role_that_is_listed_replaces_manage_server_for_its_right_alone():
    rules = ServerRules(roles={Right.START: ("9", "8")})
    assert access.may(member("8"), Right.START, rules)
    assert not access.may(member(manages=True), Right.START, rules)
    assert access.may(member(manages=True), Right.STEER, rules)
    assert access.may(member(administers=True), Right.START, rules)
    assert not access.may(member("8"), Right.STEER, rules)


def test_a_starter_steers_and_stops_only_while_they_may_start():
    rules = ServerRules(roles={Right.START: ("9",)})
    assert access.may_steer(member("9"), rules, "7")
    assert access.may_stop(member("9"), rules, "7")
    assert not access.may_steer(member("9"), rules, "8")
    assert not access.may_steer(member(), rules, "7")


def test_whoever_approves_may_stop_but_not_steer():
    rules = ServerRules(roles={Right.APPROVE: ("9",)})
    assert access.may_stop(member("9"), rules, "8")
    assert not access.may_steer(member("9"), rules, "8")


@pytest.mark.parametrize(
    ("emoji", "post", "means"),
    [
        ("✅", "proposal", "✅"),
        ("5\u20e3", "proposal", "5️⃣"),
        ("5\ufe0f\u20e3", "proposal", "5️⃣"),
        ("💰", "proposal", None),
        ("🔁", "rule", "🔁"),
        ("✅", "rule", None),
        ("3\u20e3", "question", "3️⃣"),
        ("🛑", "question", "🛑"),
        ("💰", "budget", "💰"),
    ],
)
def test_an_emoji_means_something_only_on_its_own_kind_of_post(emoji: str, post: str, means: str | None):
    assert access.meant(emoji, post) == means  # pyright: ignore[reportArgumentType]


def test_who_may_press_what():
    rules = ServerRules(
        roles={Right.APPROVE: ("a",), Right.STEER: ("s",), Right.SPEND: ("m",), Right.START: ("x",)}
    )

    def may(role: str, post: str, emoji: str) -> bool:
        return access.may_press(member(role), post, emoji, rules, "8")  # pyright: ignore[reportArgumentType]

    table = {
        (role, emoji): may(role, post, emoji)
        for role in "asm"
        for post, emoji in (("proposal", "✅"), ("question", "1️⃣"), ("budget", "💰"), ("proposal", "🛑"))
    }
    assert {key for key, yes in table.items() if yes} == {
        ("a", "✅"),
        ("a", "1️⃣"),
        ("a", "🛑"),
        ("s", "1️⃣"),
        ("s", "🛑"),
        ("m", "💰"),
    }


def test_a_denial_names_who_may():
    rules = ServerRules(roles={Right.SPEND: ("9", "8")})
    assert access.why(Right.SPEND, rules) == (
        "You may not grant more budget here: only members with <@&9> or <@&8> may."
    )
    assert access.why(Right.START, rules).endswith("only members with Manage Server may.")
