"""`ros_animate collect`: adds the missing pairs to a folder."""
from __future__ import annotations

import contextlib
import hashlib
import pathlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ros_animate.collection.folder import PairFolder
from ros_animate.collection.pairs import Pair, PairMaker
from ros_animate.collection.recording import Camera, Recorder, Timing, record
from ros_animate.collection.sampling import ControlSampler
from ros_animate.collection.workers import make_all, parts
from ros_animate.hardware.pose_driver import Time
from ros_animate.interrupts import DeferredSignals
from ros_animate.outputs.progress import Progress
from ros_animate.robot.spec import RobotSpec
from ros_animate.settings import Settings
from ros_animate.workers import Workers

VERSION = 3  # of the images that a seed gives


def collect(maker: PairMaker, path: pathlib.Path, options: Mapping[str, Any], count: int,
            workers: Workers, quiet: bool = False) -> int:
    """Fills a folder up to `count` pairs; returns how many it had before.

    Args:
        maker: Makes the pairs.
        path: The folder, made if it does not exist.
        options: Everything that the pairs depend on; kept in the folder.
        count: Number of pairs in the end; a folder that holds more is left as it is.
        workers: Number of processes, or a cluster.
        quiet: True for no progress.
    """
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(DeferredSignals())
        folder = stack.enter_context(PairFolder(path, options))
        before = folder.count
        todo = parts(before, count, maker.block_size) if before < count else []
        blocks = stack.enter_context(contextlib.closing(make_all(maker, todo, workers)))
        _fill(folder, blocks, count, quiet, signals.check)
        signals.check()
    return before


def collect_from_robot(settings: Settings, topic: str,
                       open_camera: Callable[[str], AbstractContextManager[Camera]],
                       path: pathlib.Path, seed: int, size: int, count: int, timing: Timing,
                       quiet: bool = False) -> int:
    """Fills a folder up to `count` pairs of a real robot; returns how many it had before.

    Args:
        settings: Robot, transport and limits.
        topic: Image topic of a camera that sees the robot.
        open_camera: Called with the topic when images are needed.
        path: The folder, made if it does not exist.
        seed: Seed of the poses.
        size: Width and height of the stored images in pixels.
        count: Number of pairs in the end.
        timing: Speed and waiting times.
        quiet: True for no progress.
    """
    spec = settings.spec
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(DeferredSignals())
        folder = stack.enter_context(PairFolder(path, describe(spec, seed, size, images=topic)))
        before = folder.count
        if before < count:
            camera = stack.enter_context(open_camera(topic))
            robot = stack.enter_context(settings.load('hardware'))
            recorder = stack.enter_context(Recorder(robot, spec, settings.safety, camera, timing,
                                                    Time(check=signals.check)))
            pairs = record(recorder, ControlSampler(spec), seed, size, before, count)
            _fill(folder, ([pair] for pair in pairs), count, quiet, signals.check)
    return before


def _fill(folder: PairFolder, blocks: Iterable[list[Pair]], count: int, quiet: bool,
          check: Callable[[], None]) -> None:
    with Progress('collecting', count, 'pair', quiet=quiet, initial=folder.count) as progress:
        for pairs in blocks:
            folder.add(pairs)
            progress.add(len(pairs))
            check()


def describe(spec: RobotSpec, seed: int, size: int, **more: Any) -> dict[str, Any]:
    """Options that the pairs depend on; `more` are those of some makers."""
    content = repr([spec.controls, spec.coupled, spec.rig, spec.face])
    return {'version': VERSION, 'robot': spec.name, 'controls': list(spec.names),
            'description': hashlib.sha256(content.encode()).hexdigest()[:16],
            'seed': seed, 'size': size, **more}
