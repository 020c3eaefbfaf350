"""Who has to be asked, for every risk in every autonomy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.policy import ASKS_EACH_TIME, RISKS, Standing, judge, kinds, risk_of
from agent_core.values import Autonomy, Risk
from tests.agent_core.session.desk import call

NAMES = st.sampled_from([*RISKS, "mail__send", "unheard_of"])
STANDINGS = st.builds(
    Standing,
    autonomy=st.sampled_from(Autonomy),
    first_run_allowed=st.booleans(),
    contract_frozen=st.booleans(),
    five_left=st.integers(0, 4),
    always=st.sets(NAMES),
    tainted=st.booleans(),
    private=st.booleans(),
)


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("read_file", set[Autonomy]()),
        ("run_python", {Autonomy.GUARDED, Autonomy.ASK}),
        ("install", {Autonomy.GUARDED, Autonomy.ASK}),
        ("unheard_of", {Autonomy.GUARDED, Autonomy.ASK}),
        ("book", set(Autonomy)),
        ("forget", set(Autonomy)),
    ],
)
def test_what_asks_at_the_start_of_a_session(name: str, asks: set[Autonomy]):
    asking = {one for one in Autonomy if judge(call(name), Standing(autonomy=one)).verdict == "ask"}
    assert asking == asks


@given(name=NAMES, standing=STANDINGS)
def test_nothing_standing_covers_what_asks_each_time(name: str, standing: Standing):
    verdict = judge(call(name), standing)
    never = name in ASKS_EACH_TIME or (name == "set_contract" and standing.contract_frozen)
    tainted_reach = risk_of(name) is Risk.REACH and standing.tainted
    if never or tainted_reach:
        assert verdict.verdict == "ask"
        assert verdict.rule == ""
    if verdict.verdict == "ask":
        assert verdict.why
        assert not verdict.uses_five
        assert (verdict.rule != "") == (not never and not tainted_reach)


@given(name=NAMES, standing=STANDINGS)
def test_what_needs_no_word_uses_nothing_up(name: str, standing: Standing):
    bare = Standing(
        autonomy=standing.autonomy,
        first_run_allowed=standing.first_run_allowed,
        contract_frozen=standing.contract_frozen,
        tainted=standing.tainted,
    )
    if judge(call(name), bare).verdict == "allow":
        assert judge(call(name), standing).verdict == "allow"
        assert not judge(call(name), standing).uses_five


def test_a_kind_names_every_host_package_or_server():
    assert kinds(call("run_online", hosts=["a.org", "b.org"])) == ("run_online a.org", "run_online b.org")
    assert kinds(call("install", packages=["six"])) == ("install six",)
    assert kinds(call("mail__send")) == ("mail__send mail",)
    assert kinds(call("run_python")) == ("run_python",)
