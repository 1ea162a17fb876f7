"""Random deformations, for the equivariance loss of keypoints (FOMM, section 3.1, eq. (10)).

A deformation is an affine map plus a thin-plate spline on a regular grid of control points.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ros_animate.networks.fomm.keypoints import Keypoints
from ros_animate.networks.sampling import coordinate_grid, without_autocast


@dataclass(frozen=True)
class Deformation:
    """An affine map and a thin-plate spline.

    Attributes:
        affine: (B, 2, 3).
        weights: (B, P * P), weights of the spline at P x P control points that span [-1, 1].
    """

    affine: Tensor
    weights: Tensor

    @classmethod
    def random(cls, batch: int, sigma_affine: float, sigma_spline: float, points: int,
               generator: torch.Generator | None = None) -> Deformation:
        """Small random deformations around the identity."""
        affine = torch.eye(2, 3) + sigma_affine * torch.randn(batch, 2, 3, generator=generator)
        weights = sigma_spline * torch.randn(batch, points * points, generator=generator)
        return cls(affine, weights)

    @without_autocast
    def __call__(self, points: Tensor) -> Tensor:
        """Maps points (B, N, 2) to (B, N, 2)."""
        linear = points @ self.affine[:, :, :2].transpose(1, 2) + self.affine[:, None, :, 2]
        side = round(self.weights.shape[1] ** 0.5)
        control = coordinate_grid((side, side), points).flatten(0, 1)  # (P * P, 2)
        # L1, as in the reference implementation.
        radius = (points[:, :, None] - control).abs().sum(dim=-1)
        kernel = radius ** 2 * torch.log(radius + 1e-6)
        return linear + (kernel * self.weights[:, None]).sum(dim=2, keepdim=True)

    def jacobian(self, points: Tensor) -> Tensor:
        """Jacobian of the map at points (B, N, 2): (B, N, 2, 2), differentiable."""
        with torch.enable_grad():
            points = points if points.requires_grad else points.detach().requires_grad_()
            out = self(points)
            rows = [torch.autograd.grad(out[..., i].sum(), points, create_graph=True)[0]
                    for i in range(2)]
        return torch.stack(rows, dim=-2)

    def warp_image(self, image: Tensor, align_corners: bool) -> Tensor:
        """Warps an image (B, 3, H, W), mirrored beyond its borders."""
        size = image.shape[2:]
        cells = coordinate_grid(size, image).flatten(0, 1).expand(len(image), -1, -1)
        positions = self(cells).unflatten(1, size)
        return functional.grid_sample(image, positions, padding_mode='reflection',
                                      align_corners=align_corners)


@without_autocast
def pull_back(deformation: Deformation, keypoints: Keypoints) -> Keypoints:
    """Keypoints of the deformed frame, mapped into the undeformed one."""
    return Keypoints(deformation(keypoints.value),
                     deformation.jacobian(keypoints.value) @ keypoints.jacobian)
