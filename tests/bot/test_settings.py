"""Settings: defaults, sources, and the sentence that a wrong value gets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent_core.errors import StartError
from bot.settings import Settings, check_role, load, names

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


def failure(environ: dict[str, str], env_file: Path | None = None) -> str:
    with pytest.raises(StartError) as caught:
        load(environ, env_file)
    return str(caught.value)


def test_nothing_set_is_a_complete_bot():
    settings = load({}, None)
    assert (settings.embedded_redis, settings.demo_model, settings.plays) == (True, True, True)
    assert settings.playground_url == "http://127.0.0.1:8080"
    assert settings.limits.usd == 0.50
    assert settings.limits.steps == 200


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("DATA_DIR", "/srv/gk", "data_dir", Path("/srv/gk")),
        ("SESSION_USD", "1.25", "session_usd", 1.25),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("MODEL_API", "Chat", "model_api", "chat"),
        ("MODEL_PRICES", "free", "model_prices", "free"),
        ("MODEL_PRICES", '{"m": [1, 0.1, 2]}', "model_prices", {"m": (1.0, 0.1, 2.0)}),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/", "openai_base_url", "http://127.0.0.1:9/v1"),
        ("PLAYGROUND", "1", "playground", True),
        ("PLAYGROUND_PORT", " 9000 ", "playground_port", 9000),
        ("CONTEXT_WINDOW", "16000", "context_window", 16000),
        ("SESSION_HOURS", "0.5", "session_hours", 0.5),
    ],
)
def test_a_value_is_read_from_the_environment(name: str, value: str, field: str, expected: object):
    assert getattr(load({name: value}, None), field) == expected


def test_shards_are_a_list_of_numbers():
    assert load({"SHARD_IDS": "0, 2", "SHARD_COUNT": "4"}, None).shard_ids == (0, 2)


def test_a_home_folder_is_understood_in_a_file(tmp_path: Path):
    (tmp_path / ".env").write_text("DATA_DIR=~/gk\n")
    assert load({}, tmp_path / ".env").data_dir == Path.home() / "gk"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PLAYGROUND_PORT", "80800", ["'80800'", "1 to 65535"]),
        ("PLAYGROUND_PORT", "http", ["'http'", "port"]),
        ("SESSION_USD", "nan", ["'nan'", "US$"]),
        ("SESSION_USD", "-1", ["'-1'", "US$"]),
        ("SESSION_USD", "1,5", ["'1,5'", "plain number"]),
        ("LEASE_S", "inf", ["'inf'", "seconds"]),
        ("MODEL_API", "grpc", ["'grpc'", "auto, chat or responses"]),
        ("MODEL_PRICES", '{"m": [1, 2]}', ["JSON", "million"]),
        ("MODEL_PRICES", "{m", ["'{m'", "JSON"]),
        ("OPENAI_BASE_URL", "localhost:8000", ["'localhost:8000'", "http://"]),
        ("OPENAI_BASE_URL", "http://", ["http://"]),
        ("OPENAI_BASE_URL", "http://h:123456/v1", ["http://"]),
        ("DISCORD_API_URL", "discord.com", ["http://"]),
        ("REDIS_URL", "localhost", ["redis://"]),
        ("PLAYGROUND", "perhaps", ["'perhaps'", "1 or 0"]),
        ("PLAYGROUND_BIND", "everywhere", ["'everywhere'", "0.0.0.0"]),  # noqa: S104
        ("LOG_LEVEL", "LOUD", ["'LOUD'", "WARNING"]),
        ("SHARD_IDS", "1;2", ["'1;2'", "commas"]),
        ("BOX_MB", "2", ["'2'", "MiB"]),
    ],
)
def test_a_wrong_value_is_one_sentence_with_name_value_and_what_is_allowed(
    name: str, value: str, words: list[str]
):
    text = failure({name: value})
    assert text.startswith(f"{name} is ")
    assert text.endswith(".")
    assert "\n" not in text
    assert [word for word in words if word not in text] == []


def test_two_wrong_values_are_two_sentences():
    lines = failure({"PLAYGROUND_PORT": "x", "LOG_LEVEL": "y"}).splitlines()
    assert [line.split(" is ")[0] for line in lines] == ["PLAYGROUND_PORT", "LOG_LEVEL"]


def test_a_secret_is_in_no_message_and_in_no_repr():
    secret = "sk-verysecret"
    assert secret not in failure({"DISCORD_TOKEN": secret})
    assert secret not in failure({"REDIS_URL": f"http://:{secret}@host"})
    assert secret not in failure({"OPENAI_BASE_URL": f"ftp://me:{secret}@host/v1"})
    assert secret not in failure({"OPENAI_API_KEY": secret, "PLAYGROUND_PORT": "x"})
    fine = {"OPENAI_API_KEY": secret, "SEARCH_KEY": secret, "REDIS_URL": f"redis://:{secret}@host"}
    assert secret not in repr(load(fine, None))


def test_a_wrong_setting_does_not_chain_the_values_it_came_with():
    with pytest.raises(StartError) as caught:
        load({"DISCORD_TOKEN": "sk-verysecret"}, None)
    assert caught.value.__suppress_context__


def test_the_environment_wins_over_the_file_and_an_empty_one_unsets(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("PLAYGROUND_PORT=9000\nDISCORD_TOKEN=" + TOKEN + "\nexport LOG_LEVEL='WARNING' # loud\n")
    assert load({}, file).playground_port == 9000
    assert load({}, file).log_level == "WARNING"
    assert load({"PLAYGROUND_PORT": "9001"}, file).playground_port == 9001
    assert load({}, file).discord_token is not None
    assert load({"DISCORD_TOKEN": ""}, file).discord_token is None


def test_a_dollar_sign_in_the_file_stays_as_it_is(tmp_path: Path):
    (tmp_path / ".env").write_text("OPENAI_API_KEY=a${HOME}b$c\n")
    key = load({}, tmp_path / ".env").openai_api_key
    assert key is not None
    assert key.get_secret_value() == "a${HOME}b$c"


def test_a_file_that_is_no_env_file_is_named_with_its_line(tmp_path: Path):
    (tmp_path / ".env").write_text("LOG_LEVEL=INFO\nthis is = not 'right\n")
    assert "Line 2 of " in failure({}, tmp_path / ".env")
    (tmp_path / "other").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in failure({}, tmp_path / "other")
    assert "cannot be read" in failure({}, tmp_path)


def test_no_file_is_fine(tmp_path: Path):
    assert load({}, tmp_path / "none") == Settings()


def test_names_that_are_not_ours_are_ignored():
    assert load({"GK_FOO": "1", "GOALKEEPER_MODE": "x", "data_dir": "y"}, None) == Settings()


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        Settings().playground_port = 1


def test_shards_must_fit_their_count():
    assert "SHARD_COUNT" in failure({"SHARD_IDS": "0"})
    assert "SHARD_COUNT" in failure({"SHARD_IDS": "0,2", "SHARD_COUNT": "2"})


@pytest.mark.parametrize(
    ("environ", "plays"),
    [
        ({}, True),
        ({"DISCORD_TOKEN": TOKEN}, False),
        ({"DISCORD_TOKEN": TOKEN, "PLAYGROUND": "1"}, True),
        ({"OPENAI_API_KEY": "k"}, True),
        ({"PLAYGROUND": "0"}, False),
    ],
)
def test_the_playground_takes_the_place_of_a_missing_token(environ: dict[str, str], plays: bool):
    assert load(environ, None).plays is plays


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104
        ("192.0.2.4", "http://192.0.2.4:8080"),
        ("::", "http://[::1]:8080"),
    ],
)
def test_the_playground_is_reached_where_it_is_bound(bind: str, url: str):
    assert load({"PLAYGROUND_BIND": bind}, None).playground_url == url


def test_parts_that_run_apart_need_a_shared_redis():
    for role in ("gateway", "worker"):
        with pytest.raises(StartError, match="REDIS_URL"):
            check_role(load({"DISCORD_TOKEN": TOKEN}, None), role)
        check_role(load({"DISCORD_TOKEN": TOKEN, "REDIS_URL": "redis://127.0.0.1"}, None), role)


def test_a_bot_needs_something_to_join():
    with pytest.raises(StartError, match="DISCORD_TOKEN"):
        check_role(load({"PLAYGROUND": "0"}, None), "all")
    with pytest.raises(StartError, match="DISCORD_TOKEN"):
        check_role(load({"REDIS_URL": "redis://127.0.0.1"}, None), "gateway")
    check_role(load({}, None), "all")


@given(st.dictionaries(st.sampled_from(names()), st.text(max_size=30)))
def test_whatever_is_set_it_loads_or_says_why(environ: dict[str, str]):
    try:
        load(environ, None)
        reason = ""
    except StartError as error:
        reason = str(error)
    assert not reason or any(name in reason for name in environ)
