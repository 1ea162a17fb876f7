"""Epic's app Live Link Face on an iPhone: 52 blendshapes, head and eyes, 60 times a second."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.face.streams import live_link_face
from ros_animate.face.streams.values import FaceValues
from ros_animate.motion.datagrams import DatagramSource, Sender, StreamOptions


class LiveLinkFace(DatagramSource):
    """Listens at a UDP port. Several phones may send to it; one of them is followed."""

    @dataclass(frozen=True)
    class Config(StreamOptions):
        """Options of the source."""

        port: int = option(live_link_face.PORT, 'UDP port', low=0, high=65_535)

    def __init__(self, config: Config) -> None:
        super().__init__(config, config.port)

    @property
    def waits_for(self) -> str:  # type: ignore[override]
        return (f'no face has come to UDP port {self.port}: in Live Link Face choose Settings, '
                "Live Link, and give this machine's address and the port")

    def _decode(self, data: bytes, sender: Sender) -> FaceValues | None:
        return live_link_face.parse(data)


PLUGIN = LiveLinkFace
