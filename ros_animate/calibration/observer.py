"""Brings a robot into poses and looks at its face, as long as nothing is in the way."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.calibration.sighting import Sighting, steady
from ros_animate.collection.recording import Camera
from ros_animate.hardware.pose_driver import ARRIVAL_TIMEOUT_S, Drive, PoseDriver
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame, Image, UnusableMotion

STALL_S = 1.5  # time in which a robot that stands reaches what was sent
STALL_SHARE = 0.08  # of the range: a robot that measures is not where it was sent
STEP_RAMP_S, STEP_TAIL_S = 0.25, 0.4  # the way to an end, and how long it is watched after that


@dataclass(frozen=True)
class Timing:
    """Speed and waiting times.

    Attributes:
        speed: Share of the robot's velocity and acceleration, (0, 1].
        settle_s: Time that the robot stands still before an image counts.
        images: Most images of a pose; two are enough where they agree.
        image_timeout_s: Time without an image after which the camera counts as silent.
    """

    speed: float = 0.5
    settle_s: float = 0.15
    images: int = 8
    image_timeout_s: float = 3.0


class Interruption(Exception):
    """Something is in the way of the calibration; the message says what."""


class Unseen(Interruption):
    """There is no face, or one that is not the robot's."""


class Stalled(Interruption):
    """The robot is not where it was sent.

    Attributes:
        controls: Indices of the controls that do not follow.
    """

    def __init__(self, message: str, controls: Sequence[int]) -> None:
        super().__init__(message)
        self.controls = tuple(controls)


class Observer:
    """Moves the robot, takes images and tracks its face.

    Args:
        driver: Moves the robot.
        camera: Sees it.
        tracker: Extracts motion, in the order of the images.
        timing: Speed and waiting times.
    """

    def __init__(self, driver: PoseDriver, camera: Camera, tracker: Extractor,
                 timing: Timing) -> None:
        self._driver, self._camera, self._tracker = driver, camera, tracker
        self._timing = timing
        self._spec = driver.spec

    def look(self, pose: Array) -> tuple[Array, Sighting]:
        """Goes to a pose (C,); returns what was sent (C,) and the face there.

        Raises:
            Interruption: Something is in the way.
        """
        sent = self.settle(pose)
        seen = steady(lambda: self._track(self._next_image(pose)), self._timing.images)
        if seen is None:
            raise Unseen('no face in the image')
        return sent, seen

    def settle(self, pose: Array) -> Array:
        """Goes to a pose (C,) and lets the robot stand; returns what was sent (C,).

        Raises:
            Interruption: It is stopped, has a fault, or does not follow.
        """
        began_s = self._driver.now_s
        while True:
            drive = self._tick(pose)
            late = self._late(drive)
            if drive.standing_s >= self._timing.settle_s and not late:
                return drive.sent.position
            if late and drive.standing_s > STALL_S:
                raise Stalled(self._stall_message(drive, late), late)
            if self._driver.now_s > began_s + ARRIVAL_TIMEOUT_S:
                raise Interruption(f'a pose was not reached within {ARRIVAL_TIMEOUT_S:g} s')

    def watch(self, start: Array, pose: Array, control: int) -> tuple[Array, Array, Array] | None:
        """The way from `start` (C,) to `pose` (C,): times (T,), sent values (T,), faces (T, 55).

        None if the face is lost on the way.

        Raises:
            Interruption: Something is in the way.
        """
        began_s, rows = self._driver.now_s, []
        number, image = self._camera.newest()
        heard_s = began_s
        while (time_s := self._driver.now_s - began_s) < STEP_RAMP_S + STEP_TAIL_S:
            drive = self._tick(start + min(time_s / STEP_RAMP_S, 1.0) * (pose - start))
            newest, image = self._camera.newest()
            if newest == number or image is None:
                self._check_silence(heard_s)
                continue
            number, heard_s = newest, self._driver.now_s
            face = self._track(image)
            rows.append((time_s, drive.sent.position[control],
                         None if face is None else face.features))
        if len(rows) < 3 or any(features is None for _, _, features in rows):
            return None
        times, sent, features = zip(*rows)
        return np.array(times), np.array(sent), np.array(features)

    def idle(self, seconds: float) -> None:
        """Stands at neutral, or goes there, for a while, whatever is in the way."""
        until_s = self._driver.now_s + seconds
        while self._driver.now_s < until_s:
            self._follow_stop_file()
            self._driver.tick(self._spec.neutral)

    def _tick(self, pose: Array) -> Drive:
        self._follow_stop_file()
        drive = self._driver.tick(pose)
        if self._driver.safety.estopped or drive.state.estop:
            raise Interruption('the emergency stop is in force: reset it')
        if drive.state.fault:
            raise Interruption(f'the robot reports a fault: {drive.state.fault}')
        return drive

    def _follow_stop_file(self) -> None:
        """Stops, or ends the stop, when another program makes or removes the file of the stop."""
        safety = self._driver.safety
        if not safety.config.estop_file:
            return
        is_stopped = os.path.lexists(os.path.expanduser(safety.config.estop_file))
        if is_stopped and not safety.estopped:
            safety.estop()
        elif safety.estopped and not is_stopped:
            safety.reset_estop()

    def _late(self, drive: Drive) -> list[int]:
        """Controls whose measured position is not what was sent."""
        if not self._driver.robot.measures:
            return []
        error = np.abs(drive.state.position - drive.sent.position)
        tolerance = STALL_SHARE * (self._spec.high - self._spec.low)
        return [int(index) for index in np.flatnonzero(~(error <= tolerance))]

    def _stall_message(self, drive: Drive, late: Sequence[int]) -> str:
        first = late[0]
        more = f' (and {len(late) - 1} more)' if len(late) > 1 else ''
        return (f'stalled: {self._spec.names[first]} measures {drive.state.position[first]:.3g}, '
                f'commanded is {drive.sent.position[first]:.3g}{more}')

    def _next_image(self, pose: Array) -> Image:
        """The next image of the robot while it stands in a pose."""
        number, _ = self._camera.newest()
        heard_s = self._driver.now_s
        while True:
            self._tick(pose)
            newest, image = self._camera.newest()
            if newest > number and image is not None:
                return image
            self._check_silence(heard_s)

    def _check_silence(self, heard_s: float) -> None:
        if self._driver.now_s - heard_s > self._timing.image_timeout_s:
            raise Interruption(f'no image for {self._timing.image_timeout_s:g} s: '
                               f'{self._camera.trouble or "is the camera on?"}')

    def _track(self, image: Image) -> Sighting | None:
        try:
            motion = self._tracker.extract(Frame(image, self._driver.now_s))
        except UnusableMotion:
            return None
        return Sighting.of(motion, image)
