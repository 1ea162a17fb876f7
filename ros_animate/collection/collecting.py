"""`ros_animate collect`: pairs into a folder, all that are not there yet."""
from __future__ import annotations

import contextlib
import hashlib
import importlib
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tqdm import tqdm

from ros_animate.collection.folder import PairFolder
from ros_animate.collection.pairs import Pair, PairMaker
from ros_animate.collection.recording import Recorder, Timing, record
from ros_animate.collection.sampling import ControlSampler
from ros_animate.collection.workers import make_all, parts
from ros_animate.errors import UserError
from ros_animate.interrupts import DeferredSignals
from ros_animate.robot.spec import RobotSpec
from ros_animate.settings import Settings

VERSION = 3  # of the pictures that a seed gives


def collect(maker: PairMaker, path: pathlib.Path, options: Mapping[str, Any], count: int,
            workers: int, quiet: bool = False) -> int:
    """Makes the folder hold `count` pairs; returns how many it had before.

    Args:
        maker: Of the pairs.
        path: The folder, made if need be.
        options: All that the pairs depend on, kept in the folder.
        count: Pairs wanted; more than that are left as they are.
        workers: Processes.
        quiet: No progress.
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


def collect_from_robot(settings: Settings, topic: str, path: pathlib.Path, seed: int, size: int,
                       count: int, timing: Timing, quiet: bool = False) -> int:
    """As `collect`, with the real robot of the settings and the camera that sees it.

    Args:
        settings: Robot, transport and limits.
        topic: Images of the camera.
        path: The folder, made if need be.
        seed: Of the poses.
        size: Width and height of the stored pictures in pixels.
        count: Pairs wanted.
        timing: Speed and patience.
        quiet: No progress.
    """
    spec = settings.spec
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(DeferredSignals())
        folder = stack.enter_context(PairFolder(path, describe(spec, seed, size, images=topic)))
        before = folder.count
        if before < count:
            camera = stack.enter_context(_listen(topic))
            robot = stack.enter_context(settings.load('hardware'))
            recorder = stack.enter_context(Recorder(robot, spec, settings.safety, camera, timing,
                                                    check=signals.check))
            pairs = record(recorder, ControlSampler(spec), seed, size, before, count)
            _fill(folder, ([pair] for pair in pairs), count, quiet, signals.check)
    return before


def _fill(folder: PairFolder, blocks: Iterable[list[Pair]], count: int, quiet: bool,
          check: Callable[[], None]) -> None:
    tqdm.monitor_interval = 0  # its thread would be there when the workers are forked
    with tqdm(total=count, initial=folder.count, unit='pair', dynamic_ncols=True,
              disable=quiet or None) as progress:
        for pairs in blocks:
            folder.add(pairs)
            progress.update(len(pairs))
            check()


def _listen(topic: str) -> Any:
    try:
        # Only ros_animate.nodes imports ROS, and only who has a real robot needs it.
        module = importlib.import_module('ros_animate.nodes.image_listener')
    except ImportError as error:
        raise UserError(f'--images needs ROS 2 in this environment: {error}') from error
    return module.ImageListener(topic)


def describe(spec: RobotSpec, seed: int, size: int, **more: Any) -> dict[str, Any]:
    """What the pairs depend on; `more` is what some makers depend on besides."""
    content = repr([spec.controls, spec.coupled, spec.rig, spec.face])
    return {'version': VERSION, 'robot': spec.name, 'controls': list(spec.names),
            'description': hashlib.sha256(content.encode()).hexdigest()[:16],
            'seed': seed, 'size': size, **more}
