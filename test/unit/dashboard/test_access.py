"""Access to the dashboard: tokens, other sites, sizes."""
from __future__ import annotations

import asyncio

import pytest

from ros_animate.dashboard.access import MAX_BODY, Guard, is_loopback, new_token

TOKEN = new_token()
PORT = 8080


async def served(scope, receive, send):
    """An application that answers everything and accepts every web socket."""
    if scope['type'] == 'websocket':
        await send({'type': 'websocket.accept'})
        return
    size = 0
    while True:
        message = await receive()
        if message['type'] == 'http.disconnect':
            return
        size += len(message.get('body', b''))
        if not message.get('more_body'):
            break
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': str(size).encode()})


def ask(guard, path='/', kind='http', method='GET', query='', bodies=(b'',), **headers):
    """The messages that the guard sends for one request."""
    scope = {'type': kind, 'path': path, 'query_string': query.encode(), 'headers': [
        (name.replace('_', '-').encode(), value.encode())
        for name, value in {'host': f'localhost:{PORT}', **headers}.items()]}
    if kind == 'http':
        scope['method'] = method
    sent = []
    waiting = [{'type': 'http.request', 'body': body, 'more_body': i + 1 < len(bodies)}
               for i, body in enumerate(bodies)]

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)
    asyncio.run(guard(scope, receive, send))
    return sent


def status(sent):
    return sent[0].get('status') if sent else None


@pytest.fixture
def open_guard():
    return Guard(served, '', PORT)


@pytest.fixture
def guard():
    return Guard(served, TOKEN, PORT)


@pytest.mark.parametrize('host', ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'localhost'])
def test_this_machine_needs_no_token(open_guard, host):
    assert status(ask(open_guard, host=host)) == 200


@pytest.mark.parametrize('host', ['evil.example', '192.168.1.5:8080', '', '127.0.0.1.evil.example'])
def test_a_name_that_was_pointed_to_this_machine_gets_nothing(open_guard, host):
    assert status(ask(open_guard, host=host)) == 403


def test_another_site_cannot_send_orders(open_guard):
    own = 'http://localhost:8080'
    assert status(ask(open_guard, '/api/estop', method='POST', origin=own)) == 200
    for origin in ('http://evil.example', 'http://localhost:9999', 'null'):
        assert status(ask(open_guard, '/api/estop', method='POST', origin=origin)) == 403
        assert ask(open_guard, '/live', 'websocket', origin=origin)[0]['type'] == 'websocket.close'


@pytest.mark.parametrize('path', ['/', '/live', '/static/live.js', '/api/estop', '/_nicegui_ws/'])
@pytest.mark.parametrize('headers', [
    {}, {'cookie': 'ros_animate_8080=wrong'}, {'cookie': f'ros_animate_9090={TOKEN}'},
    {'cookie': '@,;=\x01'}])
def test_without_the_token_nothing_is_served(guard, path, headers):
    assert status(ask(guard, path, **headers)) == 401
    assert ask(guard, path, 'websocket', **headers) == [{'type': 'websocket.close', 'code': 1008}]


def test_a_wrong_token_in_the_address_gets_nothing(guard):
    for query in ('token=', 'token=wrong', f'token={TOKEN}x', f'other={TOKEN}'):
        assert status(ask(guard, query=query)) == 401


def test_the_token_moves_from_the_address_into_a_cookie(guard):
    sent = ask(guard, query=f'token={TOKEN}')
    headers = dict(sent[0]['headers'])
    assert sent[0]['status'] == 303 and headers[b'location'] == b'/'
    cookie = headers[b'set-cookie'].decode()
    assert 'HttpOnly' in cookie and 'SameSite=Strict' in cookie
    assert status(ask(guard, cookie=cookie.split(';')[0])) == 200
    assert ask(guard, '/live', 'websocket', cookie=cookie.split(';')[0])[0]['type'] == (
        'websocket.accept')


def test_the_redirection_leads_to_no_other_site(guard):
    headers = dict(ask(guard, '//evil.example/', query=f'token={TOKEN}')[0]['headers'])
    assert headers[b'location'] == b'/evil.example/'


def test_a_long_body_is_refused_whatever_its_header_says(open_guard):
    sent = ask(open_guard, method='POST', content_length=str(MAX_BODY + 1))
    assert status(sent) == 413
    half = b'x' * (MAX_BODY // 2 + 1)
    assert ask(open_guard, method='POST', bodies=[half, half]) == []
    assert status(ask(open_guard, method='POST', bodies=[b'x' * 10])) == 200


def test_pages_cannot_be_framed_by_other_sites(open_guard):
    headers = dict(ask(open_guard)[0]['headers'])
    assert headers[b'x-frame-options'] == b'DENY'
    assert b"frame-ancestors 'none'" in headers[b'content-security-policy']


@pytest.mark.parametrize('host, expected', [
    ('127.0.0.1', True), ('127.0.0.9', True), ('::1', True), ('localhost', True),
    ('0.0.0.0', False), ('::', False), ('192.168.0.3', False), ('robot.local', False)])
def test_addresses_that_only_this_machine_reaches(host, expected):
    assert is_loopback(host) == expected
