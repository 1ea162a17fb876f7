"""Pool of synthetic clips, rendered once by several processes."""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import mmap
import os
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ros_animate.errors import UserError
from ros_animate.outputs.progress import Progress
from ros_animate.training.animation.synthetic import EXPRESSION, PEOPLE, make_clip
from ros_animate.types import Array, Image
from ros_animate.workers import IsStopping, ordered_map

_LANDMARKS = 468
_DONE = 'done'
_ADVICE = 'try again with fewer identities or workers'


@dataclass(frozen=True)
class PoolSize:
    """Size and seed of a pool.

    Attributes:
        seed: Seed of the clips.
        clips: Number of clips.
        frames: Frames of each clip and person.
        size: Width and height of the images in pixels.
    """

    seed: int
    clips: int
    frames: int
    size: int

    def arrays(self) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shape and type of each array, by the names of `Frames`."""
        n, t, s = self.clips, self.frames, self.size
        return {'images': ((n, PEOPLE, t, s, s, 3), np.uint8),
                'landmarks': ((n, PEOPLE, t, _LANDMARKS, 2), np.float32),
                'angles_deg': ((n, t, 3), np.float32),
                'expression': ((n, t, len(EXPRESSION)), np.float32)}

    def make(self, number: int) -> Mapping[str, np.ndarray]:
        """The arrays of one clip."""
        return make_clip(self.seed, number, self.frames, self.size)._asdict()


class Pool:
    """Clips of synthetic faces, indexed by clip (and person) first.

    Args:
        size: Size and seed of the pool.
        cache: Folder that keeps the clips for the next run and for other processes; '' keeps them
            in memory.
        workers: Number of rendering processes; 0 uses all cores.
        quiet: True to show no progress.

    Attributes:
        images: (N, 2, T, S, S, 3) uint8.
        landmarks: (N, 2, T, 468, 2).
        angles_deg: (N, T, 3).
        expression: (N, T, E).
    """

    def __init__(self, size: PoolSize, cache: str = '', workers: int = 0,
                 quiet: bool = True) -> None:
        self.images: Image
        self.landmarks: Array
        self.angles_deg: Array
        self.expression: Array
        workers = workers or os.cpu_count() or 1
        if cache:
            self._load_or_render(size, pathlib.Path(cache).expanduser(), workers, quiet)
        else:
            self._set_arrays({name: _shared_zeros(*form) for name, form in size.arrays().items()})
            _render(size, vars(self), workers, quiet)

    def _set_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            setattr(self, name, array)

    def _load_or_render(self, size: PoolSize, cache: pathlib.Path, workers: int,
                        quiet: bool) -> None:
        folder = cache / f'synthetic-{_fingerprint(size)}'
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                done = (folder / _DONE).exists()
                self._set_arrays({name: _mapped(folder / f'{name}.npy', form, done)
                                  for name, form in size.arrays().items()})
                if not done:
                    _render(size, vars(self), workers, quiet)
                    (folder / _DONE).touch()
        except (OSError, ValueError) as error:
            raise UserError(f'cannot keep synthetic faces in {folder}: {error}; delete it, or '
                            'choose another cache') from error


def _fingerprint(size: PoolSize) -> str:
    """Hash of the size and of a rendered clip, so that a change of the renderer changes it."""
    digest = hashlib.sha256(repr(size).encode())
    for array in size.make(0).values():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> Iterator[None]:
    """Lock of the folder: one process renders, the others wait for it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _mapped(path: pathlib.Path, form: tuple[tuple[int, ...], type], done: bool) -> np.ndarray:
    """A file as an array: the existing one if `done`, else a new one of that shape and type."""
    shape, kind = form
    if done:
        return np.asarray(np.lib.format.open_memmap(path, 'r'))
    return np.asarray(np.lib.format.open_memmap(path, 'w+', kind, shape))


def _shared_zeros(shape: tuple[int, ...], kind: type) -> np.ndarray:
    """Zeros in memory that is shared with forked processes."""
    count = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, max(count, 1)), kind, int(np.prod(shape))).reshape(shape)


def _render(size: PoolSize, into: dict[str, np.ndarray], workers: int, quiet: bool) -> None:
    """Renders every clip into its place of the arrays."""
    def render(number: int, _: IsStopping) -> None:
        for name, array in size.make(number).items():
            into[name][number] = array

    progress = Progress('rendering synthetic faces', size.clips, 'clip', quiet=quiet)
    for _ in progress.each(
            ordered_map(render, range(size.clips), min(workers, size.clips), _ADVICE)):
        pass
