"""The six stages composed without ROS: every frame, in order, the same result in every run.

Time is that of the source: a frame's command is computed at its stamp, the hardware ticks on a
fixed grid until the next frame's stamp, and the robot's position and image at that time are the
frame's result. If the first frame shows a face, the robot has its expression from the beginning, as
if the recording had begun a second earlier.
"""
from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from ros_animate.animation.base import Animator
from ros_animate.animation.source_image import source_image
from ros_animate.concurrency import pipelined
from ros_animate.errors import UserError
from ros_animate.hardware.base import VirtualRobot
from ros_animate.hardware.safety import Safety
from ros_animate.motion.base import LANDMARKS, DrawnMotion, Extractor
from ros_animate.motion.mirror import mirrored
from ros_animate.plugins import find, load, load_shared
from ros_animate.policy.base import Policy
from ros_animate.settings import Settings
from ros_animate.smoothing.base import Smoother
from ros_animate.types import ActionChunk, Array, Frame, Image, Motion, UnusableMotion

TICK_HZ = 60.0
LEAD_IN_S = 1.0


@dataclass
class Step:
    """One frame and its results; each stage adds its own.

    Attributes:
        frame: The camera frame.
        until_s: Stamp of the next frame.
        motions: Motion by name of the extractor; None if it found no face.
        has_face: True if the policy had a motion to follow.
        animated: The animated portrait; that of the frame before if there is no face.
        position: (N,) the command in force at `until_s`, as sent, in robot units.
        robot: Image of the robot at `until_s`.
        seconds: Time that each stage took.
        computing_s: Total time of the stages that a command waits for.
    """

    frame: Frame
    until_s: float
    motions: dict[str, Motion | None] = field(default_factory=dict)
    has_face: bool = False
    animated: Image | None = None
    position: Array | None = None
    robot: Image | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    computing_s: float = 0.0


class Pipeline:
    """The stages, built from settings; a context manager. `run` may be called once.

    A real robot is never driven from here, because the pipeline does not run in real time: the
    virtual face of the same description takes its place, behind the same safety layer.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.spec = settings.spec
        self._animator: Animator = settings.load('animation')
        self._animated = source_image(settings.portrait, self.spec)
        self._animator.set_source(self._animated)
        self._policy: Policy = settings.load('policy')
        self._smoother: Smoother = settings.load('smoothing')
        self._safety = Safety(settings.safety, self.spec)
        self._robot = virtual_robot(settings)
        self._position: Array = self.spec.neutral
        self._ticks = 0

    def __enter__(self) -> Pipeline:
        with contextlib.ExitStack() as stack:
            self._extractors = {name: self._open_extractor(name, stack)
                                for name in sorted({self._observed, self._animated_by})}
            stack.enter_context(self._robot)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def calibrate(self, frame: Frame) -> None:
        """Takes the face in a frame as the person's neutral face; to be called before `run`.

        Raises:
            UserError: There is no face in the frame.
        """
        motions = self._extract(Step(frame, frame.stamp_s)).motions
        for extractor in self._extractors.values():
            extractor.reset()
        animated, observed = motions[self._animated_by], motions[self._observed]
        if animated is None or observed is None:
            raise UserError('there is no face in the frame that is to be neutral: choose another')
        self._animator.calibrate(animated)
        if self._policy.observes == 'image':
            self._policy.calibrate(self._animator.animate(animated))
        else:
            self._policy.calibrate(observed)

    def run(self, frames: Iterable[Frame], period_s: float) -> Generator[Step, None, None]:
        """Yields the finished step of each frame; the stages work on successive frames in parallel.

        Args:
            frames: Frames with increasing stamps.
            period_s: Duration of the last frame.
        """
        return pipelined(steps(frames, period_s), self._extract, self._animate, self._drive)

    def _extract(self, step: Step) -> Step:
        with _timed(step, 'motion'):
            for name, extractor in self._extractors.items():
                try:
                    motion = extractor.extract(step.frame)
                except UnusableMotion:
                    motion = None
                step.motions[name] = mirrored(motion) if motion and self.settings.mirror else motion
        return step

    def _animate(self, step: Step) -> Step:
        with _timed(step, 'animation'):
            motion = step.motions[self._animated_by]
            if motion is not None:
                self._animated = self._animator.animate(motion).image
            step.animated = self._animated
        return step

    def _drive(self, step: Step) -> Step:
        for stage, act in (('policy', self._act), ('hardware', self._actuate),
                           ('render', self._render)):
            with _timed(step, stage):
                act(step)
        step.computing_s = step.seconds['motion'] + step.seconds['policy']
        if self._policy.observes == 'image':
            step.computing_s += step.seconds['animation']
        return step

    def _act(self, step: Step) -> None:
        motion = step.motions[self._observed]
        step.has_face = motion is not None
        if motion is None:
            return
        assert step.animated is not None
        observation = Frame(step.animated, motion.stamp_s) if self._policy.observes == 'image' \
            else motion
        chunk = self._policy.act(observation)
        if self._ticks == 0:
            self._lead_in(chunk)
        self._smoother.push(chunk, step.frame.stamp_s)

    def _lead_in(self, chunk: ActionChunk) -> None:
        """Brings the robot from neutral to the first frame's target before the recording begins."""
        for tick in range(-round(LEAD_IN_S * TICK_HZ), 0):
            now_s = tick / TICK_HZ
            self._smoother.push(dataclasses.replace(chunk, stamp_s=now_s), now_s)
            self._tick(now_s)

    def _actuate(self, step: Step) -> None:
        # A tick exactly at the next frame's stamp belongs to this frame: the next is not known yet.
        while (now_s := self._ticks / TICK_HZ) <= step.until_s + 1e-9:
            self._tick(now_s)
            self._ticks += 1
        self._robot.read(step.until_s)
        step.position = self._position

    def _tick(self, now_s: float) -> None:
        safe = self._safety.step(self._smoother.sample(now_s), now_s)
        self._position = self._robot.write(safe, now_s).position

    def _render(self, step: Step) -> None:
        step.robot = self._robot.render()

    @property
    def _observed(self) -> str:
        """The extractor whose motion the policy follows, directly or through the animator."""
        return self._animated_by if self._policy.observes == 'image' \
            else self.settings.plugin('motion')

    @property
    def _animated_by(self) -> str:
        """The extractor whose motion the animator follows."""
        name = self.settings.plugin('motion')
        is_source = self.settings.has_motion_source
        return name if is_source and self._animator.extractor == LANDMARKS \
            else self._animator.extractor

    def _open_extractor(self, name: str, stack: contextlib.ExitStack) -> Extractor:
        """The selected extractor, or the one whose motion the animator understands.

        The latter shares the animator's options (weights, device, …).
        """
        extractor: Extractor
        if name == self.settings.plugin('motion'):
            extractor = DrawnMotion() if self.settings.has_motion_source \
                else self.settings.load('motion')
        else:
            extractor = load_shared('motion', name, self.settings.options('animation'))
        stack.callback(extractor.close)
        return extractor


def virtual_robot(settings: Settings) -> VirtualRobot:
    """The robot, if it is a virtual one, else the virtual face of the same description."""
    if issubclass(find('hardware', settings.plugin('hardware')), VirtualRobot):
        return settings.load('hardware')
    return load('hardware', 'mock', {}, settings.spec)


def steps(frames: Iterable[Frame], period_s: float) -> Iterator[Step]:
    """A step for each frame, which lasts until the stamp of the next frame."""
    step: Step | None = None
    start_s = time.perf_counter()
    for frame in frames:
        seconds = time.perf_counter() - start_s
        if step is not None:
            step.until_s = frame.stamp_s
            yield step
        step = Step(frame, frame.stamp_s + period_s, seconds={'camera': seconds})
        start_s = time.perf_counter()
    if step is not None:
        yield step


@contextlib.contextmanager
def _timed(step: Step, stage: str) -> Iterator[None]:
    start_s = time.perf_counter()
    yield
    step.seconds[stage] = time.perf_counter() - start_s
