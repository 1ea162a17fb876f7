"""Convolutions with fewer products (Winograd 1980; Lavin and Gray, CVPR 2016).

A tile of m x m outputs of a k x k convolution is a product of polynomials. At n = m + k - 1 points
an axis that product is plain multiplication, so a tile takes n^2 products where m^2 k^2 were: a
quarter of them for m = 4, k = 3. Over all channels and tiles each point is one matrix product.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_TILE, _TAPS = 4, 3  # m and k
_POINTS = _TILE + _TAPS - 1
# Infinity is the last one. These round least: float32 loses one digit against a plain convolution.
_FINITE = (0.0, 0.75, -0.75, 1.5, -1.5)
_STRIP = 512  # tiles worked on at once: what the points take shall stay in the cache
# Half the harmonic mean of inputs and outputs; with fewer the transforms outweigh the products.
_FEWEST_CHANNELS = 48


def pays(inputs: int, outputs: int) -> bool:
    """Whether a convolution of so many channels is faster this way."""
    return inputs * outputs >= _FEWEST_CHANNELS * (inputs + outputs)


class WinogradConv(nn.Module):
    """A 3x3 convolution with padding 1.

    Args:
        weight: (O, I, 3, 3).
        bias: (O,) or none.
    """

    into: Tensor
    back: Tensor
    kernels: Tensor

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        into, kernel, back = transforms()
        kernels = weight.new_empty(_POINTS ** 2, *weight.shape[1::-1])
        for point, taps in zip(kernels, torch.kron(kernel, kernel), strict=True):
            # One by one, as all of them in float64 take much memory.
            point.copy_((weight.detach().flatten(2).double() @ taps).T)
        for name, value in (('into', torch.kron(into, into)), ('back', torch.kron(back, back)),
                            ('kernels', kernels)):
            self.register_buffer(name, value.float(), persistent=False)
        shift = weight.new_zeros(weight.shape[0]) if bias is None else bias.detach()
        self.bias = nn.Parameter(shift, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, I, H, W) to (B, O, H, W)."""
        batch, inputs, height, width = x.shape
        rows, columns = -(-height // _TILE), -(-width // _TILE)
        padded = functional.pad(x, (1, columns * _TILE - width + 1, 1, rows * _TILE - height + 1))
        windows = padded.unfold(2, _POINTS, _TILE).unfold(3, _POINTS, _TILE)
        windows = windows.permute(4, 5, 0, 2, 3, 1)  # (n, n, B, rows, columns, I)
        out = x.new_empty(batch, rows, _TILE, columns, _TILE, len(self.bias))
        tiles = out.permute(2, 4, 0, 1, 3, 5)  # (m, m, B, rows, columns, O)
        step = max(1, _STRIP // (columns * batch))
        for row in range(0, rows, step):
            strip = slice(row, row + step)
            values = self.into @ windows[:, :, :, strip].reshape(_POINTS ** 2, -1)
            products = torch.bmm(values.unflatten(1, (-1, inputs)), self.kernels)
            made = (self.back @ products.flatten(1)).view(tiles[:, :, :, strip].shape)
            torch.add(made, self.bias, out=tiles[:, :, :, strip])
        picture = out.flatten(3, 4).flatten(1, 2)[:, :height, :width]
        return picture.permute(0, 3, 1, 2)


def transforms() -> tuple[Tensor, Tensor, Tensor]:
    """B^T (n, n), G (n, k), A^T (m, n) of y = A^T ((G g) * (B^T d)), by Cook and Toom, float64."""
    # Correlation is the transpose of a product of polynomials, which the inverse interpolates.
    return (torch.linalg.inv(_powers(_POINTS)).T.contiguous(), _powers(_TAPS),
            _powers(_TILE).T.contiguous())


def _powers(length: int) -> Tensor:
    """Rows 1, p, p^2, … of the finite points; at infinity only the last coefficient counts."""
    finite = [[p ** i for i in range(length)] for p in _FINITE]
    return torch.tensor([*finite, [0.0] * (length - 1) + [1.0]], dtype=torch.float64)
