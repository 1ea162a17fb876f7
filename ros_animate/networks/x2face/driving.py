"""X2Face's driving network (section 3 of its paper): a driving frame moves the embedded face."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ros_animate.networks.sampling import coordinate_grid, warp
from ros_animate.networks.x2face.config import Config
from ros_animate.networks.x2face.unet import UNet


class DrivingNetwork(nn.Module):
    """Driving frame to the driving vector, and that to positions in the embedded face.

    The two halves meet in the driving vector alone: it is all that is known of the driving frame.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.align_corners = config.align_corners
        channels = [*config.channels()[:-1], config.driving_features]
        self.netG = UNet(channels, outputs=2, skips=False)

    def encode(self, driving: Tensor) -> Tensor:
        """Image (B, 3, H, W) to the driving vector (B, D).

        It is taken before the decoder's first ReLU, so that differences of vectors tell more.
        """
        return self.netG.encode(driving).flatten(1).float()

    def positions(self, vector: Tensor) -> Tensor:
        """Position in the embedded face of each place of the result: (B, D) to (B, H, W, 2)."""
        shifts = torch.tanh(self.shifts(vector)).permute(0, 2, 3, 1)
        return shifts + coordinate_grid(shifts.shape[1:3], shifts)

    def shifts(self, vector: Tensor) -> Tensor:
        """The decoder's output (B, 2, H, W) in [-1, 1]."""
        return torch.tanh(self.netG.decode(vector[:, :, None, None]).float())

    def render(self, face: Tensor, vector: Tensor) -> Tensor:
        """The embedded face (B, 3, H, W) in the driving pose (B, D)."""
        return warp(face, self.positions(vector), self.align_corners)

    def forward(self, face: Tensor, driving: Tensor) -> Tensor:
        """The embedded face (B, 3, H, W) moved by a driving frame (B, 3, H, W)."""
        return self.render(face, self.encode(driving))
