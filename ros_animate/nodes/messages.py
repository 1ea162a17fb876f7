"""Converts ROS messages to core types and back.

ROS messages hold joints in SI units; core types hold controls in the robot's units. `Joints`
converts between them. Messages that contradict themselves raise MessageError. Headers are handed
on whole, never rebuilt from a float: the stamp of the camera frame stays exact to the nanosecond.
"""
from __future__ import annotations

import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration as DurationMessage
from builtin_interfaces.msg import Time as TimeMessage
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ros_animate.errors import shown
from ros_animate.limits import CONTROLS
from ros_animate.msg import ActionChunk as ActionChunkMessage
from ros_animate.msg import Command as CommandMessage
from ros_animate.msg import Faces as FacesMessage
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.message_checks import (
    check_chunk_message,
    check_count,
    check_motion,
    check_motion_message,
    check_points,
)
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Command, Motion, RobotState, UnusableMotion

NANOSECONDS = 10 ** 9


def seconds(stamp: TimeMessage | DurationMessage) -> float:
    """The stamp in seconds; exact to about 0.2 µs at today's date."""
    return stamp.sec + stamp.nanosec * 1e-9


def nanoseconds(stamp: TimeMessage | DurationMessage) -> int:
    """The stamp in nanoseconds."""
    return int(stamp.sec * NANOSECONDS + stamp.nanosec)


def stamp_message(time_s: float) -> TimeMessage:
    """The ROS stamp of a time in seconds."""
    return nanoseconds_message(round(time_s * NANOSECONDS))


def nanoseconds_message(time_ns: int) -> TimeMessage:
    """The ROS stamp of a time in nanoseconds."""
    sec, nanosec = divmod(time_ns, NANOSECONDS)
    return TimeMessage(sec=sec, nanosec=nanosec)


def duration_message(duration_s: float) -> DurationMessage:
    """The ROS duration of a time in seconds."""
    sec, nanosec = divmod(round(duration_s * NANOSECONDS), NANOSECONDS)
    return DurationMessage(sec=sec, nanosec=nanosec)


def motion_to_message(motion: Motion, header: Header) -> MotionMessage:
    """The message of an extracted motion."""
    message = MotionMessage(header=header, model=motion.model, confidence=float(motion.confidence),
                            face_id=motion.face_id)
    for name in ('keypoints', 'jacobians', 'covariances', 'deformations', 'latent', 'landmarks'):
        values = getattr(motion, name)
        if values is not None:
            setattr(message, name, _flat(values, 'f'))
    for name in ('rotation', 'translation'):
        values = getattr(motion, name)
        if values is not None:
            setattr(message, name, _flat(values, 'd'))
    if motion.keypoints is not None:
        message.keypoint_dimensions = int(motion.keypoints.shape[1])
    if motion.image_size is not None:
        message.image_width, message.image_height = map(int, motion.image_size)
    if motion.scale is not None:
        message.scale = array.array('d', [motion.scale])
    message.expression_names = list(motion.expression)
    message.expression_values = array.array('f', motion.expression.values())
    return message


def nothing_found(model: str, header: Header) -> MotionMessage:
    """The message of a frame without a face."""
    return MotionMessage(header=header, model=model,
                         confidence=MotionMessage.CONFIDENCE_NOTHING_FOUND)


def motion_from_message(message: MotionMessage) -> Motion | None:
    """The motion, None if there was no face; raises MessageError."""
    check_motion_message(message)
    if message.confidence <= MotionMessage.CONFIDENCE_NOTHING_FOUND:
        return None
    names, values = message.expression_names, message.expression_values
    size = (message.image_width, message.image_height)
    try:
        motion = _motion(message, dict(zip(names, map(float, values))), size)
    except UnusableMotion as error:
        raise MessageError(str(error)) from error
    check_motion(motion)
    return motion


def faces_to_message(motions: Sequence[Motion], header: Header, follow: str,
                     followed: str) -> FacesMessage:
    """The message of all faces in sight.

    Args:
        motions: Motion of each face.
        header: Header of the camera frame.
        follow: Rule by which the followed face is selected.
        followed: Identity of the followed face, '' for none.
    """
    return FacesMessage(header=header, follow=follow, followed=followed,
                        motions=[motion_to_message(motion, header) for motion in motions])


def motions_from_message(message: FacesMessage, most: int) -> list[Motion]:
    """The motion of every face, with the header of the whole; raises MessageError."""
    check_count(len(message.motions), 'faces', most)
    for motion in message.motions:
        motion.header = message.header
    motions = [motion_from_message(motion) for motion in message.motions]
    return [motion for motion in motions if motion is not None]


def _motion(message: MotionMessage, expression: dict[str, float], size: tuple[int, int]) -> Motion:
    return Motion(
        model=message.model, stamp_s=seconds(message.header.stamp),
        keypoints=_unflat(message.keypoints, 'keypoints', (-1, message.keypoint_dimensions)),
        jacobians=_unflat(message.jacobians, 'jacobians', (-1, 2, 2)),
        covariances=_unflat(message.covariances, 'covariances', (-1, 2, 2)),
        deformations=_unflat(message.deformations, 'deformations', (-1, 3)),
        latent=_unflat(message.latent, 'latent', (-1,)),
        landmarks=_unflat(message.landmarks, 'landmarks', (MotionMessage.LANDMARK_COUNT, 3)),
        image_size=size if all(size) else None,
        rotation=_unflat(message.rotation, 'rotation', (3, 3)),
        translation=_unflat(message.translation, 'translation', (3,)),
        scale=float(message.scale[0]) if len(message.scale) else None,
        expression=expression, confidence=float(message.confidence), face_id=message.face_id)


@dataclass(frozen=True)
class Joints:
    """Names of a robot's joints, and factors from its units to SI.

    Attributes:
        controls: (N,) names of the controls in the core.
        names: (N,) names of the joints in ROS.
        to_si: (N,) radians per degree for angles, 1 for controls without a physical unit.
    """

    controls: tuple[str, ...]
    names: list[str]
    to_si: NDArray[np.float64]

    @classmethod
    def of(cls, spec: RobotSpec) -> Joints:
        """The joints of a described robot."""
        return cls(spec.names, list(spec.joints), np.array(spec.si))

    def order(self, joint_names: Sequence[str]) -> NDArray[np.intp]:
        """(N,) indices of the robot's joints in `joint_names`; raises MessageError."""
        if list(joint_names) == self.names:
            return np.arange(len(self.names))
        check_count(len(joint_names), 'joint names', CONTROLS)
        missing = sorted(set(self.names) - set(joint_names))
        unknown = sorted(set(joint_names) - set(self.names))
        if missing or unknown or len(joint_names) != len(self.names):
            raise MessageError(f'joints of another robot: missing {missing[:3]}, unknown '
                               f'{shown(unknown[:3])} ({len(joint_names)} of {len(self.names)})')
        index = {name: i for i, name in enumerate(joint_names)}
        return np.array([index[name] for name in self.names])

    def chunk_to_message(self, chunk: ActionChunk, header: Header) -> ActionChunkMessage:
        """The message of an action chunk."""
        self._require(chunk.names)
        return ActionChunkMessage(header=header, joint_names=self.names, dt_s=float(chunk.dt_s),
                                  positions=_flat(chunk.values * self.to_si, 'd'))

    def chunk_from_message(self, message: ActionChunkMessage) -> ActionChunk:
        """The action chunk in this robot's order and units."""
        order = self.order(message.joint_names)
        check_chunk_message(message)
        values = _unflat(message.positions, 'positions', (-1, len(order)))
        assert values is not None
        return ActionChunk(self.controls, values[:, order] / self.to_si, message.dt_s,
                           seconds(message.header.stamp))

    def trajectory_to_message(self, points: Sequence[tuple[float, Command]],
                              header: Header) -> JointTrajectory:
        """The message of commands at given times; `time_from_start` counts from the header."""
        start_s = seconds(header.stamp)
        return JointTrajectory(header=header, joint_names=self.names, points=[
            JointTrajectoryPoint(positions=_flat(c.position * self.to_si, 'd'),
                                 velocities=_flat(c.velocity * self.to_si, 'd'),
                                 accelerations=_flat(c.acceleration * self.to_si, 'd'),
                                 time_from_start=duration_message(time_s - start_s))
            for time_s, c in points])

    def trajectory_from_message(self, message: JointTrajectory,
                                now_s: float) -> list[tuple[float, Command]]:
        """(time_s, command) of every point; by ROS's convention a zero stamp means "starts now"."""
        order = self.order(message.joint_names)
        check_points(message.points)
        stamp_s = seconds(message.header.stamp)
        start_s = stamp_s or now_s
        return [(start_s + seconds(point.time_from_start), Command(
            self.controls,
            self._column(point.positions, 'positions', order, required=True),
            self._column(point.velocities, 'velocities', order),
            self._column(point.accelerations, 'accelerations', order),
            start_s)) for point in message.points]

    def command_to_message(self, command: Command, header: Header,
                           sent: TimeMessage) -> CommandMessage:
        """The message of a sent command and its time of sending."""
        self._require(command.names)
        return CommandMessage(header=header, sent=sent, joint_names=self.names,
                              positions=_flat(command.position * self.to_si, 'd'),
                              velocities=_flat(command.velocity * self.to_si, 'd'),
                              accelerations=_flat(command.acceleration * self.to_si, 'd'))

    def command_from_message(self, message: CommandMessage) -> Command:
        """The sent command in this robot's order and units."""
        order = self.order(message.joint_names)
        return Command(self.controls,
                       self._column(message.positions, 'positions', order, required=True),
                       self._column(message.velocities, 'velocities', order),
                       self._column(message.accelerations, 'accelerations', order),
                       seconds(message.header.stamp))

    def state_to_message(self, state: RobotState, header: Header) -> JointState:
        """The message of the robot's state."""
        self._require(state.names)
        return JointState(header=header, name=self.names,
                          position=_flat(state.position * self.to_si, 'd'),
                          velocity=_flat(state.velocity * self.to_si, 'd'))

    def _require(self, names: Sequence[str]) -> None:
        if tuple(names) != self.controls:
            raise ValueError(f'controls {list(names)[:3]}… are not those of this robot '
                             f'({list(self.controls)[:3]}…)')

    def _column(self, values: Any, what: str, order: NDArray[np.intp],
                required: bool = False) -> NDArray[np.float64]:
        if not len(values) and not required:
            return np.zeros(len(order))
        if len(values) != len(order):
            raise MessageError(f'{len(values)} {what} for {len(order)} joints')
        return np.asarray(values, float)[order] / self.to_si


def _flat(values: Any, typecode: str) -> array.array:
    """The values row by row. rclpy copies an array.array as a whole."""
    flat = array.array(typecode)
    flat.frombytes(np.asarray(values, np.dtype(typecode)).tobytes())
    return flat


def _unflat(values: Any, what: str, shape: tuple[int, ...]) -> NDArray[np.floating] | None:
    if not len(values):
        return None
    size = abs(int(np.prod(shape)))
    if not size or len(values) % size or (-1 not in shape and len(values) != size):
        raise MessageError(f'{what}: {len(values)} values do not make {shape}')
    return np.array(values).reshape(shape)
