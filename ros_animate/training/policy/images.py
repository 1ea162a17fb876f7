"""Decoded images of a data set: kept in memory where they fit, else read when needed."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros_animate.face.crop import centre_crop
from ros_animate.images import try_read_image
from ros_animate.types import Image


class ImageSet:
    """Square crops of image files. An unreadable file gives a black image.

    Args:
        files: Image files.
        size: Width and height of the crops in pixels.
        memory_bytes: Crops are kept in memory if they need no more.
        view: Part of the middle square that is shown.

    Attributes:
        files: Image files.
        size: Width and height of the crops in pixels.
        readable: (T,) False for files that turned out to be unreadable so far.
    """

    def __init__(self, files: Sequence[pathlib.Path], size: int, memory_bytes: float,
                 view: float = 1.0) -> None:
        self.files, self.size, self._view = files, size, view
        self.readable = np.ones(len(files), bool)
        self._readers = ThreadPoolExecutor(os.cpu_count())
        self._kept: Tensor | None = None
        if len(files) * size * size * 3 <= memory_bytes:
            kept = torch.zeros(len(files), size, size, 3, dtype=torch.uint8)
            for _ in self._readers.map(lambda i: self._read(i, kept[i]), range(len(files))):
                pass
            self._kept = kept

    def __len__(self) -> int:
        return len(self.files)

    @property
    def unreadable(self) -> list[pathlib.Path]:
        """Files that turned out to be unreadable so far."""
        return [self.files[i] for i in np.flatnonzero(~self.readable)]

    def take(self, indices: NDArray[np.int64]) -> Tensor:
        """(B, 3, size, size) uint8."""
        if self._kept is not None:
            return self._kept[torch.as_tensor(indices)].permute(0, 3, 1, 2)
        batch = torch.zeros(len(indices), self.size, self.size, 3, dtype=torch.uint8)
        list(self._readers.map(self._read, indices.tolist(), batch))
        return batch.permute(0, 3, 1, 2)

    def _read(self, index: int, into: Tensor) -> None:
        image = read_square(self.files[index], self.size, self._view)
        if image is None:
            self.readable[index] = False
        else:
            into.copy_(torch.from_numpy(image))


def read_square(file: pathlib.Path, size: int, view: float) -> Image | None:
    """(size, size, 3) RGB, cropped as the policies crop it; None if the file is unreadable."""
    image = try_read_image(file)
    return None if image is None else np.ascontiguousarray(centre_crop(image, size, view))
