"""Rendered synthetic clips: made once, in several processes, and drawn from ever after."""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import mmap
import multiprocessing
import os
import pathlib
import signal
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ros_animate.collection.workers import one_thread_each
from ros_animate.errors import UserError
from ros_animate.training.animation.synthetic import EXPRESSION, PEOPLE, Frames, make_clip
from ros_animate.types import Array, Image

_LANDMARKS = 468
_DONE = 'done'


@dataclass(frozen=True)
class PoolSize:
    """What a pool holds.

    Attributes:
        seed: Of its clips.
        clips: How many.
        frames: Of each clip and person.
        size: Width and height in pixels.
    """

    seed: int
    clips: int
    frames: int
    size: int

    def arrays(self) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shape and type of what is kept, as in `Frames`."""
        n, t, s = self.clips, self.frames, self.size
        return {'images': ((n, PEOPLE, t, s, s, 3), np.uint8),
                'landmarks': ((n, PEOPLE, t, _LANDMARKS, 2), np.float32),
                'angles_deg': ((n, t, 3), np.float32),
                'expression': ((n, t, len(EXPRESSION)), np.float32)}


class Pool:
    """Clips of synthetic faces, indexed by clip (and person) first.

    Args:
        size: What it holds.
        cache: A folder in which it is kept, and from which it is read the next time and by other
            processes; '' keeps it in memory.
        workers: Processes that render; 0 takes all cores.
        quiet: Shows no progress.

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
            self._from_cache(size, pathlib.Path(cache).expanduser(), workers, quiet)
        else:
            self._take({name: _shared(*form) for name, form in size.arrays().items()})
            _render(size, vars(self), workers, quiet)

    def _take(self, arrays: dict[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            setattr(self, name, array)

    def _from_cache(self, size: PoolSize, cache: pathlib.Path, workers: int,
                    quiet: bool) -> None:
        folder = cache / f'synthetic-{_fingerprint(size)}'
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                done = (folder / _DONE).exists()
                self._take({name: _mapped(folder / f'{name}.npy', form, done)
                            for name, form in size.arrays().items()})
                if not done:
                    _render(size, vars(self), workers, quiet)
                    (folder / _DONE).touch()
        except (OSError, ValueError) as error:
            raise UserError(f'cannot keep synthetic faces in {folder}: {error}; delete it, or '
                            'choose another cache') from error


def _fingerprint(size: PoolSize) -> str:
    """Of the pool and of how faces are drawn today: a change of the renderer makes new ones."""
    probe = make_clip(size.seed, 0, size.frames, size.size)
    digest = hashlib.sha256(repr(size).encode())
    for array in probe:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> Iterator[None]:
    """One process renders, the others wait for it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _mapped(path: pathlib.Path, form: tuple[tuple[int, ...], type], done: bool) -> np.ndarray:
    shape, kind = form
    if done:
        return np.asarray(np.lib.format.open_memmap(path, 'r'))
    return np.asarray(np.lib.format.open_memmap(path, 'w+', kind, shape))


def _shared(shape: tuple[int, ...], kind: type) -> np.ndarray:
    """Zeros in memory that forked processes write into."""
    count = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, max(count, 1)), kind, int(np.prod(shape))).reshape(shape)


_task: tuple[PoolSize, dict[str, np.ndarray]] | None = None


def _render(size: PoolSize, into: dict[str, np.ndarray], workers: int, quiet: bool) -> None:
    """Every clip into its place."""
    with one_thread_each(), tqdm(total=size.clips, desc='synthetic faces', unit='clip',
                             disable=quiet or None) as bar:
        for _ in _made(size, into, min(workers, size.clips)):
            bar.update()


def _made(size: PoolSize, into: dict[str, np.ndarray],
          workers: int) -> Generator[None, None, None]:
    if workers == 1:
        for number in range(size.clips):
            _put(size, into, number)
            yield
        return
    # Forked, a worker has what took this process seconds to import, and writes into its memory.
    context = multiprocessing.get_context('fork')
    try:
        with ProcessPoolExecutor(workers, context, _start, (size, into)) as pool:
            for _ in pool.map(_work, range(size.clips), chunksize=4):
                yield
    except BrokenProcessPool as error:
        raise UserError('a process that renders faces was killed (out of memory?); try again '
                        'with fewer identities or workers') from error


def _start(size: PoolSize, into: dict[str, np.ndarray]) -> None:
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    _task = size, into


def _work(number: int) -> None:
    assert _task is not None
    _put(*_task, number)


def _put(size: PoolSize, into: dict[str, np.ndarray], number: int) -> None:
    clip: Frames = make_clip(size.seed, number, size.frames, size.size)
    for name, array in zip(Frames._fields, clip, strict=True):
        into[name][number] = array
