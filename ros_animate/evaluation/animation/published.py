"""Figures that the papers report, to be printed beside ours on the same data.

Only figures that could be checked are here. L1 can be compared if frames and split are the same.
The other measures cannot: the papers use the landmark detectors and identity embeddings that are
named below, and their AED is a mean absolute difference of the embeddings.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError, suggest


@dataclass(frozen=True)
class Published:
    """One table of a paper, on one data set.

    Attributes:
        data: Short name of the data set.
        size: Side of the frames in pixels.
        source: Paper and table.
        tools: Detectors and embeddings of the authors' evaluation.
        rows: Measures by method.
    """

    data: str
    size: int
    source: str
    tools: str
    rows: Mapping[str, Mapping[str, float]]


_MONKEY_NET = 'Siarohin et al., "Animating Arbitrary Objects via Deep Motion Transfer", CVPR 2019'
_FACES = 'AKD by 68 facial landmarks (face-alignment), AED by OpenFace'
_BODIES = 'AKD and MKR by body poses (OpenPose), AED by person re-identification'

RECONSTRUCTION = (
    Published('taichi', 64, f'{_MONKEY_NET}, table 1', _BODIES, {
        'X2Face': {'l1': 0.068, 'akd': 4.50, 'mkr': 0.357, 'aed': 0.27},
        'Monkey-Net': {'l1': 0.050, 'akd': 2.53, 'mkr': 0.174, 'aed': 0.21}}),
    Published('nemo', 64, f'{_MONKEY_NET}, table 1', _FACES, {
        'X2Face': {'l1': 0.022, 'akd': 0.47, 'aed': 0.140},
        'Monkey-Net': {'l1': 0.017, 'akd': 0.37, 'aed': 0.072}}),
    Published('bair', 64, f'{_MONKEY_NET}, table 1', '', {
        'X2Face': {'l1': 0.069}, 'Monkey-Net': {'l1': 0.025}}),
)

# Monkey-Net without one of its parts; the names are those of benchmarks/ablation.py.
ABLATION = Published('taichi', 64, f'{_MONKEY_NET}, table 2', _BODIES, {
    'no_F': {'l1': 0.057, 'akd': 3.11, 'mkr': 0.238, 'aed': 0.24},
    'no_F_residual': {'l1': 0.051, 'akd': 2.81, 'mkr': 0.180, 'aed': 0.22},
    'no_F_coarse': {'l1': 0.052, 'akd': 2.75, 'mkr': 0.197, 'aed': 0.22},
    'no_Sigma': {'l1': 0.054, 'akd': 2.86, 'mkr': 0.206, 'aed': 0.23},
    'no_x': {'l1': 0.051, 'akd': 2.71, 'mkr': 0.193, 'aed': 0.21},
    'full': {'l1': 0.050, 'akd': 2.53, 'mkr': 0.174, 'aed': 0.21}})


def published_for(data: str) -> Published:
    """The papers' figures for reconstruction of a data set; raises ConfigurationError."""
    known = {table.data: table for table in RECONSTRUCTION}
    if data not in known:
        raise ConfigurationError(f'no published figures for {data!r}; {suggest(data, known)}')
    return known[data]
