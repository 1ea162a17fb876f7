"""`ros_animate calibrate`: babbles with a robot, learns from it, and writes what was found."""
from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import pathlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ros_animate.calibration.cameras import VirtualCamera, open_source
from ros_animate.calibration.card import write_card
from ros_animate.calibration.corrections import with_corrected_rig
from ros_animate.calibration.fidelity import Fidelity, predicted_fidelity
from ros_animate.calibration.fitting import LEAST_POSES, fit
from ros_animate.calibration.journal import Journal, open_journal
from ros_animate.calibration.observer import Observer, Timing
from ros_animate.calibration.poses import Block, schedule
from ros_animate.calibration.report import Report, findings_of, make_report
from ros_animate.calibration.report_files import write_report
from ros_animate.calibration.responses import FaithfulRobot
from ros_animate.calibration.session import Session, no_wait
from ros_animate.collection.recording import Camera
from ros_animate.errors import UserError
from ros_animate.hardware.base import Robot, VirtualRobot
from ros_animate.hardware.estop import estop_path
from ros_animate.hardware.pose_driver import (
    REAL_TIME,
    PoseDriver,
    SimulatedTime,
    Time,
    position_without_fault,
)
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.interrupts import DeferredSignals
from ros_animate.motion.base import Extractor
from ros_animate.outputs.progress import LINE_PERIOD_S, PROGRAM, Progress, write_line
from ros_animate.plugins import find, load, load_shared
from ros_animate.policy.forward_model import ForwardModel
from ros_animate.robot.descriptions import description_file
from ros_animate.robot.spec import RobotSpec
from ros_animate.settings import Settings

VIRTUAL = 'virtual'
OBSERVATIONS = 'observations.npz'
TOPIC = 'topic:'
SOURCE = 'calibrate'
NODE = 'hardware'  # of a pipeline without a namespace
FACES, PURPOSE = 200, 24  # faces on which the fidelity is predicted, and their random numbers

OpenTopic = Callable[[str], AbstractContextManager[Camera]]


@dataclass(frozen=True)
class Request:
    """Options of a calibration.

    Attributes:
        camera: A camera source, 'topic:NAME', or 'virtual'.
        folder: Folder of all that is kept.
        poses: Number of poses.
        seed: Seed of the poses.
        timing: Speed and waiting times.
        quiet: True for no progress.
    """

    camera: str
    folder: pathlib.Path
    poses: int
    seed: int
    timing: Timing
    quiet: bool = False


def calibrate(settings: Settings, request: Request, open_topic: OpenTopic) -> Report:
    """Calibrates a robot, or finishes a calibration that was interrupted.

    Args:
        settings: Robot, transport and limits.
        request: Options of the calibration.
        open_topic: Called with an image topic when images are needed.

    Raises:
        UserError: The camera does not fit the robot, the folder holds something else, or too few
            faces were seen.
    """
    spec = settings.spec
    is_virtual = issubclass(find('hardware', settings.plugin('hardware')), VirtualRobot)
    if request.camera == VIRTUAL and not is_virtual:
        raise UserError(f'--camera virtual shows virtual robots; {settings.robot} is a real one: '
                        'name a camera that sees its face')
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(DeferredSignals())
        journal = stack.enter_context(open_journal(request.folder, describe(spec, request)))
        tracker = stack.enter_context(contextlib.closing(open_tracker(settings)))
        blocks = schedule(spec, request.seed, request.poses)
        try:
            if len(journal.blocks) < len(blocks):
                _babble(settings, request, open_topic, tracker, journal, blocks, signals.check)
        finally:
            if journal.blocks:
                journal.observations(spec.names).write(request.folder / OBSERVATIONS)
        signals.check()
        return _learn(spec, settings.robot, request, journal, tracker, signals.check)


def open_tracker(settings: Settings) -> Extractor:
    """The tracker that watches people, for one face."""
    options = settings.options('motion') if settings.plugin('motion') == 'mediapipe' else {}
    return load_shared('motion', 'mediapipe', {**options, 'faces': 1})


def describe(spec: RobotSpec, request: Request) -> dict[str, Any]:
    """Options that the poses of a folder depend on."""
    content = repr([spec.controls, spec.coupled])
    return {'robot': spec.name, 'controls': list(spec.names),
            'description': hashlib.sha256(content.encode()).hexdigest()[:16],
            'camera': request.camera, 'seed': request.seed, 'poses': request.poses}


def _babble(settings: Settings, request: Request, open_topic: OpenTopic, tracker: Extractor,
            journal: Journal, blocks: list[Block], check: Callable[[], None]) -> None:
    """Takes the poses that are missing."""
    total, done = (sum(map(len, part)) for part in (blocks, blocks[:len(journal.blocks)]))
    with contextlib.ExitStack() as stack:
        robot = stack.enter_context(settings.load('hardware'))
        times = REAL_TIME
        wait: Callable[[float], None] = no_wait
        camera: Camera
        if request.camera == VIRTUAL:
            simulated = SimulatedTime()
            times, wait = Time(simulated.clock, simulated.sleep), time.sleep
            camera = VirtualCamera(robot, simulated)
        elif request.camera.startswith(TOPIC):
            camera = stack.enter_context(open_topic(request.camera.removeprefix(TOPIC)))
        else:
            camera = stack.enter_context(open_source(request.camera))
        position_without_fault(robot, times.clock, times.sleep)  # the driver begins there
        driver = stack.enter_context(PoseDriver(
            robot, settings.spec, _safety(settings, robot), request.timing.speed, SOURCE,
            Time(times.clock, times.sleep, check)))
        progress = stack.enter_context(Progress('calibrating', total, 'pose', initial=done,
                                                quiet=request.quiet))
        observer = Observer(driver, camera, tracker, request.timing)
        Session(observer, settings.spec, Voice(), wait).run(blocks, journal, progress)


def _safety(settings: Settings, robot: Robot) -> SafetyConfig:
    """Options of the safety layer; a real robot shares the stop of its hardware node."""
    config = settings.safety
    if config.estop_file or isinstance(robot, VirtualRobot):
        return config
    name = f'{settings.spec.name}.{settings.plugin("hardware")}'
    return dataclasses.replace(config, estop_file=estop_path(NODE, name))


def _learn(spec: RobotSpec, robot: str, request: Request, journal: Journal, tracker: Extractor,
           check: Callable[[], None]) -> Report:
    """Fits the forward model, compares the robot with its file and writes both."""
    observations = journal.observations(spec.names)
    if len(observations) < LEAST_POSES:
        raise UserError(f'{request.folder}: a face was seen in {len(observations)} poses, too few '
                        'to learn from; does the camera see the whole face, upright and lit?')
    faithful = FaithfulRobot(spec, tracker) if spec.face.get('controls') else None
    expected = faithful.expected() if faithful else None
    findings = findings_of(spec, journal, expected)
    check()
    model = with_corrected_rig(fit(spec, observations), spec, findings)
    model.save(request.folder)
    check()
    file, _ = description_file(robot)
    report = make_report(spec, file, journal, findings, expected,
                         faithful.neutral() if faithful else [], model,
                         faithful.turns() if faithful and request.camera == VIRTUAL else None,
                         _fidelity(spec, model, request.folder))
    write_report(report, request.folder)
    write_card(request.folder, robot, request.camera, request.seed, request.poses, report)
    return report


def _fidelity(spec: RobotSpec, model: ForwardModel, folder: pathlib.Path) -> dict[str, Fidelity]:
    """Predicted fidelity of the rig and of the calibration; empty without a rig."""
    if not spec.rig:
        return {}
    policies: dict[str, dict[str, Any]] = {
        'blendshape_map': {'adapt_s': 0.0},
        'calibrated': {'weights': str(folder)}}
    return {name: predicted_fidelity(spec, load('policy', name, options, spec), model, FACES,
                                     PURPOSE)
            for name, options in policies.items()}


class Voice:
    """Shows lines above the progress; one that is repeated, every ten seconds."""

    def __init__(self) -> None:
        self._line, self._due_s = '', 0.0

    def __call__(self, line: str) -> None:
        now_s = time.monotonic()
        if line != self._line or now_s >= self._due_s:
            self._line, self._due_s = line, now_s + LINE_PERIOD_S
            write_line(f'{PROGRAM}: {line}')
