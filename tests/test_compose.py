"""compose.yaml as it is parsed: a gateway, a Redis that loses nothing, and workers by one flag."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from agent_core.errors import StartError
from bot.settings import Role, check_role, load

CHECKOUT = Path(__file__).parents[1]


def services() -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_one_flag_scales_the_workers():
    worker = services()["worker"]
    assert worker["command"] == ["worker"]
    # either would keep a second one from starting
    assert "container_name" not in worker
    assert "ports" not in worker
    assert "profiles" not in worker


ROLES: tuple[Role, ...] = ("gateway", "worker")


def test_gateway_and_workers_have_one_redis_and_one_folder():
    found = services()
    for role in ROLES:
        service = found[role]
        settings = load({**service["environment"], "DISCORD_TOKEN": "a.b.c"}, env_file=None)
        check_role(settings, role)
        assert settings.redis_url is not None
        assert settings.redis_url.get_secret_value() == "redis://redis:6379/0"
        assert not settings.plays
        assert service["volumes"] == found["goalkeeper"]["volumes"]
        assert service["depends_on"] == {"redis": {"condition": "service_healthy"}}
        assert service["security_opt"] == found["goalkeeper"]["security_opt"]


def test_its_redis_loses_nothing_and_throws_nothing_away():
    redis = services()["redis"]
    command = " ".join(redis["command"])
    for setting in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert setting in command
    assert redis["volumes"] == ["redis:/data"]


def test_a_first_look_needs_no_setting_and_is_not_started_with_the_others():
    look = services()["goalkeeper"]
    assert look["profiles"] == ["one"]
    settings = load({}, env_file=None)
    check_role(settings, "all")
    assert settings.plays


def test_roles_apart_need_a_redis_that_both_reach():
    settings = load({"DISCORD_TOKEN": "a.b.c"}, env_file=None)
    for role in ROLES:
        with pytest.raises(StartError, match="REDIS_URL"):
            check_role(settings, role)
