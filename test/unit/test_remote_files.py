"""Files at addresses: the same bytes as on the disk, failures named, memory bounded."""
from __future__ import annotations

import time

import numpy as np
import pytest
from helpers.file_server import BUCKET, FileServer

from ros_animate import remote_files
from ros_animate.optional_packages import PACKAGES
from ros_animate.remote_files import BLOCK_BYTES, RemoteFileError, RemoteFolder

for package in ('fsspec', 'aiohttp', 's3fs'):
    pytest.importorskip(package, reason=f'the package {PACKAGES[package][0]} is not installed')
CONTENT = np.random.default_rng(3).bytes(5 * BLOCK_BYTES + 100)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Failed attempts are repeated at once; the loopback is reached without a proxy."""
    monkeypatch.setattr(remote_files, 'FIRST_RETRY_S', 0.01)
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')


@pytest.fixture
def server(tmp_path):
    (tmp_path / 'a.tar').write_bytes(CONTENT)
    (tmp_path / 'empty').touch()
    with FileServer(tmp_path) as served:
        yield served


@pytest.fixture(params=['http', 's3'])
def address(request, server, monkeypatch):
    """Address of the folder, by each way to reach it."""
    if request.param == 'http':
        return server.url
    for name, value in {'AWS_ENDPOINT_URL_S3': server.url, 'AWS_ACCESS_KEY_ID': 'someone',
                        'AWS_SECRET_ACCESS_KEY': 'secret'}.items():
        monkeypatch.setenv(name, value)
    return f's3://{BUCKET}'


def gets(server) -> list[str]:
    return [span for method, _, span in server.asked if method == 'GET' and span]


def test_parts_are_those_of_the_file(address):
    file = RemoteFolder(address).file('a.tar')
    assert file.size == len(CONTENT)
    for offset, size in ((0, 10), (BLOCK_BYTES - 5, 10), (100, 3 * BLOCK_BYTES),
                         (len(CONTENT) - 7, 100), (len(CONTENT) + 9, 5)):
        assert file.read(offset, size) == CONTENT[offset:offset + size]
    assert file.stream().read() == CONTENT


def test_what_is_held_is_not_asked_for_again(server):
    file = RemoteFolder(server.url).file('a.tar')
    for _ in range(3):
        file.read(10, 100)
    file.read(BLOCK_BYTES - 10, 100)
    assert gets(server) == [f'bytes=0-{BLOCK_BYTES - 1}',
                            f'bytes={BLOCK_BYTES}-{2 * BLOCK_BYTES - 1}']


@pytest.mark.parametrize('most_blocks', [0, 2])
def test_memory_is_bounded(server, most_blocks):
    folder = RemoteFolder(server.url, most_blocks * BLOCK_BYTES)
    for offset in range(0, len(CONTENT), 9000):
        folder.file('a.tar').read(offset, 9000)
        assert sum(map(len, folder.cache._blocks.values())) <= most_blocks * BLOCK_BYTES


@pytest.mark.parametrize('failures', [[500], [503, 503, 429], ['hang up']])
def test_a_server_that_recovers_is_waited_for(address, server, failures, caplog):
    file = RemoteFolder(address, 0, patience_s=60).file('a.tar')
    assert file.size == len(CONTENT)
    server.failing = [*failures]
    assert file.read(7, 100) == CONTENT[7:107]
    assert not server.failing
    message, = (record.getMessage() for record in caplog.records
                if record.name == remote_files.__name__)
    assert message.startswith(f'cannot read {address}/a.tar: ') and 'tried again' in message


def test_a_server_that_does_not_recover_is_named(address, server):
    server.failing = [503] * 10_000
    with pytest.raises(RemoteFileError, match=rf'{address}/a.tar: .* status 503; another try was .*'
                                              'check the server.*--resume'):
        RemoteFolder(address, patience_s=0.2).file('a.tar').read(0, 10)


def test_no_server_is_named(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(RemoteFileError, match=rf'cannot read {server.url}/a.tar: Cannot connect'):
        RemoteFolder(server.url, patience_s=0.1).file('a.tar').read(0, 10)


@pytest.mark.parametrize('status', [401, 403, 404])
def test_what_does_not_change_is_not_tried_again(address, server, status):
    server.failing = [status] * 3  # fsspec looks twice
    with pytest.raises(RemoteFileError, match=rf'{address}/a.tar.*; check the address'):
        RemoteFolder(address, patience_s=60).file('a.tar').read(0, 10)


def test_a_changed_file_is_named(address, server, tmp_path):
    file = RemoteFolder(address, 0).file('a.tar')
    file.read(0, 10)
    (tmp_path / 'a.tar').write_bytes(CONTENT[::-1])
    with pytest.raises(RemoteFileError, match=f'{address}/a.tar has changed on the server'):
        file.read(0, 10)


def test_a_server_without_parts_is_named(server):
    server.ranges = False
    with pytest.raises(RemoteFileError, match=rf'{server.url}/a.tar: the server gives no parts'):
        RemoteFolder(server.url).file('a.tar').read(2 * BLOCK_BYTES, 10)
    with pytest.raises(RemoteFileError, match=rf'{server.url}/empty is empty'):
        RemoteFolder(server.url).file('empty').read(0, 10)


def test_missing_credentials_are_named(monkeypatch, server):
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('AWS_EC2_METADATA_DISABLED', 'true')
    monkeypatch.setenv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere')
    monkeypatch.setenv('AWS_ENDPOINT_URL_S3', server.url)
    with pytest.raises(RemoteFileError, match=f's3://{BUCKET}/a.tar: .*set AWS_ACCESS_KEY_ID'):
        RemoteFolder(f's3://{BUCKET}').file('a.tar').read(0, 10)


def test_stopping_ends_the_waiting(server):
    server.failing = [503] * 100
    folder = RemoteFolder(server.url, patience_s=600)
    folder.stop()
    start_s = time.monotonic()
    with pytest.raises(RemoteFileError):
        folder.file('a.tar').read(0, 10)
    assert time.monotonic() - start_s < 300


@pytest.mark.parametrize(('url', 'message'), [
    ('ftp://host/set', 'expected http'), ('https://', 'expected http'),
    ('http://[host/set', 'not an address'), ('https://me:secret@host/set', r'\.netrc'),
    ('https://host/set?key=secret', r'\.netrc')])
def test_other_addresses_are_refused(url, message):
    with pytest.raises(RemoteFileError, match=message) as caught:
        RemoteFolder(url)
    assert 'secret' not in str(caught.value)


@pytest.mark.parametrize('name', ['../a', 'a/b', '', 'a?b', '.x', 3, None])
def test_names_stay_in_the_folder(name):
    with pytest.raises(RemoteFileError, match='expected the name of a file in http://host/set'):
        RemoteFolder('http://host/set').file(name)
