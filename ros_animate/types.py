"""Data types that the stages exchange: frozen dataclasses of NumPy arrays.

Time is seconds (float) on one clock, which the caller provides: media time offline, ROS time in the
nodes. Every object carries the stamp of the camera frame that it came from.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ros_animate.limits import HORIZON_S, WAYPOINT_S

Array = NDArray[np.floating]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """One image of a camera, or an animated one.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        stamp_s: Time at which the image was taken.
    """

    image: Image
    stamp_s: float

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError('a frame is (H, W, 3) uint8, got '
                             f'{self.image.shape} {self.image.dtype}')
        if 0 in self.image.shape:
            raise ValueError(f'a frame has at least one pixel, got {self.image.shape}')


class UnusableMotion(ValueError):
    """A motion that is not finite, or lacks what a stage needs of it."""


MOTION_ARRAYS = ('keypoints', 'jacobians', 'covariances', 'deformations', 'latent', 'landmarks',
                 'rotation', 'translation')


@dataclass(frozen=True)
class Motion:
    """Motion of the face (or object) in one frame.

    Every extractor fills in the fields that it can estimate; the rest stays None. All values are
    finite, else UnusableMotion is raised: one bad number would stay in every reference and mean.

    Attributes:
        model: Name of the extractor.
        stamp_s: Stamp of the frame.
        keypoints: (K, 2) or (K, 3) learned, unnamed points; x right, y down, in [-1, 1] of the
            image (corner to corner).
        jacobians: (K, 2, 2) local affine maps around the keypoints (FOMM).
        covariances: (K, 2, 2) spread of each keypoint's heat map (Monkey-Net).
        deformations: (K, 3) displacements of the canonical keypoints by the expression
            (face-vid2vid, LivePortrait).
        latent: (D,) learned code of pose and expression, without units (X2Face's driving vector).
        landmarks: (478, 3) named points of the MediaPipe face mesh in pixels of the frame: x
            right, y down, z away from the camera at the scale of x.
        image_size: (width, height) of the frame in pixels, to which `landmarks` belong.
        rotation: (3, 3) head to camera; x right in the image, y up, z towards the camera. The
            identity is a face that looks straight into the camera.
        translation: (3,) metres, of the head in the same axes, camera at the origin.
        scale: Size of the head in the image relative to the extractor's canonical one.
        expression: Named coefficients, e.g. the 52 ARKit blendshapes in [0, 1]. Left and right
            are the person's own.
        confidence: 0 to 1.
        face_id: Identity of the face, which stays while the face is in sight; '' if the extractor
            does not tell faces apart.
    """

    model: str
    stamp_s: float
    keypoints: Array | None = None
    jacobians: Array | None = None
    covariances: Array | None = None
    deformations: Array | None = None
    latent: Array | None = None
    landmarks: Array | None = None
    image_size: tuple[int, int] | None = None
    rotation: Array | None = None
    translation: Array | None = None
    scale: float | None = None
    expression: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 1.0
    face_id: str = ''

    def __post_init__(self) -> None:
        for name in MOTION_ARRAYS:
            values = getattr(self, name)
            if values is not None and not np.isfinite(values).all():
                raise UnusableMotion(f'the {name} of a motion of {self.model} are not finite')
        scale = 1.0 if self.scale is None else self.scale
        if not math.isfinite(sum(self.expression.values()) + scale + self.confidence):
            raise UnusableMotion(f'a motion of {self.model} is not finite: expression, scale or '
                                 'confidence')


@dataclass(frozen=True)
class ActionChunk:
    """Desired control values, now and for the next waypoints.

    Attributes:
        names: (N,) control names.
        values: (H, N) waypoints in the robot's units; row k is the target for
            `stamp_s + k * dt_s`. H = 1 is a plain action.
        dt_s: Time between waypoints, > 0; all waypoints together last no longer than HORIZON_S.
        stamp_s: Stamp of the camera frame.
    """

    names: tuple[str, ...]
    values: Array
    dt_s: float
    stamp_s: float

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names) or not len(self.values):
            raise ValueError(f'values of an action chunk are (H, {len(self.names)}) with H > 0, '
                             f'got {self.values.shape}')
        if not self.dt_s >= WAYPOINT_S:
            raise ValueError(f'dt_s must be > 0 and at least {WAYPOINT_S:g} s, got {self.dt_s}')
        # Smoothers place points up to the last waypoint.
        if self.dt_s * len(self.values) > HORIZON_S:
            raise ValueError(f'an action chunk lasts up to {HORIZON_S:g} s, got {len(self.values)} '
                             f'waypoints with dt_s {self.dt_s}')


@dataclass(frozen=True)
class Command:
    """Target state of the actuators at one instant, in the robot's units.

    Attributes:
        names: (N,) control names.
        position: (N,).
        velocity: (N,) per second.
        acceleration: (N,) per second squared.
        stamp_s: Stamp of the camera frame that the command answers.
    """

    names: tuple[str, ...]
    position: Array
    velocity: Array
    acceleration: Array
    stamp_s: float


@dataclass(frozen=True)
class RobotState:
    """Measured state of the robot.

    Attributes:
        names: (N,) control names.
        position: (N,) in the robot's units.
        velocity: (N,) per second.
        stamp_s: Time of the measurement.
        enabled: True if motors follow commands.
        estop: True if the emergency stop is latched.
        fault: Description of a fault, empty if there is none.
    """

    names: tuple[str, ...]
    position: Array
    velocity: Array
    stamp_s: float
    enabled: bool = True
    estop: bool = False
    fault: str = ''
