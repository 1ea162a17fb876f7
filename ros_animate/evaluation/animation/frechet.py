"""The Fréchet distance between two sets of features."""
from __future__ import annotations

import numpy as np

from ros_animate.types import Array


def frechet_distance(generated: Array, true: Array) -> float:
    """|m - n|^2 + tr(C + D - 2 (C D)^(1/2)) of normal distributions with the moments of two sets.

    Source: Heusel et al., "GANs trained by a two time-scale update rule", 2017, eq. (6); the
    distance is squared, as FID and FVD are. NaN for fewer than two rows.

    Args:
        generated: (M, F) features, with mean m and covariance C.
        true: (N, F) features, with mean n and covariance D.
    """
    if min(len(generated), len(true)) < 2:
        return float('nan')
    gap = generated.mean(axis=0) - true.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (generated, true))
    # C D has the eigenvalues of the symmetric C^(1/2) D C^(1/2), which are never negative.
    root = _root(first)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return max(0.0, float(gap @ gap + np.trace(first) + np.trace(second) - 2 * cross))


def _root(matrix: Array) -> Array:
    """The symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
