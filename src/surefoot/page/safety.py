"""Who may ask the page for what: only from this machine's own names, and whoever changes something has the token.

A web site that is open in another tab can send requests to this machine, under a name of its own that leads here
(DNS rebinding) or from its own origin. Host and Origin tell both, and the token tells other people's programs.
"""

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""The names of this machine that lead nowhere else."""

HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; img-src 'self' blob:",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""What every answer says: no script but our files, nothing from another host, no other page's frame.

Pictures may also be what our own script has in memory (blob:): a figure goes through such a picture to become a PNG.
"""

TOKEN = "x-surefoot-token"
"""The header in which a program gives the token; a browser has a cookie."""


@final
@dataclass(frozen=True)
class Address:
    """Where the page is, and the token for it.

    Args:
        host: the interface that it listens on.
        port: of the listener.
        token: lets its owner change things.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host.strip("[]") in ("127.0.0.1", "localhost", "::1")

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers do not tell ports apart."""
        return f"surefoot-{self.port}"

    def names(self) -> set[str]:
        """Return what the header Host may be."""
        hosts = {*LOOPBACK, self.host} if ":" not in self.host else {*LOOPBACK, f"[{self.host.strip('[]')}]"}
        return {f"{host}:{self.port}" for host in hosts} | (hosts if self.port == 80 else set())

    def url(self, path: str = "/") -> str:
        """Return the address with its token, as it is printed."""
        host = f"[{self.host}]" if ":" in self.host else "127.0.0.1" if self.host == "0.0.0.0" else self.host
        return f"http://{host}:{self.port}{path}{'&' if '?' in path else '?'}token={self.token}"


@final
class Guarded:
    """Lets through to an application what may be asked; `scope["state"]["may_change"]` says who may change things.

    Args:
        app: the application.
        address: where it is served.
    """

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self._app, self._address, self._names = app, address, address.names()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, told)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            return PlainTextResponse("This page answers only to the name of this machine.", 421)
        if "origin" in headers and headers["origin"] != f"http://{host}":
            return PlainTextResponse("Another page may not ask this one.", 403)
        fetched = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
        if fetched and not (scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"):
            return PlainTextResponse("Another page may not ask this one.", 403)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if given:
            return self._entered(scope, given[0])
        known = self._has_token(headers)
        scope.setdefault("state", {})["may_change"] = known
        if known or (self._address.private and scope["method"] in ("GET", "HEAD")):
            return None
        return PlainTextResponse("Open the page by the address with its token, which the command has printed.", 403)

    def _known(self, host: str) -> bool:
        """Tell whether a Host is ours; one who listens on every interface is called by names we cannot know."""
        return host in self._names or (
            self._address.host in ("0.0.0.0", "::") and host.endswith(f":{self._address.port}")
        )

    def _entered(self, scope: Scope, token: str) -> Response:
        """Keep the token in a cookie and take it out of the address, where history and logs would keep it."""
        if not secrets.compare_digest(token.encode(), self._address.token.encode()):
            return PlainTextResponse("That is not this page's token; the command prints it anew at each start.", 403)
        rest = "&".join(part for part in scope["query_string"].decode("latin-1").split("&") if part[:6] != "token=")
        path = "/" + scope["path"].lstrip("/\\")  # two slashes would be another host
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.set_cookie(self._address.cookie, token, httponly=True, samesite="strict")
        return answer

    def _has_token(self, headers: Headers) -> bool:
        given = headers.get(TOKEN)
        if given is None:
            try:
                cookies: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
            except CookieError:
                return False
            given = cookies[self._address.cookie].value if self._address.cookie in cookies else ""
        return secrets.compare_digest(given.encode(), self._address.token.encode())
