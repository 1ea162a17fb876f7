"""A phone that sends Live Link Face packets."""
from __future__ import annotations

import abc
import itertools
import socket
import threading

from ros_animate.face.streams import live_link_face

PERIOD_S = 1 / 60


class Phone(abc.ABC):
    """Sends 60 packets a second to a port of this machine while its context lasts."""

    def __init__(self, port):
        self._address, self._stopping = ('127.0.0.1', port), threading.Event()
        self._thread = threading.Thread(target=self._work)

    @abc.abstractmethod
    def face(self, number):
        """The face of a packet."""

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _work(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for number in itertools.count():
                if self._stopping.wait(PERIOD_S):
                    return
                udp.sendto(live_link_face.encode(self.face(number), number), self._address)
