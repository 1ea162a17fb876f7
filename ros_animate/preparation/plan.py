"""The clips that a surveyed video gives: pieces of its faces' tracks that are good enough."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ros_animate.face.crop import Box
from ros_animate.face.framing import mean_box
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.records import (
    BLURRED,
    COVERED,
    CUTS,
    LOST,
    MOVED,
    NO_FACE,
    OUTSIDE,
    TOO_SHORT,
    TOO_SMALL,
    Failure,
)
from ros_animate.preparation.survey import Observation, Survey, Track
from ros_animate.types import Array

# A patch of skin, brows or lips is covered if its colour is so far (CIELAB, half of the
# lightness) from its median; a face, if so many of its 14 patches are. Faces in the clips at hand
# have none at 12; a hand's size over the lower half changes 5 to 9 patches.
_COLOUR, _PATCHES, _COVERED = 20.0, 14, 4
_LEAST_INSIDE = 0.9
# A square follows nobody: a face that moves by a third of it, or grows so much, begins a new clip.
_MOVED, _GROWN = 1 / 3, 1.4
_WORDS = {
    CUTS: 'between two cuts', LOST: 'until the face is lost or the images pause',
    COVERED: 'until the face is covered', OUTSIDE: 'until the face leaves the image',
    MOVED: 'until the face is elsewhere', TOO_SHORT: 'in all'}
# The first of these that bounds a piece is the reason why it is short.
_BOUNDS = (COVERED, OUTSIDE, LOST, MOVED, CUTS)


@dataclass(frozen=True)
class PlannedClip:
    """A clip that is to be written.

    Attributes:
        face: Name of the face in its video.
        seen: The face in each frame.
        box: The square, the same in every frame.
    """

    face: str
    seen: list[Observation]
    box: Box


@dataclass
class Plan:
    """Clips of a video, in the order of their first frames, and what is not used.

    Attributes:
        clips: The clips.
        failures: Parts that are not used; first of all the whole file, if it gives no clip.
        frames: Number of faces in frames that were used and not used, by reason.
    """

    clips: list[PlannedClip] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    frames: Counter[str] = field(default_factory=Counter)


@dataclass
class _Piece:
    seen: list[Observation]
    bounds: set[str]


def plan_clips(survey: Survey, options: PrepareOptions) -> Plan:
    """The clips of a video."""
    plan = Plan()
    for track in survey.tracks:
        for piece in _pieces(track, survey, options, plan.frames):
            _judge(piece, track.face, options, plan)
    plan.clips.sort(key=lambda clip: (clip.seen[0].frame, int(clip.face[1:])))
    if not plan.clips:
        plan.failures.insert(0, _whole(survey, plan.failures, options))
    return plan


def covered(colours: Array) -> np.ndarray:
    """(T,) True where a face (T, 16, 3) of `face_colours` differs from its own median."""
    skin = colours[:, :_PATCHES]
    with np.errstate(invalid='ignore'):
        known = np.isfinite(skin).all(axis=(0, 2))
        difference = np.linalg.norm((skin - np.median(skin, axis=0)) * (0.5, 1.0, 1.0), axis=-1)
    return (difference[:, known] > _COLOUR).sum(axis=1) >= _COVERED


def _pieces(track: Track, survey: Survey, options: PrepareOptions,
            frames: Counter[str]) -> Iterator[_Piece]:
    """Longest runs of good frames in which the face stays where it is."""
    is_covered = covered(np.stack([seen.colours for seen in track.seen]))
    piece: _Piece | None = None
    start = CUTS if track.scene else ''
    for seen, hidden in zip(track.seen, is_covered, strict=True):
        bad = COVERED if hidden else OUTSIDE if seen.inside < _LEAST_INSIDE else ''
        if bad:
            frames[bad] += 1
        reason = bad or (_break(piece, seen, options) if piece else '')
        if reason and piece:
            piece.bounds.add(reason)
            yield piece
            piece = None
        start = reason or start
        if not bad and piece is None:
            piece, start = _Piece([seen], {start} - {''}), ''
        elif piece is not None:
            piece.seen.append(seen)
    if piece is not None:
        piece.bounds |= _end(piece, track, survey, options)
        yield piece


def _break(piece: _Piece, seen: Observation, options: PrepareOptions) -> str:
    """Why an observation does not go on with a piece; '' if it does."""
    if seen.stamp_s - piece.seen[-1].stamp_s > options.max_gap_s:
        return LOST
    first = piece.seen[0].box
    moved = float(np.linalg.norm(seen.box.centre - first.centre))
    is_near = moved < _MOVED * first.size and 1 / _GROWN < seen.box.size / first.size < _GROWN
    return '' if is_near else MOVED


def _end(piece: _Piece, track: Track, survey: Survey, options: PrepareOptions) -> set[str]:
    """Why the last piece of a track ends; empty at the end of the video."""
    if survey.scenes[track.scene] - piece.seen[-1].stamp_s > options.max_gap_s:
        return {LOST}
    return {CUTS} if track.scene < len(survey.scenes) - 1 else set()


def _judge(piece: _Piece, face: str, options: PrepareOptions, plan: Plan) -> None:
    """Adds the clips of a piece to the plan, or the reason why it is not used."""
    box = mean_box([seen.box for seen in piece.seen])
    failure = _failure(piece, box, options)
    if failure is not None:
        reason, message = failure
        plan.frames[reason] += len(piece.seen)
        plan.failures.append(Failure(reason, message, face, piece.seen[0].stamp_s,
                                     piece.seen[-1].stamp_s))
        return
    plan.frames['used'] += len(piece.seen)
    parts = -(-len(piece.seen) // options.max_frames)
    ends = [len(piece.seen) * k // parts for k in range(parts + 1)]
    for start, end in zip(ends, ends[1:]):
        part = piece.seen[start:end]
        plan.clips.append(PlannedClip(face, part, mean_box([seen.box for seen in part])))


def _failure(piece: _Piece, box: Box, options: PrepareOptions) -> tuple[str, str] | None:
    count = len(piece.seen)
    sharp = float(np.median([seen.sharpness for seen in piece.seen]))
    if count < options.min_frames:
        reason = next((bound for bound in _BOUNDS if bound in piece.bounds), TOO_SHORT)
        return reason, f'{count} frames {_WORDS[reason]}, at least {options.min_frames} are needed'
    if box.size < options.min_square:
        return TOO_SMALL, (f'the square around the face has {box.size:.0f} pixels, at least '
                           f'{options.min_square} are needed')
    if sharp < options.min_sharpness:
        return BLURRED, f'sharpness {sharp:.3f}, at least {options.min_sharpness:g} is needed'
    return None


def _whole(survey: Survey, parts: list[Failure], options: PrepareOptions) -> Failure:
    """The reason why a video gives no clip: that of its longest part."""
    if len(survey.stamps_s) < options.min_frames:
        return Failure(TOO_SHORT, f'has {len(survey.stamps_s)} frames, at least '
                                  f'{options.min_frames} are needed')
    if parts:
        longest = max(parts, key=lambda part: part.end_s - part.start_s)
        return Failure(longest.reason, f'its longest part: {longest.message}')
    if survey.small_face:
        return Failure(TOO_SMALL, 'its faces are too small to be tracked')
    if survey.tracks:
        return Failure(COVERED, 'its faces are covered, or outside of the image')
    return Failure(NO_FACE, 'no face is found in it')
