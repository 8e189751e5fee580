"""Laws of who may ask: this machine's own names, no other page, and with the token alone may anything change."""

import pytest
from page.shelves import client, finished

from surefoot.page.safety import Address


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:8000", ""])
def test_another_name_of_this_machine_is_refused(tmp_path, host):
    assert client(tmp_path).get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_this_machines_names_are_answered(tmp_path, host):
    assert client(tmp_path).get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": "http://127.0.0.1:8001"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ],
)
def test_another_page_may_neither_read_nor_change(tmp_path, headers):
    run = finished(tmp_path).name
    asked = client(tmp_path)
    assert asked.get(f"/run/{run}/data", headers=headers).status_code == 403
    assert asked.post(f"/run/{run}/delete", headers=headers).status_code == 403
    assert (tmp_path / run).exists()


def test_a_link_on_another_page_opens_the_page(tmp_path):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client(tmp_path).get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("action", ["delete", "restore", "title"])
def test_nothing_is_changed_without_the_token(tmp_path, action):
    run = finished(tmp_path).name
    for token in (None, "", "Secret", "secretly"):
        headers = {} if token is None else {"x-surefoot-token": token}
        assert (
            client(tmp_path, token=False).post(f"/run/{run}/{action}", content="x", headers=headers).status_code == 403
        )
    assert client(tmp_path, token=False).get("/").status_code == 200
    assert "data-delete" not in client(tmp_path, token=False).get("/").text
    assert "data-delete" in client(tmp_path).get("/").text


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(tmp_path):
    asked = client(tmp_path, token=False)
    answer = asked.get("/?search=a&token=secret&sort=best")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?search=a&sort=best")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "data-may-change" in asked.get("/").text
    assert client(tmp_path, token=False).get("/?token=wrong").status_code == 403


def test_an_address_with_the_token_leads_nowhere_else(tmp_path):
    answer = client(tmp_path, token=False).get("http://127.0.0.1:8000//evil.example/?token=secret")
    assert answer.headers["location"] == "/evil.example/"


def test_others_on_the_network_need_the_token_for_all_of_it(tmp_path):
    open_ = {"host": "192.168.0.7"}
    assert client(tmp_path, token=False, **open_).get("/").status_code == 403
    assert client(tmp_path, **open_).get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/schedules", "/compare", "/static/page.css", "/nothing"])
def test_every_answer_allows_our_own_files_and_nothing_else(tmp_path, path):
    headers = client(tmp_path).get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize(
    "path",
    [
        "/run/..%2f..%2fetc/data", "/run/%2e%2e/data", "/run/.deleted/data", "/static/../page/views.py",
        "/static/%2e%2e/views.py", "/static//etc/passwd", "/static/vendor/../../views.py", "/run/%00/data",
    ],
)  # fmt: skip
def test_no_path_of_a_request_reaches_the_file_system(tmp_path, path):
    finished(tmp_path)
    assert client(tmp_path).get(path).status_code == 404


def test_an_address_says_its_token_and_hides_it_in_errors():
    address = Address("::1", 8000, "secret")
    assert address.url("/latest?after=1") == "http://[::1]:8000/latest?after=1&token=secret"
    assert "secret" not in repr(address)
    assert (address.private, Address("0.0.0.0", 1).private) == (True, False)
