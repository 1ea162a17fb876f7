"""Images to tensors and back, and the choice of the device."""
from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.types import Array, Image

DEVICES = ('auto', 'cpu', 'cuda')


class NonFiniteOutputError(UserError):
    """A network has put out NaN or infinity."""

    def __init__(self, network: str) -> None:
        super().__init__(f'the output of {network} is not finite: its weights are damaged, or too '
                         'large for its precision; check them with `ros_animate weights verify`, '
                         'or set precision: float32')


def choose_device(name: str) -> torch.device:
    """The device called `name`; 'auto' is a GPU if there is one, else the CPU.

    Raises:
        ConfigurationError: A GPU is requested and there is none.
    """
    available = torch.cuda.is_available()
    if name == 'cuda' and not available:
        raise ConfigurationError('device: cuda is requested, but torch finds no GPU: '
                                 'choose cpu or auto')
    return torch.device('cuda' if available and name != 'cpu' else 'cpu')


def to_tensor(image: Image, size: int, device: torch.device) -> Tensor:
    """(S, S, 3) uint8 to (1, 3, size, size) in [0, 1]."""
    if len(image) != size:
        interpolation = cv2.INTER_AREA if len(image) > size else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, (size, size), interpolation=interpolation), np.uint8)
    tensor = torch.from_numpy(np.ascontiguousarray(image)).to(device)
    return tensor.permute(2, 0, 1)[None].float() / 255


def to_image(tensor: Tensor) -> Image:
    """(1, 3, H, W) in [0, 1] to (H, W, 3) uint8; raises NonFiniteOutputError."""
    scaled = (tensor[0].float() * 255).round()
    if not torch.isfinite(scaled.sum()):
        raise NonFiniteOutputError('the animator')
    return scaled.clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()


def to_array(tensor: Tensor) -> Array:
    """The first item of a batch, in double precision."""
    return tensor[0].double().cpu().numpy()
