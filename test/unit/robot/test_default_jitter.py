"""The jitter of a control whose file gives none: by what drives it, not by its range alone."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ros_animate.robot.new_robot import robot_file
from ros_animate.robot.reader import read_spec
from ros_animate.smoothing.filters import StillnessFilter

FPS = 30


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / 'my_head.yaml'
    path.write_text(robot_file('my_head', ['Pan', 'Tilt', 'Jaw', 'Brow']))
    return read_spec(path)


def frozen_share(spec, targets):
    """Part of the frames in which the first control stands still."""
    stillness = StillnessFilter(spec)
    output = [stillness.step(target, k / FPS).copy()[0] for k, target in enumerate(targets)]
    return np.mean(np.abs(np.diff(output)) < 1e-9)


def turning(spec, amplitude_deg, noise):
    """Targets of a head that turns slowly and talks a little, with the tracker's noise."""
    rng, time_s = np.random.default_rng(0), np.arange(0, 12, 1 / FPS)
    targets = np.tile(spec.neutral, (len(time_s), 1))
    targets[:, 0] += amplitude_deg * np.sin(2 * np.pi * time_s / 6)
    return targets + noise * rng.standard_normal(targets.shape)


@pytest.mark.parametrize('amplitude_deg', [10, 20, 30])
def test_a_wide_joint_follows_a_slow_head(spec, amplitude_deg):
    targets = turning(spec, amplitude_deg, 0.5 * spec.jitter)
    assert frozen_share(spec, targets) < 0.15
    percent = dataclasses.replace(spec, controls=tuple(
        dataclasses.replace(c, jitter=0.01 * (c.high - c.low)) for c in spec.controls))
    assert frozen_share(percent, targets) > frozen_share(spec, targets)


def test_a_still_face_is_still_nonetheless(spec):
    assert frozen_share(spec, turning(spec, 0, 0.7 * spec.jitter)) > 0.99


@pytest.mark.parametrize(('unit', 'span', 'row', 'expected'), [
    ('deg', 60, '{headYaw: 1.0}', 0.3), ('deg', 60, '{}', 0.4), ('deg', 60, None, 0.4),
    ('deg', 10, None, 0.2), ('rad', 1, None, np.radians(0.4)), ("''", 0.5, None, 0.01),
    ("''", 0.5, '{headYaw: 0.02}', 0.003), ("''", 500, '{jawOpen: 0.4}', 2.0),
    ("''", 0.5, '{jawOpen: 9.0}', 0.01), ("''", 0.5, '{jawOpen: 1.0e-6}', 0.001),
    ("''", 0.5, '{jawOpen: much}', 0.01)])
def test_default(tmp_path, unit, span, row, expected):
    path = tmp_path / 'x.yaml'
    rig = '' if row is None else f'rig: {{controls: {{A: {row}}}}}\n'
    path.write_text(f'name: x\ncontrols: [{{name: A, range: [-{span}, {span}], neutral: 0, '
                    f'unit: {unit}, group: head, max_velocity: 1, max_acceleration: 1}}]\n{rig}')
    assert read_spec(path).jitter[0] == pytest.approx(expected)
