"""Convolutions with fewer products (Winograd 1980; Lavin and Gray, CVPR 2016).

A tile of m x m outputs of a k x k convolution is a product of polynomials. At n = m + k - 1 points
per axis that product is plain multiplication, so a tile takes n^2 products instead of m^2 k^2: a
quarter of them for m = 4, k = 3. Over all channels and tiles each point is one matrix product.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_TILE, _TAPS = 4, 3  # m and k
_POINTS = _TILE + _TAPS - 1
# The last point is infinity. With these points float32 loses one digit compared with a plain
# convolution, less than with others.
_FINITE = (0.0, 0.75, -0.75, 1.5, -1.5)
_STRIP = 512  # tiles processed at once, so that their values at the points fit the cache
# Half the harmonic mean of inputs and outputs; with fewer the transforms outweigh the products.
_FEWEST_CHANNELS = 48


def winograd_is_faster(weight: Tensor) -> bool:
    """True if WinogradConv is faster than a plain convolution with weights (O, I, …, k, k)."""
    outputs, inputs, *depth = weight.shape[:-2]
    return weight.shape[-1] == _TAPS and (inputs * outputs * math.prod(depth)
                                          >= _FEWEST_CHANNELS * (inputs + outputs))


class WinogradConv(nn.Module):
    """A 3x3 convolution of images, or a 3x3x3 one of volumes, with padding 1.

    The depth of volumes is convolved directly; planes are summed at the points.

    Args:
        weight: (O, I, 3, 3) or (O, I, 3, 3, 3).
        bias: (O,) or None.
    """

    into: Tensor
    back: Tensor
    kernels: Tensor

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.volumes = weight.ndim == 5
        into, kernel, back = transforms()
        planes = weight.detach() if self.volumes else weight.detach().unsqueeze(2)
        kernels = weight.new_empty(planes.shape[2], _POINTS ** 2, *weight.shape[1::-1])
        for point, taps in enumerate(torch.kron(kernel, kernel)):
            # One by one, to save memory: all of them in float64 are large.
            at_point = planes.flatten(3).double() @ taps  # (O, I, D)
            kernels[:, point] = at_point.permute(2, 1, 0)
        for name, value in (('into', torch.kron(into, into)), ('back', torch.kron(back, back)),
                            ('kernels', kernels)):
            self.register_buffer(name, value.float(), persistent=False)
        shift = weight.new_zeros(weight.shape[0]) if bias is None else bias.detach()
        self.bias = nn.Parameter(shift, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, H, W) to (B, O, H, W), or (B, I, D, H, W) to (B, O, D, H, W)."""
        return self._convolve(x) if self.volumes else self._convolve(x.unsqueeze(2)).squeeze(2)

    def _convolve(self, x: Tensor) -> Tensor:
        batch, _, depth, height, width = x.shape
        rows, columns = -(-height // _TILE), -(-width // _TILE)
        margin = len(self.kernels) // 2
        padded = functional.pad(x, (1, columns * _TILE - width + 1, 1, rows * _TILE - height + 1,
                                    margin, margin))
        windows = padded.unfold(3, _POINTS, _TILE).unfold(4, _POINTS, _TILE)
        windows = windows.permute(5, 6, 0, 2, 3, 4, 1)  # (n, n, B, D + 2, rows, columns, I)
        out = x.new_empty(batch, depth, rows, _TILE, columns, _TILE, len(self.bias))
        tiles = out.permute(3, 5, 0, 1, 2, 4, 6)  # (m, m, B, D, rows, columns, O)
        step = max(1, _STRIP // (columns * batch * depth))
        for row in range(0, rows, step):
            strip = slice(row, row + step)
            products = self._multiply(windows[:, :, :, :, strip], depth)
            outputs = (self.back @ products.flatten(1)).view(tiles[:, :, :, :, strip].shape)
            torch.add(outputs, self.bias, out=tiles[:, :, :, :, strip])
        maps = out.flatten(4, 5).flatten(2, 3)[:, :, :height, :width]
        return maps.permute(0, 4, 1, 2, 3)

    def _multiply(self, windows: Tensor, depth: int) -> Tensor:
        """Windows (n, n, B, D + 2, rows, columns, I) to products at the points (n * n, T, O)."""
        batch, inputs = windows.shape[2], windows.shape[-1]
        values = self.into @ windows.reshape(_POINTS ** 2, -1)
        values = values.view(_POINTS ** 2, batch, windows.shape[3], -1, inputs)
        planes = [values[:, :, tap:tap + depth].reshape(_POINTS ** 2, -1, inputs)
                  for tap in range(len(self.kernels))]
        products = torch.bmm(planes[0], self.kernels[0])
        for plane, kernel in zip(planes[1:], self.kernels[1:], strict=True):
            products.baddbmm_(plane, kernel)
        return products


def transforms() -> tuple[Tensor, Tensor, Tensor]:
    """The matrices B^T (n, n), G (n, k), A^T (m, n) of y = A^T ((G g) * (B^T d)), in float64."""
    # Correlation is the transpose of a product of polynomials, which the inverse interpolates.
    return (torch.linalg.inv(_powers(_POINTS)).T.contiguous(), _powers(_TAPS),
            _powers(_TILE).T.contiguous())


def _powers(length: int) -> Tensor:
    """Rows 1, p, p^2, … of the finite points; infinity selects the last coefficient."""
    finite = [[p ** i for i in range(length)] for p in _FINITE]
    return torch.tensor([*finite, [0.0] * (length - 1) + [1.0]], dtype=torch.float64)
