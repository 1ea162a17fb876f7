"""Animators whose weights come with the package move people whom no training has seen."""
from __future__ import annotations

import contextlib
import pathlib

import cv2
import pytest

from ros_animate import configuration
from ros_animate.cli import main
from ros_animate.evaluation.animation.clips import Clips
from ros_animate.evaluation.animation.measurement import evaluate
from ros_animate.evaluation.animation.methods import REPEATED_SOURCE, AnimatorMethod, RepeatedSource
from ros_animate.evaluation.animation.results import Evaluation

pytestmark = pytest.mark.slow
SIZE = 128
# Parts of what the source alone gives: as the cards say of all clips, and a little more.
MOST = {'fomm': {'l1': 0.6, 'akd': 0.3}, 'monkey_net': {'l1': 0.5, 'akd': 0.25}}


@pytest.fixture(scope='module')
def figures() -> Evaluation:
    weights = configuration.resource('weights')
    with contextlib.ExitStack() as stack:
        animators = [stack.enter_context(contextlib.closing(
            AnimatorMethod(name, {'weights': str(weights / name)}))) for name in MOST]
        return evaluate([*animators, RepeatedSource()],
                        Clips(('synthetic',), SIZE, limit=10, frames=12).tasks('reconstruction'))


@pytest.mark.parametrize('animator', sorted(MOST))
@pytest.mark.parametrize('measure', ['l1', 'akd'])
def test_unseen_people_are_made_again(animator: str, measure: str, figures: Evaluation) -> None:
    found = {row.name: row.values[measure] for row in figures.methods}
    moved, repeated = found[animator], found[REPEATED_SOURCE]
    assert moved is not None and repeated is not None
    assert moved <= MOST[animator][measure] * repeated


@pytest.mark.parametrize('animator', sorted(MOST))
def test_it_runs_by_its_name_alone(animator: str, tmp_path: pathlib.Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """With no weights named anywhere."""
    monkeypatch.delenv('ROS_ANIMATE_WEIGHTS', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'empty'))
    assert main(['retarget', '--source', 'demo', '--duration', '0.5', '--offline', '--animator',
                 animator, '--output', str(tmp_path / 'run')]) == 0
    video = cv2.VideoCapture(str(tmp_path / 'run' / 'animated.mp4'))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) >= 10
    video.release()
