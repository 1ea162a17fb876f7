"""The six stages composed without ROS: every frame, in order, the same result in every run.

Time is that of the source: a frame's command is computed at its stamp, the hardware ticks on a
fixed grid until the next frame's stamp, and what the robot then does and looks like is the frame's
result. If there is a face in the first frame, the robot has taken up its expression by then, as it
would have had the recording begun a second earlier.
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
from ros_animate.hardware.base import VirtualRobot
from ros_animate.hardware.safety import Safety
from ros_animate.motion.base import Extractor
from ros_animate.motion.mirror import mirrored
from ros_animate.plugins import find, load, load_shared
from ros_animate.policy.base import Policy
from ros_animate.settings import Settings
from ros_animate.smoothing.base import Smoother
from ros_animate.types import ActionChunk, Array, Frame, Image, Motion

TICK_HZ = 60.0
LEAD_IN_S = 1.0


@dataclass
class Step:
    """One frame on its way; each stage adds what it makes of it.

    Attributes:
        frame: From the camera.
        until_s: Stamp of the next frame.
        motions: By extractor; None if it found no face.
        has_face: The policy had something to follow.
        animated: The portrait as the motion would have it; as it was where there is no face.
        position: (N,) the command in force at `until_s`, as sent, in robot units.
        robot: The robot's picture at `until_s`.
        seconds: Time that each stage took.
        latency_s: Time that the stages took that a command waits for.
    """

    frame: Frame
    until_s: float
    motions: dict[str, Motion | None] = field(default_factory=dict)
    has_face: bool = False
    animated: Image | None = None
    position: Array | None = None
    robot: Image | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    latency_s: float = 0.0


class Pipeline:
    """The stages, built from settings; a context manager. `run` may be called once.

    A real robot is never driven from here, faster or slower than time: the virtual face of the
    same description stands in for it, behind the same safety layer.
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
                                for name in sorted({self._observed, self._animator.extractor})}
            stack.enter_context(self._robot)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self, frames: Iterable[Frame], period_s: float) -> Generator[Step, None, None]:
        """Each frame's step, done; the stages work at the same time on successive frames.

        Args:
            frames: With increasing stamps.
            period_s: How long the last frame lasts.
        """
        return pipelined(steps(frames, period_s), self._see, self._animate, self._move)

    def _see(self, step: Step) -> Step:
        with _timed(step, 'motion'):
            for name, extractor in self._extractors.items():
                motion = extractor.extract(step.frame)
                step.motions[name] = mirrored(motion) if motion and self.settings.mirror else motion
        return step

    def _animate(self, step: Step) -> Step:
        with _timed(step, 'animation'):
            motion = step.motions[self._animator.extractor]
            if motion is not None:
                self._animated = self._animator.animate(motion).image
            step.animated = self._animated
        return step

    def _move(self, step: Step) -> Step:
        for stage, act in (('policy', self._act), ('hardware', self._actuate),
                           ('render', self._show)):
            with _timed(step, stage):
                act(step)
        step.latency_s = step.seconds['motion'] + step.seconds['policy']
        if self._policy.observes == 'image':
            step.latency_s += step.seconds['animation']
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
        """Brings the robot from neutral to the first frame's wish before the recording begins."""
        for tick in range(-round(LEAD_IN_S * TICK_HZ), 0):
            now_s = tick / TICK_HZ
            self._smoother.push(dataclasses.replace(chunk, stamp_s=now_s), now_s)
            self._tick(now_s)

    def _actuate(self, step: Step) -> None:
        # A tick at the very stamp of the next frame, which is not yet known then, belongs here.
        while (now_s := self._ticks / TICK_HZ) <= step.until_s + 1e-9:
            self._tick(now_s)
            self._ticks += 1
        self._robot.read(step.until_s)
        step.position = self._position

    def _tick(self, now_s: float) -> None:
        safe = self._safety.step(self._smoother.sample(now_s), now_s)
        self._position = self._robot.write(safe, now_s).position

    def _show(self, step: Step) -> None:
        step.robot = self._robot.render()

    @property
    def _observed(self) -> str:
        """The extractor whose motion the policy follows, itself or through the animator."""
        return self._animator.extractor if self._policy.observes == 'image' \
            else self.settings.plugin('motion')

    def _open_extractor(self, name: str, stack: contextlib.ExitStack) -> Extractor:
        """The chosen extractor, or the one that the animator understands.

        The latter gets those of the animator's options that it has too (weights, device, …).
        """
        if name == self.settings.plugin('motion'):
            extractor: Extractor = self.settings.load('motion')
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
    """A step for each frame, which lasts until the next one's stamp."""
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
