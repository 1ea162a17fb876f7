"""Crop and paste-back geometry against LivePortrait's golden data."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.golden_data import Golden

from ros_animate.face.crop import Box, Crop, limit_size, soft_square
from ros_animate.face.framing import enclosing_box
from ros_animate.face.opening_ratios import openness

# Per landmark set: the points whose means are the middle of the eyes and of the mouth.
AXES = {203: (((0, 6, 12, 18), (24, 30, 36, 42)), (48, 66)),
        106: (((33, 35, 40, 39), (87, 89, 94, 93)), (52, 61)),
        101: (((39, 42, 45, 48), (51, 54, 57, 60)), (75, 81)),
        68: (((36, 39), (42, 45)), (48, 54)),
        9: (((2, 3), (0, 1)), (5, 6)),
        5: (((0,), (1,)), (3, 4))}
GREY_LEVELS = 3  # what OpenCV's versions differ by


@pytest.fixture(scope='module')
def golden() -> Golden:
    return Golden('live_portrait', 'golden_crop')


def image(golden: Golden, name: str, height: int, width: int) -> np.ndarray:
    return (255 * golden.image(name, height, width)[0].numpy()).astype(np.uint8).transpose(
        1, 2, 0).copy()


@pytest.fixture(scope='module')
def frame(golden: Golden) -> np.ndarray:
    return image(golden, 'crop_frame', 360, 480)


def box_of(golden: Golden, count: int, scale: float,
           down: float) -> tuple[np.ndarray, Box]:
    points = golden.values[f'inputs/landmarks_{count}'].astype(float)
    eyes, mouth = AXES[count]
    middle = np.mean([points[list(eye)].mean(0) for eye in eyes], axis=0)
    golden.checked.add(f'inputs/landmarks_{count}')
    return points, enclosing_box(points, middle, points[list(mouth)].mean(0), scale=scale,
                                 down=down)


def check_pixels(golden: Golden, name: str, image: np.ndarray) -> None:
    golden.checked.add(name)
    step = int(golden.entries[name]['slice'].split('::')[1].split(',')[0])
    difference = np.abs(image[::step, ::step].astype(int) - golden.values[name])
    # OpenCV rounds positions to 1/32 pixel: the last digit of a matrix decides about a few pixels.
    assert (difference > GREY_LEVELS).mean() <= 0.002, name
    assert difference.max() <= 3 * GREY_LEVELS, name
    assert difference.mean() <= 0.5, name


def check_matrix(golden: Golden, name: str, matrix: np.ndarray) -> None:
    # The reference computes in float32, and inverts matrices with offsets of hundreds of pixels.
    golden.checked.add(name)
    np.testing.assert_allclose(matrix, golden.values[name], rtol=1e-5, atol=1e-3, err_msg=name)


def test_golden_crop(golden: Golden, frame: np.ndarray) -> None:
    check_pixels(golden, 'inputs/frame_uint8', frame)
    for count in AXES:
        _source_crop(golden, frame, count)
        _driving_crop(golden, frame, count)
    _paste(golden, frame)
    _ratios(golden)
    for name in [n for n in golden.entries if n.startswith('resize_to_limit/')]:
        height, width = map(int, name.split('/')[1].split('x'))
        limited = limit_size(np.zeros((height, width, 3), np.uint8))
        np.testing.assert_array_equal(limited.shape, golden.values[name])
        golden.checked.add(name)
    assert not golden.unchecked()


def _source_crop(golden: Golden, frame: np.ndarray, count: int) -> None:
    points, box = box_of(golden, count, 2.3, -0.125)
    crop = Crop.of(box, 512)
    check_matrix(golden, f'crop_{count}/M_o2c', crop.matrix)
    check_matrix(golden, f'crop_{count}/M_c2o', np.linalg.inv(crop.matrix))
    check_matrix(golden, f'crop_{count}/M_o2c_norot', Crop.of(box, 512, upright=False).matrix)
    check_matrix(golden, f'crop_{count}/pt_crop', crop.points(points))
    check_pixels(golden, f'crop_{count}/img_crop', crop.take(frame))


def _driving_crop(golden: Golden, frame: np.ndarray, count: int) -> None:
    _, box = box_of(golden, count, 2.2, -0.1)
    crop = Crop.of(box, 512, upright=False)
    check_matrix(golden, f'bbox_{count}/center', box.centre)
    check_matrix(golden, f'bbox_{count}/size', np.full(2, box.size))
    check_matrix(golden, f'bbox_{count}/angle', np.array(box.angle_rad))
    check_matrix(golden, f'bbox_{count}/bbox_rot', box.corners())
    check_matrix(golden, f'bbox_{count}/bbox', dataclasses.replace(box, angle_rad=0.0).corners())
    check_matrix(golden, f'bbox_{count}/M_o2c', crop.matrix)
    check_pixels(golden, f'bbox_{count}/img_crop', crop.take(frame))


def _paste(golden: Golden, frame: np.ndarray) -> None:
    _, box = box_of(golden, 203, 2.3, -0.125)
    crop = Crop.of(box, 512)
    generated = image(golden, 'generated', 512, 512)
    check_pixels(golden, 'paste/mask_template', np.dstack([soft_square(512)] * 3))
    check_pixels(golden, 'paste/result', crop.paste(frame, generated))
    white, black = np.full_like(generated, 255), np.zeros_like(frame)
    weight = crop.paste(black, white) / 255.0
    golden.checked.add('paste/mask_ori')
    # The reference's mask is an image; ours is the formula that gives it but for its rounding.
    difference = np.abs(weight[::12, ::12] - golden.values['paste/mask_ori'])
    assert difference.max() <= 2 * GREY_LEVELS / 255
    assert difference.mean() <= 0.1 / 255
    blobs = golden.image('mask_synthetic', 512, 512)[0].numpy().transpose(1, 2, 0)
    mask = 255 * (blobs > 0.5).astype(np.uint8)
    check_pixels(golden, 'paste_synmask/result', crop.paste(frame, generated, mask))


def _ratios(golden: Golden) -> None:
    points = golden.values['inputs/landmarks_203'].astype(float)
    eyes = [openness(points, upper, lower, corner, other)
            for upper, lower, corner, other in ((6, 18, 0, 12), (30, 42, 24, 36))]
    golden.check('ratios/eye', np.array([eyes], np.float32))
    golden.check('ratios/lip', np.array([[openness(points, 90, 102, 48, 66)]], np.float32))
