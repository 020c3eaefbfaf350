"""Who may speak to the playground."""

from pathlib import Path

import pytest

from playground import Playground
from tests.playground.conftest import no_page
from tests.playground.people import Http, http_on


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "["])
async def test_another_host_is_refused(http: Http, host: str):
    assert (await http.ask("GET", "/playground/state", headers={"Host": host})).status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://["])
async def test_a_page_from_elsewhere_is_refused_everywhere(http: Http, origin: str):
    headers = {"Origin": origin}
    for path in ("/playground/state", "/api/v10/gateway", "/gateway"):
        assert (await http.ask("GET", path, headers=headers)).status == 403
    assert (await http.ask("POST", "/playground/messages", {}, headers=headers)).status == 403


async def test_the_own_page_and_programs_are_let_in(http: Http):
    assert (await http.ask("GET", "/playground/state", headers={"Origin": http.url})).status == 200
    assert (await http.ask("GET", "/playground/docs")).status == 200


async def test_bound_elsewhere_a_token_is_needed(tmp_path: Path):
    async with Playground(tmp_path, 0, bind="0.0.0.0", page=no_page) as started:  # noqa: S104
        token = started.page_url.partition("?token=")[2]
        assert len(token) > 20
        async with http_on(started.url) as http:
            assert (await http.ask("GET", "/playground/state")).status == 401
            wrong = {"Authorization": "Bearer nonsense"}
            assert (await http.ask("GET", "/playground/state", headers=wrong)).status == 401
            right = {"Authorization": f"Bearer {token}"}
            assert (await http.ask("GET", "/playground/state", headers=right)).status == 200
            opened = await http.ask("GET", f"/?token={token}", allow_redirects=False)
            assert opened.status == 303
            assert "HttpOnly" in opened.headers["Set-Cookie"]
            assert token not in opened.headers["Location"]
            cookie = opened.headers["Set-Cookie"].partition(";")[0]
            assert (await http.ask("GET", "/playground/state", headers={"Cookie": cookie})).status == 200
            assert (await http.api("GET", "/users/@me")).status == 200
    async with Playground(tmp_path, 0, bind="0.0.0.0", page=no_page) as again:  # noqa: S104
        assert again.page_url.endswith(token)
