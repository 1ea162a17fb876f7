"""A folder of image files, or the image files that match a pattern."""
from __future__ import annotations

import glob
import pathlib
import re
from dataclasses import dataclass

from ros_animate.camera.base import IMAGE_SUFFIXES, Source, SourceError
from ros_animate.configuration import option
from ros_animate.images import ImageFileError, read_image
from ros_animate.types import Frame


class Images(Source):
    """Image files in natural order (2 before 10), each in its own size."""

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        path: str = option('', 'a folder, a pattern such as shots/*.png, or one image file')
        fps: float = option(30.0, 'images a second', low=0.1, high=1000.0)
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
        try:
            image = read_image(path)
        except ImageFileError as error:
            raise SourceError(str(error)) from error
        stamp_s = self._index / self.fps
        self._index += 1
        return Frame(image, stamp_s)

    def close(self) -> None:
        self._paths = []


def find_images(path: str) -> list[pathlib.Path]:
    """The image files that `path` names, in natural order; raises SourceError if none."""
    location = pathlib.Path(path).expanduser()
    if location.is_file():
        return [location]
    if location.is_dir():
        found = [p for p in location.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
        if not found:
            raise SourceError(f'there are no images ({", ".join(IMAGE_SUFFIXES)}) in {path}')
    else:
        found = [pathlib.Path(p) for p in glob.glob(str(location)) if pathlib.Path(p).is_file()]
        if not found:
            raise SourceError(f'no image matches {path!r}')
    return sorted(found, key=lambda p: natural_key(str(p)))


def natural_key(text: str) -> list[str | int]:
    """Sort key by which numbers inside a text are compared by value."""
    parts = re.split(r'([0-9]+)', text)  # text, number, text, number, …
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


PLUGIN = Images
