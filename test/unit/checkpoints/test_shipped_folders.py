"""Every folder of weights that comes with the package is small and says where it comes from."""
from __future__ import annotations

import pathlib

import pytest

from ros_animate import configuration
from ros_animate.checkpoints import checkpoint

MOST_MB = {'bc_z': 12, 'x2cnet': 24, 'fomm': 12, 'monkey_net': 12, 'warp_guided': 4}
CALIBRATIONS = 'calibrated'  # a folder of theirs: test_shipped_calibrations.py
OF_ANIMATORS = ('ros_animate train animation', 'samples.png', 'error on held-out pairs')
OF_POLICIES = ('ros_animate collect', '--seed', 'ros_animate train policy',
               'error on pairs held back')


@pytest.mark.parametrize('folder', sorted(p for p in configuration.resource('weights').iterdir()
                                          if p.name in MOST_MB), ids=lambda folder: folder.name)
def test_small_and_with_a_card(folder: pathlib.Path) -> None:
    networks = folder / 'weights.safetensors'
    assert networks.stat().st_size <= MOST_MB[folder.name] * 1e6
    assert checkpoint.read(folder).family == folder.name
    card = (folder / 'README.md').read_text()
    of_kind = OF_ANIMATORS if (folder / 'samples.png').exists() else OF_POLICIES
    for text in (*of_kind, 'seed', 'steps', 'machine', 'time', 'licence'):
        assert text in card


def test_every_folder_is_known() -> None:
    names = {p.name for p in configuration.resource('weights').iterdir() if p.is_dir()}
    assert names <= {*MOST_MB, CALIBRATIONS}
