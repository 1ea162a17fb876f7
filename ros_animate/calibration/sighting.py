"""The face that a tracker reports of a robot, and whether it is the robot's at all."""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.face import face_mesh
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.face.head_pose import fit_pose, rigid_weights
from ros_animate.types import Array, Image, Motion

# Largest differences from the neutral face that a moving robot shows: of size, of place (in face
# widths), of the proportions of forehead and nose (root mean square, in cm), of turning.
SIZE_RATIO, PLACE_SHARE, SHAPE_CM, TURN_DEG = 1.4, 0.8, 0.8, 60.0
# The same of a robot that stands at neutral again; and of blendshapes, on average and the largest.
STILL_SIZE_RATIO, STILL_PLACE_SHARE, STILL_TURN_DEG = 1.1, 0.12, 6.0
STILL_MEAN, STILL_LARGEST = 0.05, 0.45
FACE_CM = 15.0  # width of the canonical face
# Skin that something hides has another colour: differences of the chromaticity (at neutral also of
# the colour itself, 0 to 255), and the greatest share of the skin that may show them.
CHROMA, COVERED = 0.05, 0.04
COVERED_PER_DEG = 0.006  # a head that turns hides a part of its own skin
STILL_COLOUR, STILL_COVERED = 30.0, 0.06
AGREE_CM, AGREE_DEG = 0.03, 0.5  # of two images of a robot that stands still
HIDDEN = 'is something before the camera?'
_BLUR_CM, _SKIN_CM, _RIM_CM = 0.6, 0.9, 0.7
_DARKEST = 30.0  # sum of the channels below which there is no chromaticity


@dataclass(frozen=True)
class Sighting:
    """A tracked face.

    Attributes:
        expression: (52,) blendshapes in the order of BLENDSHAPES.
        angles_deg: (3,) yaw, pitch and roll of the head.
        size: Pixels per centimetre of the canonical face.
        place: (2,) the middle of the face in pixels.
        points: (K, 2) its FEATURE_POINTS in head axes (x to the right in the image, y up), in cm
            of the canonical face.
        shape: (R, 3) its rigid parts in head axes, in the same unit.
        colours: (S, 3) of the skin away from eyes, brows and lips.
        distance_m: Distance of the head from the camera as the tracker estimates it; 0 if it does
            not.
    """

    expression: Array
    angles_deg: Array
    size: float
    place: Array
    points: Array
    shape: Array
    colours: Array
    distance_m: float = 0.0

    @classmethod
    def of(cls, motion: Motion | None, image: Image) -> Sighting | None:
        """The face of a motion in its image; None without landmarks, or if they are degenerate."""
        if motion is None or motion.landmarks is None or motion.rotation is None:
            return None
        try:
            pose = fit_pose(motion.landmarks)
        except ValueError:
            return None
        rigid = np.flatnonzero(rigid_weights())
        shape = pose.remove(motion.landmarks)
        return cls(np.array([motion.expression.get(name, 0.0) for name in BLENDSHAPES]),
                   head_angles_deg(motion.rotation), pose.scale,
                   motion.landmarks[rigid, :2].mean(axis=0),
                   shape[list(face_mesh.FEATURE_POINTS), :2], shape[rigid],
                   _colours(image, motion.landmarks, pose.scale),
                   0.0 if motion.translation is None
                   else float(np.linalg.norm(motion.translation)))

    @property
    def features(self) -> Array:
        """(55,) blendshapes and head angles in degrees."""
        return np.concatenate([self.expression, self.angles_deg])


def steady(track: Callable[[], Sighting | None], most: int) -> Sighting | None:
    """The face of a robot that stands still, once two images in a row agree about it.

    A tracker needs some images to find a face again that has moved.

    Args:
        track: Takes an image and tracks it.
        most: Number of images after which the last two count, whether they agree or not.

    Returns:
        None if there is no face.
    """
    before, seen = track(), track()
    for _ in range(most - 2):
        if before is not None and seen is not None and _agree(before, seen):
            break
        before, seen = seen, track()
    return None if before is None or seen is None else middle([before, seen])


def _agree(one: Sighting, other: Sighting) -> bool:
    return (_rms(one.points - other.points) < AGREE_CM
            and float(np.abs(one.angles_deg - other.angles_deg).max()) < AGREE_DEG)


def middle(sightings: Sequence[Sighting]) -> Sighting:
    """The mean of several sightings of one pose; at least one."""
    def mean(name: str) -> Array:
        return np.mean([getattr(sighting, name) for sighting in sightings], axis=0)
    return Sighting(mean('expression'), mean('angles_deg'), float(mean('size')), mean('place'),
                    mean('points'), mean('shape'), mean('colours'), float(mean('distance_m')))


class Reference:
    """The robot's neutral face, which every other sighting is compared with.

    Args:
        neutral: The face at neutral.
    """

    def __init__(self, neutral: Sighting) -> None:
        self.neutral = neutral

    def stranger(self, seen: Sighting) -> str:
        """Reason why a sighting cannot be of this robot in any pose; '' if it can."""
        known = self.neutral
        ratio = seen.size / known.size
        if not 1 / SIZE_RATIO < ratio < SIZE_RATIO:
            return f'the face is {ratio:.2f} times as large as at neutral'
        moved = float(np.linalg.norm(seen.place - known.place) / (known.size * FACE_CM))
        if moved > PLACE_SHARE:
            return f'the face is {moved:.2f} face widths from where it is at neutral'
        difference = _rms(seen.shape - known.shape)
        if difference > SHAPE_CM:
            return f'the face has other proportions than at neutral ({difference:.2f} cm)'
        turned = np.abs(seen.angles_deg - known.angles_deg).max()
        if turned > TURN_DEG:
            return f'the head is turned by {turned:.0f} degrees'
        chroma = _chroma(seen.colours) - _chroma(known.colours)
        chroma -= np.median(chroma, axis=0)  # of the light, or the camera's white balance
        covered = float((np.abs(chroma).max(axis=1) > CHROMA).mean())
        return (f'{covered:.0%} of the skin has another colour: {HIDDEN}'
                if covered > COVERED + COVERED_PER_DEG * turned else '')

    def disturbance(self, seen: Sighting) -> str:
        """Reason why a sighting is not of this robot at neutral; '' if it is."""
        known = self.neutral
        if reason := self.stranger(seen):
            return reason
        ratio = seen.size / known.size
        if not 1 / STILL_SIZE_RATIO < ratio < STILL_SIZE_RATIO:
            return f'at neutral the face is {ratio:.2f} times as large as at the beginning'
        moved = float(np.linalg.norm(seen.place - known.place) / (known.size * FACE_CM))
        turned = np.abs(seen.angles_deg - known.angles_deg).max()
        if moved > STILL_PLACE_SHARE or turned > STILL_TURN_DEG:
            return (f'at neutral the face is {moved:.2f} face widths and {turned:.0f} degrees from '
                    'where it was at the beginning')
        difference = np.abs(seen.expression - known.expression)
        if difference.mean() > STILL_MEAN or difference.max() > STILL_LARGEST:
            name = BLENDSHAPES[int(difference.argmax())]
            return (f'at neutral the face is not as at the beginning ({name} differs by '
                    f'{difference.max():.2f})')
        brightness = np.median(known.colours.sum(axis=1) / np.maximum(seen.colours.sum(axis=1), 1))
        change = np.abs(brightness * seen.colours - known.colours).max(axis=1)
        covered = float((change > STILL_COLOUR).mean())
        return (f'at neutral {covered:.0%} of the skin looks otherwise than at the beginning: '
                f'{HIDDEN}' if covered > STILL_COVERED else '')


@functools.lru_cache(maxsize=1)
def _skin() -> np.ndarray:
    """(S,) landmarks on the skin, away from what moves and from the rim of the face."""
    mesh = face_mesh.canonical_mesh().vertices
    parts = (face_mesh.LEFT_EYE, face_mesh.RIGHT_EYE, face_mesh.LEFT_BROW, face_mesh.RIGHT_BROW,
             face_mesh.LIPS_OUTER, face_mesh.LIPS_INNER)
    moving = mesh[[index for part in parts for index in part]]
    rim = mesh[list(face_mesh.FACE_OVAL)]
    from_moving, from_rim = (np.linalg.norm(mesh[:, None] - others, axis=2).min(axis=1)
                             for others in (moving, rim))
    return np.flatnonzero((from_moving > _SKIN_CM) & (from_rim > _RIM_CM))


def _colours(image: Image, landmarks: Array, pixels_per_cm: float) -> Array:
    """(S, 3) colours of the skin, each the mean over a small square."""
    height, width = image.shape[:2]
    side = int(np.clip(_BLUR_CM * pixels_per_cm, 1, 99))
    at = np.rint(landmarks[_skin(), :2]).astype(int)
    rows, columns = np.clip(at[:, 1], 0, height - 1), np.clip(at[:, 0], 0, width - 1)
    return cv2.blur(image, (side, side))[rows, columns].astype(float)


def _chroma(colours: Array) -> Array:
    return colours / np.maximum(colours.sum(axis=1, keepdims=True), _DARKEST)


def _rms(differences: Array) -> float:
    return float(np.sqrt((differences ** 2).sum(axis=-1).mean()))
