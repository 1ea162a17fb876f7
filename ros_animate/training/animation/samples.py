"""Sample grids: held-out pairs and the networks' output for them, as an image file."""
from __future__ import annotations

import pathlib

import cv2
import numpy as np
from torch import Tensor
from torch.nn import functional

from ros_animate.images import write_image
from ros_animate.networks.sampling import coordinate_grid
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch
from ros_animate.types import Image

_TITLES = ('source', 'driving', 'target', 'result', 'flow', 'occlusion')
_LEAST_SIDE, _TITLE_HEIGHT = 128, 18


def write_grid(path: pathlib.Path, batch: PairBatch, output: AnimationOutput, rows: int) -> None:
    """Writes a row per pair: source and driving with keypoints, target, result, flow, occlusion."""
    side = max(_LEAST_SIDE, batch.source.shape[-1])
    lines = [_titles(side)]
    for i in range(min(rows, len(batch.source))):
        lines.append(np.hstack([
            _with_points(batch.source[i], output.source_points[i], side),
            _with_points(batch.driving[i], output.driving_points[i], side),
            _enlarged(batch.target[i], side), _enlarged(output.prediction[i], side),
            _flow(output.flow[i], side), _mask(output.occlusion, i, side)]))
    path.parent.mkdir(exist_ok=True)
    write_image(path, np.vstack(lines))


def flow_colours(shift: Tensor) -> Image:
    """Shifts (h, w, 2) as colours (h, w, 3): hue is the direction, saturation the distance.

    White does not move; a quarter of the image is fully saturated.
    """
    x, y = shift.float().cpu().numpy().transpose(2, 0, 1)
    hue = (np.degrees(np.arctan2(y, x)) % 360 / 2).astype(np.uint8)
    far = (np.hypot(x, y) / 0.5 * 255).clip(0, 255).astype(np.uint8)
    hsv = np.stack([hue, far, np.full_like(far, 255)], axis=-1)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def _enlarged(image: Tensor, side: int) -> Image:
    """(3, S, S) in [0, 1] to (side, side, 3) uint8."""
    pixels = (image.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)


def _with_points(image: Tensor, points: Tensor, side: int) -> Image:
    canvas = np.ascontiguousarray(_enlarged(image, side))
    for index, point in enumerate(points.float().cpu().numpy()):
        x, y = ((point + 1) / 2 * (side - 1)).round().astype(int).tolist()
        hue = np.array([[[180 * index // len(points), 255, 255]]], np.uint8)
        colour = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0].tolist()
        cv2.circle(canvas, (x, y), max(2, side // 60), colour, -1, cv2.LINE_AA)
    return canvas


def _flow(flow: Tensor, side: int) -> Image:
    """Image of a flow (h, w, 2) of positions in the source."""
    shift = flow - coordinate_grid(flow.shape[:2], flow)
    large = functional.interpolate(shift.permute(2, 0, 1)[None].float(), size=(side, side),
                                   mode='bilinear')
    return flow_colours(large[0].permute(1, 2, 0))


def _mask(mask: Tensor | None, index: int, side: int) -> Image:
    if mask is None:
        return np.full((side, side, 3), 128, np.uint8)
    return _enlarged(mask[index].expand(3, -1, -1), side)


def _titles(side: int) -> Image:
    strip = np.full((_TITLE_HEIGHT, side * len(_TITLES), 3), 24, np.uint8)
    for i, title in enumerate(_TITLES):
        cv2.putText(strip, title, (i * side + 6, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42,
                    (230, 230, 230), 1, cv2.LINE_AA)
    return strip
