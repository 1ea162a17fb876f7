"""Images fitted, labelled and put beside each other."""
from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np

from ros_animate.types import Image

PANEL_HEIGHT = 512
MAX_PANEL_WIDTH = 910
LABEL_HEIGHT = 40
LABELS = ('driving', 'animated portrait', 'robot')


def fit(image: Image, size: tuple[int, int]) -> Image:
    """The whole image scaled into (width, height), centred on black."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    # A side that is one pixel too short is stretched: no black line at the edge.
    inner = tuple(s if abs(s - i) <= 1 else i  # type: ignore[assignment]
                  for i, s in zip(inner, size, strict=True))
    scaled = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1
                        else cv2.INTER_LINEAR)
    if inner == size:
        return scaled
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    top, left = (size[1] - inner[1]) // 2, (size[0] - inner[0]) // 2
    canvas[top:top + inner[1], left:left + inner[0]] = scaled
    return canvas


def side_by_side(*images: Image, labels: Sequence[str] = LABELS) -> Image:
    """The images at one height beside each other, with a label above each."""
    panels = [_panel(image) for image in images]
    strips = [_label(text, panel.shape[1]) for text, panel in zip(labels, panels, strict=True)]
    return np.vstack([np.hstack(strips), np.hstack(panels)])


def _panel(image: Image) -> Image:
    height, width = image.shape[:2]
    panel_width = min(MAX_PANEL_WIDTH, max(64, 2 * round(PANEL_HEIGHT * width / height / 2)))
    return fit(image, (panel_width, PANEL_HEIGHT))


@functools.lru_cache(maxsize=32)
def _label(text: str, width: int) -> Image:
    """(LABEL_HEIGHT, width, 3): light text centred on a dark strip."""
    strip = np.full((LABEL_HEIGHT, width, 3), 24, np.uint8)
    font, scale = cv2.FONT_HERSHEY_DUPLEX, 0.65
    (text_width, text_height), _ = cv2.getTextSize(text, font, scale, 1)
    if text_width < width:
        place = ((width - text_width) // 2, (LABEL_HEIGHT + text_height) // 2)
        cv2.putText(strip, text, place, font, scale, (230, 230, 230), 1, cv2.LINE_AA)
    return strip


def caption(text: str, width: int, height: int) -> Image:
    """(height, width, 3): small black text on white, as the title of a column or tile."""
    strip = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(strip, text, (6, height // 2 + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1,
                cv2.LINE_AA)
    return strip
