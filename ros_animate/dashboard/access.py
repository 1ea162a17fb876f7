"""Access to the dashboard: who may connect, from where, and how much may be sent.

On the loopback address whoever is on the machine may connect, but no page of another site that is
open in the browser (checks of Host and Origin). On any other address everything, web sockets
included, needs a token.
"""
from __future__ import annotations

import hmac
import http.cookies
import ipaddress
import secrets
import urllib.parse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ros_animate.limits import MIB

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 20 * MIB  # of a request
LOOPBACK_NAMES = ('localhost', '127.0.0.1', '::1')
HEADERS = [
    # NiceGUI's templates are compiled in the browser.
    (b'content-security-policy', b"default-src 'self'; script-src 'self' 'unsafe-inline' "
     b"'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
     b"font-src 'self' data:; frame-ancestors 'none'; form-action 'self'; base-uri 'self'"),
    (b'x-frame-options', b'DENY'), (b'x-content-type-options', b'nosniff'),
    (b'referrer-policy', b'no-referrer')]
REFUSED = (b'<!doctype html><meta name="viewport" content="width=device-width"><title>ros_animate'
           b'</title><p>This dashboard needs its token: open the address that was printed when it '
           b'was started.</p>')


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    if host == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


class Guard:
    """ASGI application around another one that lets only the permitted requests through.

    Args:
        app: The application.
        token: Required of everybody; '' permits what comes to a loopback name from no other site.
        port: Port of the server: browsers share cookies between ports of a host.
    """

    def __init__(self, app: Any, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._cookie = f'ros_animate_{port}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request, web socket or event of the server's life."""
        if scope['type'] == 'lifespan':
            await self._app(scope, receive, send)
            return
        headers = {key.decode('latin-1').lower(): value.decode('latin-1')
                   for key, value in scope['headers']}
        if not self._is_same_site(scope, headers):
            await refuse(scope, send, 403, b'refused: the request comes from another site')
        elif self._token and self._is_first_visit(scope):
            await self._redirect(scope, send)
        elif self._token and not self._has_cookie(headers):
            await refuse(scope, send, 401, REFUSED)
        elif int_or(headers.get('content-length'), 0) > MAX_BODY:
            await refuse(scope, send, 413, b'too large')
        else:
            await self._app(scope, limited(receive), with_headers(send))

    def _is_same_site(self, scope: Scope, headers: dict[str, str]) -> bool:
        """False for requests that a page of another site made this browser send."""
        host = headers.get('host', '')
        if not self._token and host_name(host) not in LOOPBACK_NAMES:
            return False  # a name of somebody's that was pointed to this machine
        origin = headers.get('origin')
        changes = scope['type'] == 'websocket' or scope['method'] not in ('GET', 'HEAD')
        return origin is None or not changes or urllib.parse.urlsplit(origin).netloc == host

    def _is_first_visit(self, scope: Scope) -> bool:
        given = urllib.parse.parse_qs(scope['query_string'].decode('latin-1')).get('token', [''])
        return (scope['type'] == 'http' and scope['method'] == 'GET'
                and hmac.compare_digest(given[0].encode(), self._token.encode()))

    def _has_cookie(self, headers: dict[str, str]) -> bool:
        cookies = http.cookies.SimpleCookie()
        try:
            cookies.load(headers.get('cookie', ''))
        except http.cookies.CookieError:
            return False
        given = cookies[self._cookie].value if self._cookie in cookies else ''
        return hmac.compare_digest(given.encode(), self._token.encode())

    async def _redirect(self, scope: Scope, send: Send) -> None:
        """Moves the token from the address into a cookie."""
        cookie = f'{self._cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800'
        path = '/' + scope['path'].lstrip('/')  # //other.site would lead away
        await send({'type': 'http.response.start', 'status': 303, 'headers': [
            (b'location', urllib.parse.quote(path).encode()), (b'set-cookie', cookie.encode()),
            (b'cache-control', b'no-store'), *HEADERS]})
        await send({'type': 'http.response.body', 'body': b''})


def host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return urllib.parse.urlsplit(f'//{host}').hostname or ''
    except ValueError:
        return ''


def int_or(text: str | None, default: int) -> int:
    """The number in a header, the default if there is none."""
    return int(text) if text and text.isascii() and text.isdigit() else default


async def refuse(scope: Scope, send: Send, status: int, body: bytes) -> None:
    """Answers with an error, and closes a web socket before it is open."""
    if scope['type'] == 'websocket':
        await send({'type': 'websocket.close', 'code': 1008})
        return
    await send({'type': 'http.response.start', 'status': status, 'headers': [
        (b'content-type', b'text/html; charset=utf-8'), *HEADERS]})
    await send({'type': 'http.response.body', 'body': body})


def limited(receive: Receive) -> Receive:
    """`receive` for bodies of at most MAX_BODY; a longer one looks as if the sender had left."""
    received = 0

    async def receive_limited() -> MutableMapping[str, Any]:
        nonlocal received
        message = await receive()
        received += len(message.get('body', b'')) if message['type'] == 'http.request' else 0
        return {'type': 'http.disconnect'} if received > MAX_BODY else message
    return receive_limited


def with_headers(send: Send) -> Send:
    """`send` that adds the HEADERS to every response."""
    async def send_more(message: MutableMapping[str, Any]) -> None:
        if message['type'] == 'http.response.start':
            message = {**message, 'headers': [*message.get('headers', []), *HEADERS]}
        await send(message)
    return send_more
