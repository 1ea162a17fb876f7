"""Tables and images of figures."""
from __future__ import annotations

import pathlib

import cv2
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.evaluation.animation.figures import draw_chart, draw_samples
from ros_animate.evaluation.animation.published import ABLATION, published_for
from ros_animate.evaluation.animation.results import Evaluation, MethodFigures, Sample
from ros_animate.evaluation.animation.table import COLUMNS, markdown, table


def evaluation() -> Evaluation:
    grey = np.full((64, 64, 3), 90, np.uint8)
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    samples = [Sample('a', grey, red, None, {'ours': red, 'source repeated': grey}),
               Sample('b', grey, red, None, {'source repeated': grey})]
    ours = {'l1': 0.04567, 'akd': 1.0, 'mkr': 0.25, 'expr_r': None}
    rows = [MethodFigures('ours', ours, {}, 0),
            MethodFigures('source repeated', {'l1': 0.1}, {}, 0)]
    return Evaluation(rows, samples, 64, 2, 20, 0, 12.5, 0.4)


def test_ours_stand_below_the_published_figures() -> None:
    lines = table(evaluation(), 'reconstruction', published_for('nemo')).splitlines()
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines[:6]]
    assert cells[0] == ['reconstruction, 64 px', 'L1 ↓', 'AKD px ↓', 'MKR ↓', 'AED ↓']
    assert cells[2:] == [['X2Face (published)', '0.0220', '0.470', '', '0.140'],
                         ['Monkey-Net (published)', '0.0170', '0.370', '', '0.072'],
                         ['ours', '0.0457', '1.000', '0.250', ''],
                         ['source repeated', '0.1000', '', '', '']]
    assert 'table 1' in lines[-1] and 'OpenFace' in lines[-1]
    assert len({len(line) for line in lines[:6]}) == 1  # straight columns


def test_spreads_stand_behind() -> None:
    text = markdown('seeds', {'full': {'l1': 0.05}}, {'full': {'l1': 0.001}})
    assert '0.0500 ± 0.0010' in text


def test_no_figures_are_published_for_other_data() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'taichi'"):
        published_for('taichi_hd')
    best = min(ABLATION.rows, key=lambda name: ABLATION.rows[name]['l1'])
    assert best == 'full' and all(set(row) <= set(COLUMNS) for row in ABLATION.rows.values())


def test_a_row_of_images_for_each_sample(tmp_path: pathlib.Path) -> None:
    draw_samples(evaluation(), tmp_path / 'samples.png')
    drawn = cv2.imread(str(tmp_path / 'samples.png'))[..., ::-1]
    assert drawn.shape == (26 + 2 * 192, 4 * 192, 3)
    middles = [[tuple(drawn[26 + 192 * row + 96, 192 * column + 96].tolist())
                for column in range(4)] for row in range(2)]
    grey, red, white = (90, 90, 90), (255, 0, 0), (255, 255, 255)
    assert middles == [[grey, red, red, grey], [grey, red, white, grey]]


def test_the_best_bar_is_blue(tmp_path: pathlib.Path) -> None:
    draw_chart({'a': {'l1': 0.1, 'expr_r': 0.9}, 'b': {'l1': 0.05, 'expr_r': 0.2}},
               tmp_path / 'chart.png', spread={'a': {'l1': 0.01}})
    drawn = cv2.imread(str(tmp_path / 'chart.png')).astype(int)
    blue = (np.abs(drawn - (180, 119, 31)).sum(2) < 12)
    left, right = blue[:, :blue.shape[1] // 2], blue[:, blue.shape[1] // 2:]
    assert left.any() and right.any()
    # In the first panel the second row is the best, in the second panel the first one.
    assert np.argwhere(left)[:, 0].mean() > np.argwhere(right)[:, 0].mean()
