"""Motions that the face tracker finds in the images of a folder, kept in a file beside them."""
from __future__ import annotations

import pathlib

import numpy as np

from ros_animate.arrays import read_arrays
from ros_animate.documents import DocumentError
from ros_animate.files import atomic_path
from ros_animate.images import try_read_image
from ros_animate.motion.base import Extractor
from ros_animate.outputs.progress import Progress
from ros_animate.plugins import load
from ros_animate.policy.features import FEATURES, features
from ros_animate.training.core.pair_folder import Folder
from ros_animate.types import Array, Frame

CACHE = 'motion.npz'


def folder_motions(folder: Folder, quiet: bool = True) -> Array:
    """(T, FEATURES) features of the pairs of a folder; NaN where no face is found."""
    path = folder.path / CACHE
    known = _read_cache(path)
    names = [str(pair.image.relative_to(folder.path)) for pair in folder.pairs]
    missing = [n for n in dict.fromkeys(names) if n not in known]
    if missing:
        known.update(_track(folder.path, missing, quiet))
        _write_cache(path, known)
    return np.stack([known[name] for name in names])


def _track(path: pathlib.Path, names: list[str], quiet: bool) -> dict[str, Array]:
    extractor: Extractor = load('motion', 'mediapipe', {'stills': True})
    try:
        progress = Progress('tracking faces', len(names), 'image', quiet=quiet)
        return {name: _features(path / name, extractor) for name in progress.each(names)}
    finally:
        extractor.close()


def _features(file: pathlib.Path, extractor: Extractor) -> Array:
    nothing = np.full(FEATURES, np.nan, np.float32)
    image = try_read_image(file)
    if image is None:
        return nothing
    motion = extractor.extract(Frame(image, 0.0))
    return nothing if motion is None else features(motion)


def _read_cache(path: pathlib.Path) -> dict[str, Array]:
    """Features by name of the image file; {} without a readable file."""
    try:
        kept = read_arrays(path, ('names', 'features'))
    except DocumentError:
        return {}
    names, rows = kept['names'], kept['features']
    fits = (names.ndim == 1 and names.dtype.kind == 'U' and rows.dtype.kind == 'f'
            and rows.shape == (len(names), FEATURES))
    return dict(zip(map(str, names), rows)) if fits else {}


def _write_cache(path: pathlib.Path, known: dict[str, Array]) -> None:
    try:
        with atomic_path(path) as temporary:
            np.savez(temporary, names=np.array(list(known)),
                     features=np.stack(list(known.values())))
    except OSError:  # a read-only data set: tracked again the next time
        return
