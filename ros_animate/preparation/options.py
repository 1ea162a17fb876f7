"""Options of the preparation of a training set."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError, option

IDENTITIES = ('auto', 'folder', 'file')


@dataclass(frozen=True)
class PrepareOptions:
    """Options that `ros_animate prepare --set` changes; a folder is made with one set of them."""

    size: int = option(256, 'width and height of the crops in pixels', low=32, high=1024)
    identity: str = option('auto', 'who is one identity: auto (the part id… of a path, as in '
                                   'VoxCeleb, else the file), folder, or file',
                           choices=IDENTITIES)
    min_square: int = option(128, 'smallest side of the square around a face, in pixels of the '
                                  'video', low=16, high=4096)
    min_frames: int = option(24, 'fewest frames of a clip', low=2, high=10_000)
    max_frames: int = option(300, 'most frames of a clip; longer ones are cut into equal parts',
                             low=4, high=10_000)
    max_gap_s: float = option(0.25, 'longest time without the face, or between two frames, within '
                                    'a clip', low=0.0, high=10.0)
    min_sharpness: float = option(0.2, 'least median of the sharpness of a face: details by '
                                       'features, 0.4 to 0.7 in focus', low=0.0, high=2.0)
    faces: int = option(4, 'most faces that are tracked at a time', low=1, high=16)
    quality: int = option(92, 'JPEG quality of the frames', low=1, high=100)
    validation: float = option(0.1, 'part of the identities for validation', low=0.0, high=0.4)
    test: float = option(0.1, 'part of the identities for the test', low=0.0, high=0.4)
    shard_mb: float = option(256.0, 'size up to which a shard is filled', low=0.01, high=65_536.0)

    def __post_init__(self) -> None:
        if self.max_frames < 2 * self.min_frames:
            raise ConfigurationError(f'max_frames must be at least 2 x min_frames, got '
                                     f'{self.max_frames} and {self.min_frames}')
