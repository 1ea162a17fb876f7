"""A server of files with Range requests, for HTTP and for the read half of S3, that can fail.

As a program: `file_server.py FOLDER` prints its port.
"""
from __future__ import annotations

import contextlib
import hashlib
import http.server
import pathlib
import sys
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET = 'sets'
_LIST = ('<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns='
         '"http://s3.amazonaws.com/doc/2006-03-01/"><Name>{}</Name><KeyCount>0</KeyCount>'
         '<IsTruncated>false</IsTruncated></ListBucketResult>')
_ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>{}</Message></Error>'


class FileServer(http.server.ThreadingHTTPServer):
    """Serves the files of a folder on the loopback; a context manager.

    Attributes:
        asked: (method, name, range) of each request.
        failing: Answers to come instead of files: statuses, or 'hang up' in the midst of one.
        ranges: False to ignore Range, as Python's own server does.
    """

    daemon_threads = True

    def __init__(self, folder: pathlib.Path, port: int = 0) -> None:
        super().__init__(('127.0.0.1', port), _Handler)
        self.folder = folder
        self.asked: list[tuple[str, str, str]] = []
        self.failing: list[int | str] = []
        self.ranges = True

    def __enter__(self) -> FileServer:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        """Address of the folder."""
        return f'http://127.0.0.1:{self.port}'


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # a body after its head would wait for 40 ms
    server: FileServer

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # of a client that was killed
            super().handle()

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        address = urlsplit(self.path)
        is_s3 = address.path.startswith(f'/{BUCKET}')
        name = unquote(address.path).removeprefix(f'/{BUCKET}').strip('/')
        span = self.headers.get('Range', '')
        self.server.asked.append((self.command, name, span))
        if 'list-type' in parse_qs(address.query):
            self._send(200, _LIST.format(BUCKET).encode(), {'Content-Type': 'application/xml'})
            return
        failure = self._failure()
        path = self.server.folder / name
        content = path.read_bytes() if path.is_file() else b''
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if isinstance(failure, int):
            self._refuse(failure, is_s3)
        elif not path.is_file():
            self._refuse(404, is_s3)
        elif self.headers.get('If-Match', tag) != tag:
            self._refuse(412, is_s3)
        else:
            self._give(content, tag, span if self.server.ranges else '', failure)

    def _failure(self) -> int | str | None:
        with contextlib.suppress(IndexError):
            return self.server.failing.pop(0)
        return None

    def _give(self, content: bytes, tag: str, span: str, failure: object) -> None:
        headers = {'ETag': tag, 'Content-Type': 'application/octet-stream'}
        status, part = 200, content
        if self.server.ranges:
            headers['Accept-Ranges'] = 'bytes'
        if span:
            first, last = (int(text) for text in span.removeprefix('bytes=').split('-'))
            status, part = 206, content[first:last + 1]
            if first >= len(content):
                self._send(416, b'', {'Content-Range': f'bytes */{len(content)}'})
                return
            headers['Content-Range'] = (f'bytes {first}-{first + len(part) - 1}/{len(content)}')
        self._send(status, part, headers, half=failure == 'hang up')

    def _refuse(self, status: int, is_s3: bool) -> None:
        code = {404: 'NoSuchKey', 403: 'AccessDenied', 412: 'PreconditionFailed',
                503: 'SlowDown'}.get(status, 'InternalError')
        body = _ERROR.format(code, 'At least one of the pre-conditions you specified did not hold'
                             if status == 412 else code).encode() if is_s3 else b'no'
        self._send(status, body, {'Content-Type': 'application/xml'})

    def _send(self, status: int, body: bytes, headers: dict[str, str], half: bool = False) -> None:
        self.send_response(status)
        for key, value in {**headers, 'Content-Length': str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(body[:len(body) // 2] if half else body)
        if half:
            self.close_connection = True


@contextlib.contextmanager
def serving(folder: pathlib.Path) -> Iterator[FileServer]:
    """A server of a folder."""
    with FileServer(folder) as server:
        yield server


def main() -> None:
    server = FileServer(pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main()
