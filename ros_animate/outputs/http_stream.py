"""An MJPEG stream over HTTP of the newest image, for browsers and OBS."""
from __future__ import annotations

import http.server
import threading
from http import HTTPStatus

from ros_animate.errors import UserError
from ros_animate.images import encode_jpeg
from ros_animate.types import Image

MOST_VIEWERS = 8
QUALITY = 85
WRITE_S = 5.0
_PAGE = (b'<!doctype html><title>ros_animate</title><body style="margin:0;background:#111">'
         b'<img src="/stream.mjpg" style="width:100vw;height:100vh;object-fit:contain">')


class HttpStream:
    """A server with a page and the stream `/stream.mjpg`. Every viewer gets the newest image.

    Args:
        host: Address to listen at.
        port: Port, 0 for a free one.

    Raises:
        UserError: The address is taken.

    Attributes:
        address: URL of the page.
    """

    def __init__(self, host: str, port: int) -> None:
        self._changed = threading.Condition()
        self._image: Image | None = None
        self._number = 0
        self._closing = False
        self._viewers = threading.Semaphore(MOST_VIEWERS)
        try:
            self._server = http.server.ThreadingHTTPServer((host, port), self._handler())
        except (OSError, UnicodeError) as error:
            raise UserError(f'cannot serve images at {host}:{port}: '
                            f'{getattr(error, "strerror", None) or error}; choose another '
                            'port') from error
        self._server.daemon_threads = True
        self.address = f'http://{host}:{self._server.server_address[1]}/'
        self._thread = threading.Thread(target=self._server.serve_forever, name='http stream')
        self._thread.start()

    @property
    def has_viewers(self) -> bool:
        """True while somebody looks."""
        return self._viewers._value < MOST_VIEWERS

    def show(self, image: Image) -> None:
        """Shows an (H, W, 3) uint8 RGB image to all viewers."""
        with self._changed:
            self._image, self._number = image, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the server and all streams."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, after: int) -> tuple[int, bytes] | None:
        """(number, JPEG) of the newest image after that of a number; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._number > after)
            if self._closing or self._image is None:
                return None
            number, image = self._number, self._image
        return number, encode_jpeg(image, QUALITY)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        stream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = WRITE_S  # a viewer that reads nothing is left

            def log_message(self, *_: object) -> None:
                """Viewers are no news."""

            def do_GET(self) -> None:
                if self.path == '/':
                    self._answer(_PAGE, 'text/html')
                elif self.path != '/stream.mjpg':
                    self.send_error(HTTPStatus.NOT_FOUND)
                elif not stream._viewers.acquire(blocking=False):
                    self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, 'too many viewers')
                else:
                    try:
                        self._send_images()
                    finally:
                        stream._viewers.release()

            def _answer(self, body: bytes, kind: str) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header('Content-Type', kind)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _send_images(self) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
                self.send_header('Cache-Control', 'no-store')
                self.end_headers()
                number = 0
                while (newest := stream._next(number)) is not None:
                    number, jpeg = newest
                    head = (f'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}'
                            '\r\n\r\n')
                    try:
                        self.wfile.write(head.encode() + jpeg + b'\r\n')
                    except OSError:  # the viewer has gone
                        return
        return Handler
