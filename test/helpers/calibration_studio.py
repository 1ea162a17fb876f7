"""A robot, a camera and a tracker in simulated time, each of which can be disturbed."""
from __future__ import annotations

import contextlib

import numpy as np

from ros_animate.calibration.journal import open_journal
from ros_animate.calibration.observer import Observer, Timing
from ros_animate.calibration.poses import schedule
from ros_animate.calibration.session import Session
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_pose import fit_pose
from ros_animate.hardware.pose_driver import PoseDriver, SimulatedTime, Time
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.motion.base import Extractor
from ros_animate.outputs.progress import Progress
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Motion, RobotState

FPS = 30.0
SIZE = 96


class Studio(Extractor):
    """The virtual robot, and what a camera and a perfect tracker see of it.

    Attributes:
        sent: (time, position) of every command that the robot got.
        disturb: Called with the number of the present image; returns a kind of disturbance, or ''.
        disturbed: Numbers of the images that were disturbed.
    """

    measures = True

    def __init__(self, robot='servo_head', speed=0.5):
        self.spec, self.speed = load_spec(robot), speed
        self.robot = load('hardware', 'mock', {'size': SIZE}, self.spec)
        self.time = SimulatedTime()
        self.sent, self.said, self.disturbed = [], [], []
        self.disturb = lambda number: ''
        self.check = lambda: None
        self.trouble = ''
        self.dead = ()
        self.stop_file = ''
        self._newest = 0, None

    # The robot.
    def connect(self):
        self.robot.connect()

    def write(self, command, now_s):
        self.sent.append((now_s, command.position.copy()))
        if self._now() == 'stalled':
            self.robot.read(now_s)
            return command
        position = command.position.copy()
        position[list(self.dead)] = self.spec.neutral[list(self.dead)]
        self.robot.write(type(command)(command.names, position, command.velocity,
                                       command.acceleration, command.stamp_s), now_s)
        return command

    def read(self, now_s):
        state = self.robot.read(now_s)
        return RobotState(state.names, state.position, state.velocity, now_s,
                          estop=self._now() == 'estop',
                          fault='motor 7 is hot' if self._now() == 'fault' else '')

    # The camera.
    def newest(self):
        number = int(self.time.now_s * FPS)
        kind = self._now()
        if kind == 'silent':
            return self._newest
        if number != self._newest[0] or self._newest[1] is None:
            self._newest = number, self.hostile(kind, self.robot.render())
        return self._newest

    @staticmethod
    def hostile(kind, image):
        """The image, with a hand before the face if that is the disturbance."""
        if kind == 'hand':
            image = image.copy()
            image[SIZE // 2:, SIZE // 4:3 * SIZE // 4] = (190, 110, 80)
        return image

    # The tracker.
    def extract(self, frame):
        kind = self._now()
        if kind:
            self.disturbed.append(int(self.time.now_s * FPS))
        if kind == 'no face':
            return None
        muscles = self.robot._face_map.muscles(self.robot.read(self.time.now_s).position)
        landmarks = self.robot._face.landmarks(muscles)
        if kind == 'near':
            landmarks = 1.8 * (landmarks - SIZE / 2) + SIZE / 2
        shapes = dict.fromkeys(BLENDSHAPES, 0.0)
        shapes['jawOpen'] = float(np.clip(muscles.get('jaw_open', 0.0), 0, 1))
        return Motion('mediapipe', frame.stamp_s, landmarks=landmarks, expression=shapes,
                      rotation=fit_pose(landmarks).rotation, translation=np.array([0, 0, 0.5]))

    def _now(self):
        return self.disturb(int(self.time.now_s * FPS))

    def babble(self, folder, seed=0, count=40, blocks=None):
        """Runs a session; returns its journal."""
        spec = self.spec
        blocks = schedule(spec, seed, count)[:blocks]
        times = Time(self.time.clock, self.time.sleep, lambda: self.check())
        options = {'robot': spec.name, 'seed': seed}
        config = SafetyConfig(estop_file=self.stop_file)
        with contextlib.ExitStack() as stack:
            journal = stack.enter_context(open_journal(folder, options))
            driver = stack.enter_context(PoseDriver(self, spec, config, self.speed, 'calibrate',
                                                    times))
            progress = stack.enter_context(Progress('calibrating', 1, 'pose', quiet=True))
            observer = Observer(driver, self, self, Timing())
            Session(observer, spec, self.said.append).run(blocks, journal, progress)
        return journal
