"""Images as maps of half the size: the pixels of a block become channels of one cell.

As `torch.nn.functional.pixel_unshuffle`, with the order (row, column, colour) of the channels, in
which an image with the channels last in memory is copied in runs instead of single values.
"""
from __future__ import annotations

from torch import Tensor

from ros_animate.networks.warp_guided.warped_source import GUIDE_STEP

BLOCK_CHANNELS = 3 * GUIDE_STEP ** 2


def to_blocks(image: Tensor) -> Tensor:
    """(B, 3, S, S) to (B, BLOCK_CHANNELS, S / 2, S / 2) with the channels last in memory."""
    batch, colours, height, width = image.shape
    rows, columns = height // GUIDE_STEP, width // GUIDE_STEP
    split = image.permute(0, 2, 3, 1).reshape(batch, rows, GUIDE_STEP, columns,
                                              GUIDE_STEP * colours)
    return split.transpose(2, 3).reshape(batch, rows, columns, -1).permute(0, 3, 1, 2)


def from_blocks(maps: Tensor) -> Tensor:
    """The inverse of `to_blocks`; the image has the channels last in memory."""
    batch, channels, rows, columns = maps.shape
    run = channels // GUIDE_STEP
    split = maps.permute(0, 2, 3, 1).reshape(batch, rows, columns, GUIDE_STEP, run)
    image = split.transpose(2, 3).reshape(batch, rows * GUIDE_STEP, columns * GUIDE_STEP, -1)
    return image.permute(0, 3, 1, 2)
