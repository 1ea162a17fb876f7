"""A stand-in for a robot's Tritium gateway: a WebSocket server that answers GraphQL envelopes."""
import base64
import contextlib
import hashlib
import json
import queue
import socket
import struct
import threading

MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'  # RFC 6455, section 1.3


class Gateway:
    """Accepts connections with the right token and keeps what is posted in `posts`."""

    def __init__(self, token):
        self.token = token
        self.posts = queue.Queue()
        self.silent = False
        self._connections = []
        self._server = socket.create_server(('127.0.0.1', 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f'ws://127.0.0.1:{self.port}'

    def hang_up(self):
        """Breaks all connections; new ones are accepted."""
        for connection in self._connections:
            with contextlib.suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def close(self):
        self._server.close()
        self.hang_up()

    def _accept(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile('rb') as stream:
            self._connections.append(connection)
            if not self._shake_hands(connection, stream):
                return
            try:
                while self._answer(connection, stream):
                    pass
            except OSError:
                return

    def _shake_hands(self, connection, stream):
        headers = {}
        while (line := stream.readline().decode().strip()):
            name, _, value = line.partition(': ')
            headers[name.lower()] = value
        if headers.get('x-tritium-token') != self.token:
            connection.sendall(b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
            return False
        key = hashlib.sha1((headers['sec-websocket-key'] + MAGIC).encode()).digest()
        connection.sendall(('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
                            'Connection: Upgrade\r\nSec-WebSocket-Accept: '
                            f'{base64.b64encode(key).decode()}\r\n\r\n').encode())
        return True

    def _answer(self, connection, stream):
        head = stream.read(2)
        if len(head) < 2 or head[0] & 0x0F == 8:
            return False
        size = head[1] & 0x7F
        if size == 126:
            size, = struct.unpack('>H', stream.read(2))
        elif size == 127:
            size, = struct.unpack('>Q', stream.read(8))
        mask, data = stream.read(4), stream.read(size)
        if head[0] & 0x0F != 1:
            return True
        request = json.loads(bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        self.posts.put(request['variable_values']['input'])
        if not self.silent:
            reply = json.dumps({'type': 'graphql_response', 'request_id': request['request_id'],
                                'data': {'data': {'postMessage': True}}}).encode()
            connection.sendall(struct.pack('>BBH', 0x81, 126, len(reply)) + reply)
        return True
