"""A folder of pictures, or the pictures that a pattern matches."""
from __future__ import annotations

import glob
import pathlib
import re
from dataclasses import dataclass

import cv2

from ros_animate.camera.base import IMAGE_SUFFIXES, Source, SourceError
from ros_animate.configuration import option
from ros_animate.types import Frame


class Images(Source):
    """Picture files in natural order (2 before 10), each in its own size."""

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        path: str = option('', 'a folder, a pattern such as shots/*.png, or one picture')
        fps: float = option(30.0, 'pictures a second', low=0.1, high=1000.0)
        loop: bool = option(False, 'start over at the end; the stamps go on increasing')

    def __init__(self, config: Config) -> None:
        self.config = config
        self.fps = config.fps
        self._paths: list[pathlib.Path] = []
        self._index = 0

    def open(self) -> None:
        self._paths = find_images(self.config.path)
        self._index = 0
        self.frame_count = None if self.config.loop else len(self._paths)

    def read(self) -> Frame | None:
        if not self._paths:
            raise SourceError(f'{self.config.path} is not open')
        if self._index == len(self._paths) and not self.config.loop:
            return None
        path = self._paths[self._index % len(self._paths)]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise SourceError(f'{path} cannot be read as a picture')
        stamp_s = self._index / self.fps
        self._index += 1
        return Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), stamp_s)

    def close(self) -> None:
        self._paths = []


def find_images(path: str) -> list[pathlib.Path]:
    """The picture files that `path` names, in natural order; raises SourceError if none."""
    place = pathlib.Path(path).expanduser()
    if place.is_file():
        return [place]
    if place.is_dir():
        found = [p for p in place.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
        if not found:
            raise SourceError(f'there are no pictures ({", ".join(IMAGE_SUFFIXES)}) in {path}')
    else:
        found = [pathlib.Path(p) for p in glob.glob(str(place)) if pathlib.Path(p).is_file()]
        if not found:
            raise SourceError(f'no picture matches {path!r}')
    return sorted(found, key=lambda p: natural_key(str(p)))


def natural_key(text: str) -> list[str | int]:
    """Sorts numbers inside text by their value."""
    parts = re.split(r'([0-9]+)', text)  # text, number, text, number, …
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


PLUGIN = Images
