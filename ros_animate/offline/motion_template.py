"""LivePortrait's motion templates: pickles of a driving clip's motion, read without executing them.

A template is {n_frames, output_fps, motion: [{scale, R, exp, t}, ...]} of NumPy arrays; some also
hold the openness of eyes (c_eyes_lst) and lips (c_lip_lst) in each frame.
"""
from __future__ import annotations

import os
import pathlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate import limits
from ros_animate.checkpoints import pickles
from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.documents import DocumentError, regular_file
from ros_animate.errors import cut, shown
from ros_animate.face.opening_ratios import EYE_LEFT, EYE_RIGHT, LIPS
from ros_animate.files import write_atomically
from ros_animate.types import Array, Motion

MODEL = 'live_portrait'


@dataclass(frozen=True)
class Template:
    """The motion of a driving clip.

    Attributes:
        motions: Motion of each frame, stamped from 0.
        fps: Frames a second.
    """

    motions: tuple[Motion, ...]
    fps: float


def read(path: str | os.PathLike[str]) -> Template:
    """Reads a template.

    Raises:
        UnreadableFileError: The file is not a template, or is damaged or hostile; nothing in it is
            executed.
    """
    path = pathlib.Path(path)
    try:
        regular_file(path, limits.TEMPLATE_BYTES)
        with path.open('rb') as file:
            content = pickles.convert(pickles.load(file), _no_tensors)
        return _template(content)
    except OSError as error:
        raise UnreadableFileError(f'cannot read {path}: {error.strerror or error}') from error
    except DocumentError as error:
        raise UnreadableFileError(f'cannot read {path}: {error}') from error
    except pickles.MALFORMED as error:
        raise UnreadableFileError(f'{path} is not a motion template: {cut(str(error))}') from error


def write(path: str | os.PathLike[str], template: Template) -> None:
    """Writes a template that LivePortrait's own program reads as well.

    Raises:
        ValueError: A motion is not of LivePortrait.
        OSError: The file cannot be written.
    """
    content: dict[str, Any] = {
        'n_frames': len(template.motions), 'output_fps': template.fps,
        'motion': [_entry(motion) for motion in template.motions]}
    if all(LIPS in motion.expression for motion in template.motions):
        content['c_eyes_lst'] = [_row(m.expression[EYE_RIGHT], m.expression[EYE_LEFT])
                                 for m in template.motions]
        content['c_lip_lst'] = [_row(m.expression[LIPS]) for m in template.motions]
    write_atomically(path, pickle.dumps(content, protocol=4))


def _no_tensors(_: Any) -> Any:
    raise ValueError('it holds torch tensors')


def _template(content: Any) -> Template:
    if not isinstance(content, Mapping) or not isinstance(content.get('motion'), list):
        raise ValueError("it has no list 'motion'")
    entries, fps = content['motion'], content.get('output_fps', 25)
    if not entries or content.get('n_frames', len(entries)) != len(entries):
        raise ValueError(f'it claims {shown(content.get("n_frames"))} frames and has '
                         f'{len(entries)}')
    if len(entries) > limits.TEMPLATE_FRAMES:
        raise ValueError(f'{len(entries)} frames, at most {limits.TEMPLATE_FRAMES} are read')
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps < 1000:
        raise ValueError(f'{shown(fps)} frames a second')
    eyes = content.get('c_eyes_lst', content.get('c_d_eyes_lst'))
    lips = content.get('c_lip_lst', content.get('c_d_lip_lst'))
    motions = tuple(_motion(index, entry, index / fps, _openness(index, len(entries), eyes, lips))
                    for index, entry in enumerate(entries))
    return Template(motions, float(fps))


def _motion(index: int, entry: Any, stamp_s: float, openness: Mapping[str, float]) -> Motion:
    if not isinstance(entry, Mapping):
        raise ValueError(f'frame {index} is {shown(entry)}')
    rotation = entry.get('R', entry.get('R_d'))
    return Motion(
        model=MODEL, stamp_s=stamp_s, expression=openness,
        scale=float(_array(index, 'scale', entry.get('scale'), 1)[0]),
        # The rotations of a template are for row vectors, those of a Motion for column vectors.
        rotation=_array(index, 'R', rotation, 9).reshape(3, 3).T,
        deformations=_array(index, 'exp', entry.get('exp'), 63).reshape(21, 3),
        translation=_array(index, 't', entry.get('t'), 3))


def _openness(index: int, count: int, eyes: Any, lips: Any) -> dict[str, float]:
    if not isinstance(eyes, Sequence) or not isinstance(lips, Sequence) or not len(eyes):
        return {}
    if len(eyes) != count or len(lips) != count:
        raise ValueError(f'openness of {len(eyes)} eyes and {len(lips)} lips for {count} frames')
    right, left = _array(index, 'c_eyes_lst', eyes[index], 2)
    return {EYE_RIGHT: float(right), EYE_LEFT: float(left),
            LIPS: float(_array(index, 'c_lip_lst', lips[index], 1)[0])}


def _array(index: int, name: str, value: Any, size: int) -> Array:
    if not isinstance(value, np.ndarray) or value.size != size or not np.isfinite(value).all():
        raise ValueError(f'{name} of frame {index} is not {size} numbers')
    return value.astype(np.float64).ravel()


def _entry(motion: Motion) -> dict[str, Array]:
    if (motion.scale is None or motion.rotation is None or motion.deformations is None
            or motion.translation is None):
        raise ValueError(f'a motion of {motion.model} does not fit a template of LivePortrait')
    return {'scale': _row(motion.scale), 'R': motion.rotation.T[None].astype(np.float32),
            'exp': motion.deformations[None].astype(np.float32),
            't': motion.translation[None].astype(np.float32)}


def _row(*values: float) -> Array:
    return np.array([values], np.float32)
