"""Many sources: files, folders of videos, and lists of these."""
from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ros_animate.camera.base import VIDEO_SUFFIXES
from ros_animate.configuration import ConfigurationError
from ros_animate.documents import DocumentError, read_text

LIST_SUFFIX = '.txt'
_NAME_LENGTH = 80


@dataclass(frozen=True)
class BatchSource:
    """One source of a batch.

    Attributes:
        name: Name of the folder that its results go to; no two sources have the same.
        path: The file.
    """

    name: str
    path: pathlib.Path

    def renamed(self) -> BatchSource:
        """The source under a name that no other path has."""
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:8]
        return dataclasses.replace(self, name=f'{self.name}-{digest}')


def find_sources(places: Iterable[str]) -> list[BatchSource]:
    """The sources in the order given; the videos of a folder in the order of their names.

    Args:
        places: Files; folders, which are searched for videos in any depth; lists (.txt) with a file
            or folder in each line, whose relative paths start at the folder of the list.

    Raises:
        ConfigurationError: There is no such place, or nothing in it.
    """
    found: dict[pathlib.Path, str] = {}
    for place in places:
        for path, name in _expanded(pathlib.Path(place).expanduser()):
            found.setdefault(path.absolute(), name)
    sources = [BatchSource(_plain(name), path) for path, name in found.items()]
    count = Counter(source.name for source in sources)
    return [source if count[source.name] == 1 else source.renamed() for source in sources]


def _expanded(place: pathlib.Path) -> Iterator[tuple[pathlib.Path, str]]:
    """(path, name) of each source at a place."""
    if place.suffix.lower() != LIST_SUFFIX or not place.is_file():
        yield from _files(place)
        return
    try:
        lines = [line.strip() for line in read_text(place).splitlines()]
    except DocumentError as error:
        raise ConfigurationError(f'cannot read the list {place}: {error}') from error
    entries = [line for line in lines if line and not line.startswith('#')]
    if not entries:
        raise ConfigurationError(f'the list {place} is empty: write a file or folder in each line')
    for entry in entries:
        yield from _files(place.parent / pathlib.Path(entry).expanduser())


def _files(place: pathlib.Path) -> Iterator[tuple[pathlib.Path, str]]:
    if place.is_file():
        yield place, place.stem
        return
    if not place.is_dir():
        raise ConfigurationError(f'there is no file or folder {place}')
    videos = sorted(path.relative_to(place).as_posix() for path in place.rglob('*')
                    if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
                    and not path.name.startswith('.'))
    if not videos:
        raise ConfigurationError(f'{place} holds no videos ({", ".join(VIDEO_SUFFIXES)})')
    for name in videos:
        yield place / name, name.rpartition('.')[0]


def _plain(name: str) -> str:
    return re.sub(r'[^\w.-]+', '_', name)[:_NAME_LENGTH].lstrip('.') or 'source'
