"""Programs that send the VMC protocol: VSeeFace, VTube Studio, Waidayo, MeowFace and others."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.face.streams import vmc
from ros_animate.face.streams.values import FaceValues
from ros_animate.motion.datagrams import DatagramSource, Sender, StreamOptions

MOST_SENDERS = 16


class Vmc(DatagramSource):
    """Listens at a UDP port as a marionette does.

    Senders with "perfect sync" name ARKit's 52 blendshapes; the vowels, blinks and moods of others
    are translated to the blendshapes nearest to them.
    """

    @dataclass(frozen=True)
    class Config(StreamOptions):
        """Options of the source."""

        port: int = option(vmc.PORT, 'UDP port', low=0, high=65_535)

    def __init__(self, config: Config) -> None:
        vmc.require_osc()
        super().__init__(config, config.port)
        self._decoders: dict[Sender, vmc.Decoder] = {}

    @property
    def waits_for(self) -> str:  # type: ignore[override]
        return (f'no face has come to UDP port {self.port}: switch on sending of VMC (OSC) in the '
                "other program, with this machine's address and the port")

    def _decode(self, data: bytes, sender: Sender) -> FaceValues | None:
        if sender not in self._decoders and len(self._decoders) >= MOST_SENDERS:
            self._decoders.pop(next(iter(self._decoders)))
        return self._decoders.setdefault(sender, vmc.Decoder()).decode(data)


PLUGIN = Vmc
