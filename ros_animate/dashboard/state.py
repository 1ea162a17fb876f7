"""State of the pipeline as the page shows it, as plain data."""
from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from ros_animate.dashboard.faces import faces_of, followed_face
from ros_animate.dashboard.robot import coupled_limits, described, read_spec, rounded
from ros_animate.dashboard.words import safety_state, stage_states
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.messages import Joints
from ros_animate.nodes.remote.pipeline import RemotePipeline
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

FACES_S = 1.0  # after this time without them the followed face alone is shown


class PipelineState:
    """The newest values of the pipeline, read from its messages when they are asked for.

    Args:
        pipeline: The pipeline.

    Attributes:
        robot_name: Name or file of the robot, '' until it is known.
        spec: Description of the robot, None until it is known.
        trouble: Reason why it is not known, '' for none.
        command, target, measured: (N,) newest values in the robot's units, None for none.
        jog: Targets of the manual mode by control, as some browser has set them.
    """

    def __init__(self, pipeline: RemotePipeline) -> None:
        self.spec: RobotSpec | None = None
        self.trouble = ''
        self.jog: dict[str, float] = {}
        self._pipeline = pipeline
        self._joints: Joints | None = None
        self.robot_name = ''
        self._was_manual = False
        self._faces: dict[str, Any] = {'faces': [], 'follow': ''}
        self._faces_s = -math.inf
        self.command: Array | None = None
        self.target: Array | None = None
        self.measured: Array | None = None

    def set_robot(self, name: str) -> bool:
        """Reads the description of a robot; returns True if it is another one than before."""
        if name == self.robot_name:
            return False
        self.robot_name = name
        self.spec, self.trouble = read_spec(name)
        self._joints = None if self.spec is None else Joints.of(self.spec)
        self.command = self.target = self.measured = None
        return True

    def set_jog(self, values: dict[str, Any]) -> None:
        """Sets targets of the manual mode and sends them; what makes no sense is left out."""
        if self.spec is None or not self._pipeline.manual:
            return
        good = {name: float(value) for name, value in values.items()
                if name in self.spec.names and isinstance(value, (int, float))
                and math.isfinite(value)}
        self.jog.update(good)
        self._pipeline.publish_manual_targets(self.spec, list(good), np.array(list(good.values())))

    def keep_manual(self) -> None:
        """Keeps the manual mode alive, as long as somebody looks."""
        if self.spec is not None and self._pipeline.manual:
            self._pipeline.publish_manual_targets(self.spec, [], np.array([]))

    def robot(self) -> dict[str, Any]:
        """The robot, for a browser that has just come."""
        named = {} if self.spec is None else described(self.spec)
        return {'type': 'robot', 'namespace': self._pipeline.namespace or '/',
                'trouble': self.trouble, **named}

    def stages(self) -> dict[str, Any]:
        """The stages' diagnostics and the state of the safety layer."""
        return {'type': 'stages', 'stages': stage_states(self._pipeline),
                'safety': safety_state(self._pipeline)}

    def values(self) -> dict[str, Any]:
        """The newest values of the controls, and the faces."""
        self._update()
        state: dict[str, Any] = {
            'type': 'values', 'estopped': self._pipeline.estopped, 'manual': self._pipeline.manual,
            **self._faces}
        for name in ('target', 'command', 'measured'):
            found = getattr(self, name)
            state[name] = None if found is None else rounded(found)
        if self.spec is not None and self.command is not None:
            state['limits'] = coupled_limits(self.spec, self.command)
        if self._pipeline.manual:
            state['jog'] = self.jog
        return state

    def _update(self) -> None:
        joints = self._joints
        if joints is not None:
            self._read('command', 'commands', lambda m: joints.command_from_message(m).position)
            self._read('target', 'actions', lambda m: joints.chunk_from_message(m).values[0])
            self._read('measured', 'joint_states', lambda m: self._pipeline.measured(joints, m))
        self._update_faces()
        manual = bool(self._pipeline.manual)
        if manual and not self._was_manual and self.spec is not None and self.command is not None:
            self.jog = dict(zip(self.spec.names, rounded(self.command)))
        self._was_manual = manual

    def _update_faces(self) -> None:
        newest, now_s = self._pipeline.newest, time.monotonic()
        if (message := newest.take('faces')) is not None:
            self._faces, self._faces_s = faces_of(message), now_s
        elif now_s - self._faces_s > FACES_S and (message := newest.take('motion')) is not None:
            self._faces = followed_face(message)

    def _read(self, attribute: str, topic: str, convert: Any) -> None:
        message = self._pipeline.newest.take(topic)
        if message is None:
            return
        try:
            setattr(self, attribute, convert(message))
        except (MessageError, ValueError, IndexError):
            setattr(self, attribute, None)  # of another robot
