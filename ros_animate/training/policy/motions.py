"""What the face tracker sees in the pictures of a folder, kept beside them."""
from __future__ import annotations

import pathlib
import zipfile

import numpy as np
from tqdm import tqdm

from ros_animate.files import atomic_path
from ros_animate.images import try_read_image
from ros_animate.motion.base import Extractor
from ros_animate.plugins import load
from ros_animate.policy.features import FEATURES, features
from ros_animate.training.core.pair_folder import Folder
from ros_animate.types import Array, Frame

CACHE = 'motion.npz'


def folder_motions(folder: Folder, quiet: bool = True) -> Array:
    """(T, FEATURES) of the pairs of a folder; NaN where no face is found."""
    path = folder.path / CACHE
    known = _known(path)
    names = [str(pair.picture.relative_to(folder.path)) for pair in folder.pairs]
    missing = [n for n in dict.fromkeys(names) if n not in known]
    if missing:
        known.update(_look(folder.path, missing, quiet))
        _keep(path, known)
    return np.stack([known[name] for name in names])


def _look(path: pathlib.Path, names: list[str], quiet: bool) -> dict[str, Array]:
    extractor: Extractor = load('motion', 'mediapipe')
    try:
        return {name: _features(path / name, extractor) for name in tqdm(
            names, desc='face tracker', unit='picture', disable=quiet or None)}
    finally:
        extractor.close()


def _features(file: pathlib.Path, extractor: Extractor) -> Array:
    nothing = np.full(FEATURES, np.nan, np.float32)
    image = try_read_image(file)
    if image is None:
        return nothing
    extractor.reset()  # the pictures do not follow one another
    motion = extractor.extract(Frame(image, 0.0))
    return nothing if motion is None else features(motion)


def _known(path: pathlib.Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as kept:
            names, rows = kept['names'], kept['features']
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    fits = rows.ndim == 2 and rows.shape[1] == FEATURES
    return dict(zip(map(str, names), rows)) if fits else {}


def _keep(path: pathlib.Path, known: dict[str, Array]) -> None:
    try:
        with atomic_path(path) as temporary:
            np.savez(temporary, names=np.array(list(known)),
                     features=np.stack(list(known.values())))
    except OSError:  # a data set that may not be written to: found anew the next time
        return
