"""Convolutions of volumes with large kernels as products of spectra (overlap-save).

A 7 x 7 x 7 kernel takes 343 products per cell and pair of channels; its spectrum takes about 15.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_TILE = 22  # outputs a side; 28 with the margins of a kernel, a size of fast transforms
_ROUND = 4  # depths are padded to multiples of it, for fast transforms


class FourierConv(nn.Module):
    """An odd cubic convolution (B, I, D, H, W) to (B, O, D, H, W), zeros outside.

    Planes are cut into overlapping tiles. Depth is not: a spectrum is periodic, so the zeros behind
    the last plane are also those in front of the first one.

    Args:
        conv: The convolution to compute.
        depth: D, which all volumes have.
    """

    kernels: Tensor

    def __init__(self, conv: nn.Conv3d, depth: int) -> None:
        super().__init__()
        taps = conv.kernel_size[0]
        self.depth, self.margin = depth, taps // 2
        self.cut = _TILE + taps - 1
        self.size = (-(-(depth + self.margin) // _ROUND) * _ROUND, self.cut, self.cut)
        spectra = torch.fft.rfftn(conv.weight.detach().double(), s=self.size).conj()
        spectra = spectra.to(torch.complex64).flatten(2).permute(2, 1, 0).contiguous()
        # (F, I, O) as real numbers: a change of precision would drop imaginary parts.
        self.register_buffer('kernels', torch.view_as_real(spectra), persistent=False)
        shift = conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias
        self.bias = nn.Parameter(shift.detach(), requires_grad=False)

    def forward(self, volume: Tensor) -> Tensor:
        batch, (height, width) = len(volume), volume.shape[3:]
        rows, columns = -(-height // _TILE), -(-width // _TILE)
        right, below = columns * _TILE - width, rows * _TILE - height
        padded = functional.pad(volume, (self.margin, right + self.margin, self.margin,
                                         below + self.margin, 0, self.size[0] - self.depth))
        windows = padded.unfold(3, self.cut, _TILE).unfold(4, self.cut, _TILE)
        windows = windows.permute(0, 3, 4, 1, 2, 5, 6).flatten(0, 2)  # (tiles, I, *size)
        spectra = torch.fft.rfftn(windows, dim=(2, 3, 4))
        half = spectra.shape[2:]
        kernels = torch.view_as_complex(self.kernels)
        products = torch.bmm(spectra.flatten(2).permute(2, 0, 1).contiguous(), kernels)
        cells = torch.fft.irfftn(products.permute(1, 2, 0).unflatten(2, half), s=self.size,
                                 dim=(2, 3, 4))
        cells = cells.roll(self.margin, dims=2)[:, :, :self.depth, :_TILE, :_TILE]
        tiles = cells.unflatten(0, (batch, rows, columns)).permute(0, 3, 4, 1, 5, 2, 6)
        out = tiles.flatten(5, 6).flatten(3, 4)[..., :height, :width]
        return out + self.bias[:, None, None, None]
