"""A camera in the network, as a process: `stream_server.py KIND [PORT]`, prints its port.

The images are grey; a bright square says which one it is: it goes one step to the right with each.
KIND is mjpeg, hls, rtsp (with name and password) or udp (to the port that is given).
"""
from __future__ import annotations

import base64
import http.server
import io
import pathlib
import socket
import struct
import sys
import tempfile
import threading
import time

import av
import cv2
import numpy as np

SIZE, FPS, STEP = (160, 120), 25, 4
USER = 'someone:secret'


def image(number: int) -> np.ndarray:
    pixels = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    left = number * STEP % (SIZE[0] - 20)
    pixels[50:70, left:left + 20] = 230
    return pixels


def number_of(pixels: np.ndarray) -> int:
    """The number of an image, modulo a turn of the square."""
    columns = np.flatnonzero(pixels[60, :, 1] > 130)
    return round((columns.mean() - 9.5) / STEP) if len(columns) else -1


def encode(file, container_format: str, frames, **options) -> None:
    """Writes the numbered images with MPEG-2, at the pace at which `frames` yields."""
    with av.open(file, 'w', format=container_format, options=options) as container:
        stream = container.add_stream('mpeg2video', rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, 'yuv420p'
        stream.gop_size, stream.max_b_frames = 5, 0
        for number in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image(number), 'rgb24')))


def paced():
    start_s, number = time.monotonic(), 0
    while True:
        time.sleep(max(0.0, start_s + number / FPS - time.monotonic()))
        yield number
        number += 1


class Mjpeg(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
        self.end_headers()
        for number in paced():
            data = cv2.imencode('.jpg', image(number))[1].tobytes()
            self.wfile.write(b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: '
                             + str(len(data)).encode() + b'\r\n\r\n' + data + b'\r\n')


def serve_http(handler) -> None:
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def serve_hls() -> None:
    folder = tempfile.mkdtemp()
    encode(str(pathlib.Path(folder) / 'live.m3u8'), 'hls', range(150), hls_time='1',
           hls_list_size='0')

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            pass
    serve_http(Files)


def serve_rtsp() -> None:
    server = socket.create_server(('127.0.0.1', 0))
    print(server.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=speak_rtsp, args=(server.accept()[0],), daemon=True).start()


SDP = ('v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n'
       'm=video 0 RTP/AVP 33\r\na=rtpmap:33 MP2T/90000\r\na=control:track\r\n')


def speak_rtsp(peer: socket.socket) -> None:
    """RTSP with RTP in the same connection (interleaved), and basic authentication."""
    file, right = peer.makefile('rb'), base64.b64encode(USER.encode()).decode()
    while request := file.readline().decode().split():
        headers = {}
        while line := file.readline().decode().strip():
            key, _, value = line.partition(':')
            headers[key.strip().lower()] = value.strip()
        body, status, extra = '', '200 OK', ''
        if request[0] != 'OPTIONS' and right not in headers.get('authorization', ''):
            status, extra = '401 Unauthorized', 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif request[0] == 'DESCRIBE':
            body, extra = SDP, 'Content-Type: application/sdp\r\n'
        elif request[0] == 'SETUP':
            extra = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n'
        elif request[0] == 'OPTIONS':
            extra = 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n'
        peer.sendall(f'RTSP/1.0 {status}\r\nCSeq: {headers["cseq"]}\r\n{extra}Content-Length: '
                     f'{len(body)}\r\n\r\n{body}'.encode())
        if request[0] == 'PLAY' and status.startswith('200'):
            threading.Thread(target=send_rtp, args=(peer,), daemon=True).start()


class Rtp(io.RawIOBase):
    """Takes an MPEG transport stream and sends it as RTP packets, interleaved."""

    def __init__(self, peer):
        self._peer, self._number, self._rest = peer, 0, b''

    def writable(self):
        return True

    def write(self, data):
        self._rest += bytes(data)
        while len(self._rest) >= 188:
            part, self._rest = self._rest[:1316 // 188 * 188], self._rest[1316 // 188 * 188:]
            stamp = int(time.monotonic() * 90_000) & 0xffffffff
            packet = struct.pack('>BBHII', 0x80, 33, self._number & 0xffff, stamp, 7) + part
            self._peer.sendall(struct.pack('>BBH', 0x24, 0, len(packet)) + packet)
            self._number += 1
        return len(data)


def send_rtp(peer) -> None:
    try:
        encode(Rtp(peer), 'mpegts', paced(), muxdelay='0', flush_packets='1')
    except OSError:
        peer.close()


def main() -> None:
    kind = sys.argv[1]
    if kind == 'udp':
        print(sys.argv[2], flush=True)
        encode(f'udp://127.0.0.1:{sys.argv[2]}?pkt_size=1316', 'mpegts', paced(),
               flush_packets='1')
    {'mjpeg': lambda: serve_http(Mjpeg), 'hls': serve_hls, 'rtsp': serve_rtsp}[kind]()


if __name__ == '__main__':
    main()
