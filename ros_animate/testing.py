"""Pytest fixture `check_bag` for tests over bags, in this or another package.

A conftest.py makes it known with `pytest_plugins = ['ros_animate.testing']`.
"""
from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence

import pytest

from ros_animate.evaluation.bag_comparison import Tolerances
from ros_animate.evaluation.bag_report import BagVerdict, table, write_junit
from ros_animate.runtime.bag_test import BagTest, run_bag_test
from ros_animate.settings import load_settings


@pytest.fixture
def check_bag() -> Callable[..., BagVerdict]:
    """The function `compare_with_bag`."""
    return compare_with_bag


def compare_with_bag(bag: str | os.PathLike[str], *, from_stage: str = '', lockstep: bool = True,
                     tolerance: float | Mapping[str, float] | None = None, robot: str | None = None,
                     config: Sequence[str] = (), params: Sequence[str] = (), images: str = '',
                     junit: str | os.PathLike[str] | None = None) -> BagVerdict:
    """Replays a bag through the pipeline as `ros_animate test` does.

    Args:
        bag: Folder of the bag.
        from_stage: Stage whose messages are taken from the bag; '' for the first one it holds.
        lockstep: True to wait for the nodes after every message.
        tolerance: Allowed difference as a fraction of the range, or a mapping of it by topic,
            blendshape or control; None for the default.
        robot: Name of a robot or path of a robot file.
        config: YAML files like config/retarget.yaml.
        params: Texts like 'policy.mouth=1.2'.
        images: Recorded name of the camera's images, '' for image_raw.
        junit: Path of a JUnit file to write; None for none.

    Returns:
        The verdict, with the differences of every control.

    Raises:
        AssertionError: A check failed; its text is the table.
        UserError: The bag or the settings cannot be used.
    """
    tolerances = None
    if isinstance(tolerance, Mapping):
        tolerances = Tolerances(named=tolerance)
    elif tolerance is not None:
        tolerances = Tolerances(tolerance)
    result = run_bag_test(BagTest(
        pathlib.Path(bag), load_settings(config, params, robot=robot), from_stage, lockstep,
        tolerances, images=images))
    if junit is not None:
        write_junit(result, pathlib.Path(junit))
    if result.failed:
        raise AssertionError(f'{result.summary}\n{table(result)}')
    return result
