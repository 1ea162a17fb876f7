"""`ros_animate collect` with a virtual face: pairs into a folder, all that are not there yet."""
from __future__ import annotations

import contextlib
import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from ros_animate.collection.folder import PairFolder
from ros_animate.collection.pairs import PairMaker
from ros_animate.collection.workers import make_all, parts
from ros_animate.hardware.spec import RobotSpec
from ros_animate.interrupts import DeferredSignals

VERSION = 1  # of the pictures that a seed gives


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
        tqdm.monitor_interval = 0  # its thread would be there when the workers are forked
        with tqdm(total=count, initial=before, unit='pair', dynamic_ncols=True,
                  disable=quiet or None) as progress:
            for pairs in blocks:
                folder.add(pairs)
                progress.update(len(pairs))
                signals.check()
        signals.check()
    return before


def describe(spec: RobotSpec, seed: int, size: int, **more: Any) -> dict[str, Any]:
    """What the pairs depend on; `more` is what some makers depend on besides."""
    content = repr([spec.controls, spec.coupled, spec.rig, spec.face])
    return {'version': VERSION, 'robot': spec.name, 'controls': list(spec.names),
            'description': hashlib.sha256(content.encode()).hexdigest()[:16],
            'seed': seed, 'size': size, **more}
