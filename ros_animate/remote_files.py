"""Files at HTTP and S3 addresses, read by ranges through fsspec.

What was read is kept in one bounded cache, a server that fails is asked again for a while, and a
file that changes while it is in use is named. Programs that read local files alone need none of the
packages behind it.
"""
from __future__ import annotations

import asyncio
import functools
import io
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ros_animate.backoff import Backoff
from ros_animate.errors import UserError, cut, shown
from ros_animate.limits import MIB
from ros_animate.optional_packages import require

SCHEMES = {'http': 'aiohttp', 'https': 'aiohttp', 's3': 's3fs'}  # and the package for it
BLOCK_BYTES = 2 ** 15
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 15.0
_CONNECT_S, _READ_S = 10, 30
_LINES_BYTES = 2 ** 20  # that are read at a time where a file is read from begin to end
_AGAIN = (408, 425, 429)  # statuses below 500 after which another try may help
# What the client of S3 says where it has found nothing to sign requests with.
_LACKS = ('NoCredentialsError', 'PartialCredentialsError', 'ProfileNotFound', 'NoRegionError')

Result = TypeVar('Result')
_log = logging.getLogger(__name__)


class RemoteFileError(UserError):
    """A remote file cannot be used; the message names its address, the reason and the remedy."""


def is_remote(name: str) -> bool:
    """True for an address, False for a path."""
    return '://' in name


class RemoteFolder:
    """Files below an address; any number of threads may read them.

    Args:
        url: http://, https:// or s3://BUCKET/…; credentials come from the environment.
        cache_bytes: Content that is kept in memory, of all files together.
        patience_s: Longest time between the tries of a server that fails, together.

    Raises:
        RemoteFileError: It is no such address.
        MissingPackageError: The package for it is not installed.
    """

    def __init__(self, url: str, cache_bytes: float = 256 * MIB, patience_s: float = 120.0) -> None:
        scheme = _check(url)
        require('fsspec')
        require(SCHEMES[scheme])
        self.url = url.rstrip('/')
        self.cache = _Blocks(cache_bytes)
        self._patience_s = patience_s
        self._files: dict[str, RemoteFile] = {}
        self._is_s3 = scheme == 's3'
        self._stopping, self._is_failing = threading.Event(), False

    def __str__(self) -> str:
        return self.url

    def file(self, name: str) -> RemoteFile:
        """The file of a name, which is not looked for before it is read; raises RemoteFileError."""
        if name not in self._files:
            if (not isinstance(name, str) or not name.isprintable() or not name
                    or name.startswith('.') or set(name) & set('/\\?#%*')):
                raise RemoteFileError(f'expected the name of a file in {self}, got {shown(name)}')
            self._files[name] = RemoteFile(self, name)
        return self._files[name]

    def stop(self) -> None:
        """Ends what waits for the next try, in all threads."""
        self._stopping.set()

    def open(self, url: str) -> Any:
        """The file of fsspec; one request."""
        if self._is_s3:
            return self._system.open(url, cache_type='none')
        info = self._system.info(url)
        if info.get('size') == 0:
            raise RemoteFileError(f'{url} is empty: copy the set there again')
        if info.get('size') is None or info.get('partial') is False:
            raise _NoRangesError('it does not tell sizes, or says so')
        return self._system.open(url, cache_type='none', size=info['size'],
                                 headers=_unless_changed(info))

    def patiently(self, url: str, attempt: Callable[[], Result]) -> Result:
        """The result of an attempt, which is repeated where the server may recover.

        Raises:
            RemoteFileError: It did not, or no other try would help.
        """
        backoff, waited_s = Backoff(FIRST_RETRY_S, LAST_RETRY_S), 0.0
        while True:
            try:
                result = attempt()
            except self._errors as error:
                _refuse_lasting(url, _behind(error))
                reason = _reason(_behind(error))
            else:
                if waited_s:
                    self._is_failing = False
                return result
            # Not the time that has passed: the machine may have been asleep.
            delay_s = backoff.note_failure(waited_s)
            if waited_s + delay_s > self._patience_s or self._stopping.is_set():
                raise RemoteFileError(f'cannot read {url}: {reason}; another try was awaited for '
                                      f'{waited_s:.0f} s: check the server, then go on with '
                                      '--resume')
            if not self._is_failing:  # one line for all threads
                self._is_failing = True
                _log.warning('cannot read %s: %s; it is tried again for %g s', url, reason,
                             self._patience_s)
            self._stopping.wait(delay_s)
            waited_s += delay_s

    @functools.cached_property
    def _system(self) -> Any:
        import fsspec  # optional
        if self._is_s3:
            system = fsspec.filesystem('s3', skip_instance_cache=True, config_kwargs={
                'connect_timeout': _CONNECT_S, 'read_timeout': _READ_S,
                'retries': {'max_attempts': 0}})
            system.retries = 1  # `patiently` repeats
            return system
        import aiohttp  # optional
        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT_S, sock_read=_READ_S)
        # Proxies and ~/.netrc apply. A compressed answer would have other places.
        return fsspec.filesystem('http', skip_instance_cache=True, client_kwargs={
            'timeout': timeout, 'trust_env': True, 'headers': {'Accept-Encoding': 'identity'}})

    @functools.cached_property
    def _errors(self) -> tuple[type[Exception], ...]:
        """Exceptions of the HTTP and S3 clients."""
        import aiohttp  # optional; s3fs needs it too
        own = (OSError, ValueError, asyncio.TimeoutError, aiohttp.ClientError)
        if not self._is_s3:
            return own
        import botocore.exceptions as botocore  # optional
        # s3fs raises IndexError over a timeout, in which it looks for a number.
        return (*own, IndexError, botocore.BotoCoreError, botocore.ClientError)


class RemoteFile:
    """A file of a remote folder.

    Attributes:
        url: Its address.
    """

    def __init__(self, folder: RemoteFolder, name: str) -> None:
        self._folder, self.url = folder, f'{folder.url}/{name}'
        self._lock = threading.Lock()
        self._opened: Any = None

    def __str__(self) -> str:
        return self.url

    @property
    def size(self) -> int:
        """Bytes of the file; raises RemoteFileError."""
        return int(self._folder.patiently(self.url, self._open).size)

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from `offset` on, fewer at the end; raises RemoteFileError."""
        end = max(offset, min(offset + size, self.size))
        first, last = offset // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        blocks = [self._folder.cache.get((self.url, number)) for number in range(first, last)]
        missing = [number for number, block in enumerate(blocks, first) if block is None]
        if missing:
            content = self._fetch(missing[0] * BLOCK_BYTES, (missing[-1] + 1) * BLOCK_BYTES)
            for number in range(missing[0], missing[-1] + 1):
                start = (number - missing[0]) * BLOCK_BYTES
                blocks[number - first] = block = content[start:start + BLOCK_BYTES]
                self._folder.cache.put((self.url, number), block)
        start = offset - first * BLOCK_BYTES
        return b''.join(block or b'' for block in blocks)[start:start + end - offset]

    def stream(self) -> io.BufferedReader:
        """The file from begin to end, past the cache; reading raises RemoteFileError."""
        return io.BufferedReader(_Stream(self), _LINES_BYTES)

    def _fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, or to the end of the file."""
        end = min(end, self.size)
        if start >= end:
            return b''
        content: bytes = self._folder.patiently(
            self.url, lambda: self._open().cache.fetcher(start, end))
        if len(content) != end - start:
            raise RemoteFileError(f'{self.url} ends before byte {end}, although it had {self.size} '
                                  'bytes before: it was cut or changed on the server; put the file '
                                  'of the set back, then go on with --resume')
        return content

    def _open(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = self._folder.open(self.url)
            return self._opened


class _Stream(io.RawIOBase):
    """A remote file as a stream of bytes."""

    def __init__(self, file: RemoteFile) -> None:
        self._file, self._place = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._file._fetch(self._place, self._place + len(buffer))
        buffer[:len(content)] = content
        self._place += len(content)
        return len(content)


class _Blocks:
    """Blocks of files that were used last, up to a number of bytes."""

    def __init__(self, most_bytes: float) -> None:
        self._most, self._held = most_bytes, 0
        self._blocks: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: tuple[str, int]) -> bytes | None:
        """The block of an address and a number, if it is held."""
        with self._lock:
            if place in self._blocks:
                self._blocks.move_to_end(place)
            return self._blocks.get(place)

    def put(self, place: tuple[str, int], block: bytes) -> None:
        """Keeps a block, in the place of those that were not used for longest."""
        with self._lock:
            self._held += len(block) - len(self._blocks.pop(place, b''))
            self._blocks[place] = block
            while self._held > self._most:
                self._held -= len(self._blocks.popitem(last=False)[1])


class _NoRangesError(ValueError):
    """A server does not tell the size of a file, or gives no parts of it."""


def _check(url: str) -> str:
    """The scheme of an address; raises RemoteFileError."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RemoteFileError(f'{cut(url)} is not an address ({error})') from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise RemoteFileError(f'{cut(url)}: expected http://…, https://… or s3://BUCKET/…, or the '
                              'path of a folder')
    # They would stand in the files of the run and in messages.
    if '@' in parts.netloc or parts.query or parts.fragment:
        raise RemoteFileError(f'{parts.scheme}://{parts.hostname}: an address here has no name, '
                              'password, ? or #: give them by ~/.netrc or, for S3, by the '
                              'environment (docs/training.md)')
    return parts.scheme


def _unless_changed(info: dict[str, Any]) -> dict[str, str]:
    """Headers by which a server refuses a file that is no longer the same."""
    tag, date = info.get('ETag', ''), info.get('Last-Modified')
    if tag.startswith('"'):  # others do not tell one content from another
        return {'If-Match': tag}
    return {'If-Unmodified-Since': date} if date else {}


def _behind(error: Exception) -> Exception:
    """The error itself; fsspec says of every failed look for a file that it is not there."""
    cause = error.__cause__
    return cause if isinstance(error, FileNotFoundError) and isinstance(cause, Exception) else error


def _refuse_lasting(url: str, error: Exception) -> None:
    """Raises RemoteFileError for an error that another try would not mend."""
    status, reason = _status(error), _reason(error)
    if status == 412 or type(error).__name__ == 'FileExpired':
        raise RemoteFileError(f'{url} has changed on the server while it was in use: put the file '
                              'of the set back, then go on with --resume') from error
    if isinstance(error, ValueError):
        raise RemoteFileError(f'{url}: the server gives no parts of files ({reason}): use one that '
                              'knows Range requests, such as nginx') from error
    if type(error).__name__ in _LACKS:
        raise RemoteFileError(f'cannot read {url}: {reason}; set AWS_ACCESS_KEY_ID and '
                              'AWS_SECRET_ACCESS_KEY, or FSSPEC_S3_ANON=true for a public bucket'
                              ) from error
    lasts = (isinstance(error, (FileNotFoundError, PermissionError)) if status is None
             else 400 <= status < 500 and status not in _AGAIN)
    if lasts:
        raise RemoteFileError(f'cannot read {url}: {reason}; check the address, and that it may be '
                              'read') from error


def _status(error: BaseException | None) -> int | None:
    """HTTP status behind an error; None if there was no answer."""
    while error is not None:
        status, response = getattr(error, 'status', None), getattr(error, 'response', None)
        if isinstance(response, dict):
            status = response.get('ResponseMetadata', {}).get('HTTPStatusCode')
        if isinstance(status, int):
            return status
        error = error.__cause__
    return None


def _reason(error: Exception) -> str:
    status = _status(error)
    if status is not None:
        return f'the server answers with status {status}'
    if isinstance(error, FileNotFoundError):
        return 'it is not there'
    if isinstance(error, IndexError):
        return 'no answer in time'
    return cut(str(error)) or type(error).__name__
