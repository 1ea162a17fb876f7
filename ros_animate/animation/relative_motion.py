"""Relative motion transfer: the change of the driving motion, applied to the source.

The source keeps its identity because only the change of the driving motion since a reference
(usually its first frame) is applied to it. Absolute transfer, which needs a driving face shaped
like the source's, is the driving motion itself.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from ros_animate.animation.geometry import hull_size
from ros_animate.types import Array, Motion

# Keypoints of LivePortrait that move with a part of the face.
LIP_KEYPOINTS = (6, 12, 14, 17, 19, 20)
EYE_KEYPOINTS = (11, 13, 15, 16, 18)
REGIONS = ('all', 'exp', 'pose', 'lip', 'eyes')


def relative_keypoints(source: Motion, driving: Motion, reference: Motion, *, scale: float = 1.0,
             adapt_covariance: bool = False) -> Motion:
    """The source's keypoints moved as the driving ones have moved since the reference.

    Monkey-Net: h_s + (h_d - h_1); the covariance stays the driving one, or V_d V_1^-1 V_s with
    `adapt_covariance`. FOMM: value as above, Jacobian J_d J_1^-1 J_s. face-vid2vid: as Monkey-Net,
    in three dimensions.

    Args:
        source: Motion of the portrait.
        driving: Motion of this frame.
        reference: Motion of the driving person's neutral or first frame.
        scale: Factor of the changes; `movement_scale` where the faces are not of one size.
        adapt_covariance: Transfers the covariance relatively, too.
    """
    points = _require(source.keypoints), _require(driving.keypoints), _require(reference.keypoints)
    moved = points[0] + (points[1] - points[2]) * scale
    result = dataclasses.replace(driving, keypoints=moved)
    if driving.jacobians is not None:
        jacobians = (driving.jacobians @ np.linalg.pinv(_require(reference.jacobians))
                     @ _require(source.jacobians))
        result = dataclasses.replace(result, jacobians=jacobians)
    if driving.covariances is not None and adapt_covariance:
        covariances = (driving.covariances @ np.linalg.pinv(_require(reference.covariances))
                       @ _require(source.covariances))
        result = dataclasses.replace(result, covariances=_nearest_covariances(covariances))
    return result


def relative_latent(source: Motion, driving: Motion, reference: Motion) -> Motion:
    """The source's latent code, changed as the driving one has changed: v_s + (v_d - v_1).

    X2Face's public code changes a driving vector by differences in the same way when head angles
    or sound drive.
    """
    changed = _require(driving.latent) - _require(reference.latent)
    return dataclasses.replace(driving, latent=_require(source.latent) + changed)


def movement_scale(source: Array, reference: Array) -> float:
    """Size of the source relative to the reference: the root of the ratio of the hulls' areas.

    Volumes in 3-D; 1 where the reference's keypoints span nothing.
    """
    size = hull_size(reference)
    return float(np.sqrt(hull_size(source) / size)) if size > 0 else 1.0


def _nearest_covariances(matrices: Array) -> Array:
    """Symmetric and positive definite: eigenvalues that are not positive become 1e-6."""
    values, vectors = np.linalg.eigh((matrices + matrices.swapaxes(-1, -2)) / 2)
    values = np.where(values > 0, values, 1e-6)
    return (vectors * values[..., None, :]) @ vectors.swapaxes(-1, -2)


def implicit_keypoints(canonical: Array, motion: Motion) -> Array:
    """LivePortrait's keypoints, eq. 2: x = s (x_c R + delta) + t.

    Args:
        canonical: x_c, (K, 3): the person's neutral keypoints, straight ahead.
        motion: scale s, rotation R^T, deformations delta, translation t; its z does not count, as
            the size of the head is in the scale.
    """
    turned = canonical @ _require(motion.rotation).T + _require(motion.deformations)
    translation = np.array([*_require(motion.translation)[:2], 0.0])
    return _require(motion.scale) * turned + translation


def live_portrait_motion(source: Motion, driving: Motion, reference: Motion | None,
                         region: str) -> Motion:
    """LivePortrait's transfer to a part of the face: relative with a reference, else absolute.

    Relative: R = R_d R_1^-1 R_s, delta_s + (delta_d - delta_1), s_s s_d / s_1, t_s + (t_d - t_1).
    Absolute: rotation, translation and the face's deformations of the driving side; the source's
    scale.

    Args:
        source: Motion of the portrait.
        driving: Motion of this frame.
        reference: Motion of the driving person's neutral or first frame; None for absolute
            transfer.
        region: The part that moves, one of REGIONS: everything, the expression, the head, lips,
            eyes.
    """
    if region not in REGIONS:
        raise ValueError(f'region is one of {", ".join(REGIONS)}, got {region!r}')
    result = dataclasses.replace(source, stamp_s=driving.stamp_s)
    if region in ('all', 'pose'):
        result = _turned(result, driving, reference)
    if region == 'all' and reference is not None:
        scale = _require(source.scale) * _require(driving.scale) / _require(reference.scale)
        result = dataclasses.replace(result, scale=float(scale))
    if region != 'pose':
        mask = _mask(region, absolute=reference is None)
        changed = _require(driving.deformations)
        if reference is not None:
            changed = (changed - _require(reference.deformations)) + _require(source.deformations)
        deformations = np.where(mask, changed, _require(source.deformations))
        result = dataclasses.replace(result, deformations=deformations)
    return result


def _turned(source: Motion, driving: Motion, reference: Motion | None) -> Motion:
    rotation, translation = _require(driving.rotation), _require(driving.translation)
    if reference is not None:
        # With row vectors, as LivePortrait writes it: R = R_d R_1^T R_s.
        rotation = _require(source.rotation) @ _require(reference.rotation).T @ rotation
        translation = translation - _require(reference.translation) + _require(source.translation)
    return dataclasses.replace(source, rotation=rotation, translation=translation)


def _mask(region: str, absolute: bool) -> Array:
    """(21, 3) True where the expression of a region is transferred.

    Absolute transfer leaves out the coordinates that carry a person's shape, not an expression.
    """
    mask = np.zeros((21, 3), bool)
    if region == 'lip':
        mask[LIP_KEYPOINTS, :] = True
    elif region == 'eyes':
        mask[EYE_KEYPOINTS, :] = True
    elif absolute:
        mask[[1, 2, 6, *range(11, 21)], :] = True
        mask[[3, 4, 9], 1] = True
        mask[[5, 8, 9], 2] = True
    else:
        mask[:] = True
    return mask


def kalman_smooth(values: Sequence[Array], measurement_variance: float = 3e-7,
           process_variance: float = 1e-5) -> list[Array]:
    """Kalman filter forward and Rauch-Tung-Striebel smoother backward, over a clip's values.

    The state is the value itself, a random walk. It needs the future, so it is for clips, not live:
    LivePortrait smooths rotation and deformations with it where the source is a video, too.
    """
    means: list[Array] = [np.asarray(values[0], np.float64)]
    gains = []
    prior = 1.0
    for value in values:
        gain = prior / (prior + measurement_variance)
        means.append(means[-1] + gain * (np.asarray(value, np.float64) - means[-1]))
        variance = (1 - gain) * prior
        prior = variance + process_variance
        gains.append(variance / prior)
    result = [means.pop()]
    for gain in gains[-2::-1]:
        mean = means.pop()
        result.append(mean + gain * (result[-1] - mean))
    return result[::-1]


def final_keypoints(source: Array, keypoints: Array, *, relative: bool,
           retargeted: Array | None = None, normalised: Array | float = 0.0,
           stitch: Callable[[Array, Array], Array] | None = None,
           multiplier: float = 1.0) -> Array:
    """LivePortrait's last steps: retargeting of eyes and lips, stitching, and a multiplier.

    Args:
        source: Keypoints of the source, (21, 3).
        keypoints: Those of the transferred motion, (21, 3).
        relative: True if they were transferred relatively. Retargeted eyes and lips replace a
            relative motion and are added to an absolute one.
        retargeted: Displacements by the eye and lip networks, which open and close them as far as
            the driving ones, (21, 3); None without retargeting.
        normalised: Displacements by the lip network, which close the source's lips, (21, 3);
            without retargeting only.
        stitch: (source, keypoints) -> keypoints that fit the shoulders and the rest of the image.
        multiplier: Factor of the whole difference to the source.
    """
    if retargeted is not None:
        keypoints = (source if relative else keypoints) + retargeted
    if stitch is not None:
        keypoints = stitch(source, keypoints)
    if retargeted is None:
        keypoints = keypoints + normalised
    return source + (keypoints - source) * multiplier


def _require(value: Array | float | None) -> Array:
    if value is None:
        raise ValueError('this motion lacks a part that the animator needs: is it of another '
                         'extractor?')
    return np.asarray(value, np.float64)
