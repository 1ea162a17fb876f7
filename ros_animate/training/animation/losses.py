"""Loss functions that the families share, each an equation of a paper.

Numbers of equations: [MN] Monkey-Net (CVPR 2019), [FO] FOMM (NeurIPS 2019), [FV] face-vid2vid
(CVPR 2021), [LP] LivePortrait (2024). x is the true image, y the generated one.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ros_animate.networks.perceptual import PerceptualFeatures
from ros_animate.networks.sampling import gaussian_heatmaps, inverse_2x2, without_autocast


def weighted_l1(image: Tensor, target: Tensor, emphasis: Tensor | None = None) -> Tensor:
    """L = sum w |y - x| / (C sum w) over all places; w = 1 without emphasis.

    Args:
        image: y (B, C, H, W).
        target: x (B, C, H, W).
        emphasis: w (B, 1, h, w), resized to the maps.
    """
    distance = (image.float() - target.float()).abs()
    if emphasis is None:
        return distance.mean()
    weight = functional.adaptive_avg_pool2d(emphasis, (distance.shape[2], distance.shape[3]))
    return (distance * weight).sum() / (weight.sum() * distance.shape[1])


def weighted_squares(image: Tensor, target: Tensor, emphasis: Tensor | None = None) -> Tensor:
    """L = sum w |y - x|^2 / sum w over all places, the square summed over channels.

    Args:
        image: y (B, C, H, W).
        target: x (B, C, H, W).
        emphasis: w (B, 1, h, w), resized to the maps; None: w = 1.
    """
    square = (image.float() - target.float()).square().sum(dim=1, keepdim=True)
    if emphasis is None:
        return square.mean()
    weight = functional.adaptive_avg_pool2d(emphasis, (square.shape[2], square.shape[3]))
    return (square * weight).sum() / weight.sum()


def perceptual(features: PerceptualFeatures, images: Sequence[Tensor], targets: Sequence[Tensor],
               emphasis: Tensor | None = None) -> Tensor:
    """L = sum_s sum_i |N_i(y_s) - N_i(x_s)|, [FO] eq. (13), over scales s and levels i.

    Maps that say so are compared by their squared distance, as those of LPIPS.

    Args:
        features: N.
        images: y at each scale, (B, 3, H, W).
        targets: x at each scale.
        emphasis: (B, 1, h, w), weight of each place.
    """
    compare = weighted_squares if getattr(features, 'squared', False) else weighted_l1
    total = images[0].new_zeros(())
    for image, target in zip(images, targets, strict=True):
        with torch.no_grad():
            true_maps = features(target)
        for maps, true in zip(features(image), true_maps, strict=True):
            total = total + compare(maps, true, emphasis)
    return total


def feature_matching(generated: Sequence[Tensor], true: Sequence[Tensor],
                     weights: Sequence[float]) -> Tensor:
    """L = sum_i w_i mean |D_i(y) - D_i(x)|, [MN] eq. (5); no gradient to the true maps."""
    return torch.stack([weight * (a.float() - b.float().detach()).abs().mean()
                        for a, b, weight in zip(generated, true, weights, strict=True)]).sum()


def least_squares_generator(scores: Tensor) -> Tensor:
    """L = mean (1 - D(y))^2, [MN] eq. (4)."""
    return ((1 - scores.float()) ** 2).mean()


def least_squares_discriminator(generated: Tensor, true: Tensor) -> Tensor:
    """L = mean (1 - D(x))^2 + mean D(y)^2, [MN] eq. (3)."""
    return ((1 - true.float()) ** 2).mean() + (generated.float() ** 2).mean()


def hinge_generator(scores: Tensor) -> Tensor:
    """L = -mean D(y), [FV] section A.2."""
    return -scores.float().mean()


def hinge_discriminator(generated: Tensor, true: Tensor) -> Tensor:
    """L = mean max(0, 1 - D(x)) + mean max(0, 1 + D(y)), [FV] section A.2."""
    return (functional.relu(1 - true.float()).mean()
            + functional.relu(1 + generated.float()).mean())


def equivariance_value(driving: Tensor, pulled: Tensor) -> Tensor:
    """L = mean |p(x) - T(p(T x))|, [FO] eq. (10).

    Args:
        driving: Keypoints p(x) of a frame, (B, K, 2).
        pulled: T(p(T x)), keypoints of the deformed frame mapped back, (B, K, 2).
    """
    return (driving - pulled).abs().mean()


@without_autocast
def equivariance_jacobian(driving: Tensor, pulled: Tensor) -> Tensor:
    """L = mean |1 - J(x)^-1 T' J(T x)|, [FO] eq. (12): Jacobians (B, K, 2, 2) alike."""
    identity = torch.eye(2, device=driving.device)
    return (identity - inverse_2x2(driving) @ pulled).abs().mean()


def keypoint_prior(keypoints: Tensor, depth: float = 0.33, apart: float = 0.1) -> Tensor:
    """L = sum_ij mean max(0, D_t - |x_i - x_j|^2) + mean |E[z] - z_t|, [FV] eq. (12).

    Keypoints must not come together, nor leave the depth of the face. Pairs of a keypoint with
    itself are counted, as in the reference.

    Args:
        keypoints: x (B, K, 3).
        depth: z_t.
        apart: D_t.
    """
    difference = keypoints[:, :, None] - keypoints[:, None]
    near = functional.relu(apart - difference.square().sum(dim=-1))
    return near.mean(dim=0).sum() + (keypoints[..., 2].mean(dim=1) - depth).abs().mean()


def head_pose(degrees: Tensor, target: Tensor) -> Tensor:
    """L = sum over yaw, pitch and roll of mean |angle - target|, [FV] eq. (13): (B, 3) degrees.

    Images with unknown target angles (NaN) do not count.
    """
    return zero_if_unknown(degrees - target).abs().mean(dim=0).sum()


def deformation_prior(expression: Tensor) -> Tensor:
    """L = |delta|_1, [FV] eq. (14): the sum over the keypoints (B, K, 3), mean over the batch."""
    return expression.abs().sum(dim=(1, 2)).mean()


def zero_if_unknown(difference: Tensor) -> Tensor:
    """The difference, 0 where the label is unknown (NaN)."""
    return torch.where(torch.isnan(difference), 0.0, difference)


def wing(distance: Tensor, width: float = 0.1, curvature: float = 0.02) -> Tensor:
    """L = mean of w ln(1 + |d| / e) if |d| < w, else |d| - w + w ln(1 + w / e), [LP] eq. (18).

    Wing loss of Feng et al. (CVPR 2018), which weighs small errors more than L1 does.

    Args:
        distance: d, of any shape, in units of positions in [-1, 1].
        width: w.
        curvature: e.
    """
    size = distance.abs()
    offset = width - width * math.log(1 + width / curvature)
    return torch.where(size < width, width * torch.log(1 + size / curvature),
                       size - offset).mean()


def landmark_emphasis(landmarks: Tensor, size: int, strength: float,
                      spread: float = 0.08) -> Tensor:
    """Weights 1 + strength max_l exp(-|z - l|^2 / (2 spread^2)) of places z, (B, 1, S, S).

    Args:
        landmarks: l (B, L, 2) in [-1, 1].
        size: S.
        strength: Additional weight at a landmark.
        spread: Width of its surroundings.
    """
    heat = gaussian_heatmaps(landmarks, (size, size), spread ** 2)
    return 1 + strength * heat.amax(dim=1, keepdim=True).nan_to_num(0.0)  # NaN: no face known
