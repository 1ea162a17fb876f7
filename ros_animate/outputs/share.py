"""Outputs of a run for other programs, as the command line and the launch files name them."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import shown

VMC_OF = ('person', 'robot')
SHOWS = ('both', 'robot', 'portrait')


@dataclass(frozen=True)
class Share:
    """Outputs to other programs; those that are '' are left out.

    Attributes:
        vmc: HOST:PORT of a program that receives VMC.
        vmc_of: Whose motion is sent, one of VMC_OF.
        take: Path of a CSV file.
        virtual_camera: Device of the virtual camera; 'auto' for the first one.
        stream: [HOST:]PORT at which images are served.
        show: Images for camera and stream, one of SHOWS.
    """

    vmc: str = ''
    vmc_of: str = 'person'
    take: str = ''
    virtual_camera: str = ''
    stream: str = ''
    show: str = 'both'

    def __post_init__(self) -> None:
        for name in ('vmc', 'stream'):
            if text := getattr(self, name):
                split_address(text, '127.0.0.1', name)

    def __bool__(self) -> bool:
        return bool(self.vmc or self.take or self.virtual_camera or self.stream)


def split_address(text: str, host: str, name: str) -> tuple[str, int]:
    """(host, port) of '[HOST:]PORT'.

    Args:
        text: The address.
        host: Host where none is given.
        name: Name of the option, for the error.

    Raises:
        ConfigurationError: It is no such address.
    """
    before, _, port = text.rpartition(':')
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= 65_535):
        raise ConfigurationError(f'{name}: expected [HOST:]PORT, got {shown(text)}')
    return before or host, int(port)
