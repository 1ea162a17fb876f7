"""A set of `ros_animate prepare` as a source of pairs, read frame by frame from its shards.

The shards are on a disk, or at an address from which parts of them are read as they are needed.
"""
from __future__ import annotations

import os
import pathlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ros_animate.documents import DocumentError, member_path
from ros_animate.face.crop import Crop
from ros_animate.images import ImageFileError, decode_image
from ros_animate.preparation.folder import INDEX, FolderError, read_objects
from ros_animate.preparation.shards import ClipIndex, open_shard
from ros_animate.remote_files import RemoteFile, RemoteFolder
from ros_animate.training.animation.footage import augmented_pair, drawn_pairs
from ros_animate.training.animation.pairs import Clip
from ros_animate.training.animation.source import DataOptions, DrawnPairs, PairSource, Split
from ros_animate.training.core.pair_folder import DataError
from ros_animate.types import Image

_HELD_OUT = 4  # random stream
_REQUESTS = 16  # to a server at a time


class _Place(NamedTuple):
    """Place of a clip: its shard, the offset of its first member in it, its name."""

    shard: pathlib.Path | RemoteFile
    offset: int
    key: str


class PreparedClips(PairSource):
    """Pairs of two random frames of a clip; identities are drawn first, then one of their clips.

    A pair costs the reading and decoding of its two frames. No clip is kept in memory, so that it
    stays the same for any number of clips but for the index. Validation is held out, or the test
    where there is none.

    Args:
        folder: The set; RemoteFolder has the limits of memory and patience.
        size: Width and height of the images in pixels.
        options: Options of the data; those of the pairs apply.

    Raises:
        DataError: The index cannot be read, or the set has no clips for training or held out.
        RemoteFileError: The server does not give the index; later, a shard.
    """

    def __init__(self, folder: pathlib.Path | RemoteFolder, size: int,
                 options: DataOptions) -> None:
        self._folder, self._size, self._options = folder, size, options
        people: dict[str, dict[str, list[_Place]]] = defaultdict(lambda: defaultdict(list))
        for identity, split, place in _index(folder):
            people[split][identity].append(place)
        self._people = list(people['train'].values())
        held = people['validation'] or people['test']
        self._held_out = [place for places in held.values() for place in places]
        for name, found in (('for training', self._people), ('held out', self._held_out)):
            if not found:
                raise DataError(f'{folder} has no clips {name}: prepare videos of more identities')
        self._readers = ThreadPoolExecutor(_REQUESTS if isinstance(folder, RemoteFolder)
                                           else os.cpu_count())

    def draw(self, rngs: Sequence[np.random.Generator]) -> DrawnPairs:
        try:
            return drawn_pairs(list(self._readers.map(self._draw_pair, rngs)))
        except (KeyboardInterrupt, SystemExit):
            if isinstance(self._folder, RemoteFolder):
                self._folder.stop()  # or the end would wait for the readers' next tries
            raise

    def held_out(self, count: int) -> DrawnPairs:
        places = self._held_out
        return drawn_pairs([self._frames(places[number % len(places)],
                                         np.random.default_rng((_HELD_OUT, number)))
                            for number in range(count)])

    def clips(self, split: Split) -> Iterator[Clip]:
        train = [place for person in self._people for place in person]
        for place in self._held_out if split == 'held_out' else train:
            yield Clip(place.key, self._frames(place, None))

    def _draw_pair(self, rng: np.random.Generator) -> Image:
        person = self._people[rng.integers(len(self._people))]
        pair = self._frames(person[rng.integers(len(person))], rng)
        return augmented_pair(pair, rng, self._options)

    def _frames(self, place: _Place, rng: np.random.Generator | None) -> Image:
        """(T, S, S, 3): two random frames of a clip, all without `rng`."""
        try:
            with open_shard(place.shard) as read:
                clip = ClipIndex(read, place.offset, place.key)
                numbers = (range(len(clip)) if rng is None
                           else np.sort(rng.choice(len(clip), 2, replace=False)))
                return np.stack([self._decoded(clip.frame(int(number))) for number in numbers])
        except OSError as error:
            raise DataError(f'cannot read clip {place.key} of {place.shard}: {error}') from error
        except (DocumentError, ImageFileError) as error:
            raise DataError(f'cannot read clip {place.key} of {place.shard}: {error}; the shard is '
                            'damaged or of another set: copy the set there again') from error

    def _decoded(self, content: bytes) -> Image:
        image = decode_image(content)
        if image is None:
            raise DocumentError('a frame cannot be decoded')
        return image if image.shape[0] == self._size else Crop.middle(image, self._size).take(image)


def _index(folder: pathlib.Path | RemoteFolder) -> Iterator[tuple[str, str, _Place]]:
    """Identity, split and place of each clip; raises DataError, and RemoteFileError."""
    shards: dict[str, pathlib.Path | RemoteFile] = {}
    index = folder.file(INDEX) if isinstance(folder, RemoteFolder) else folder / INDEX
    try:
        for entry in read_objects(index):
            try:
                name, offset, key = entry['shard'], int(entry['offset']), str(entry['key'])
                if name not in shards:
                    shards[name] = (folder.file(name) if isinstance(folder, RemoteFolder)
                                    else member_path(folder, name))
                yield str(entry['identity']), entry['split'], _Place(shards[name], offset, key)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f'{index}: {error!r} in a line') from error
    except FolderError as error:
        raise DataError(str(error)) from error
