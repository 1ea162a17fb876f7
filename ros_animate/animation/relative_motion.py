"""Transfer of motion onto the source: the driving side's change, on the source's own face.

The source keeps its identity because only what the driving motion did since a reference (usually
its first frame) is applied to it. Absolute transfer, which needs a driving face shaped like the
source's, is the driving motion itself.
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


def relative(source: Motion, driving: Motion, reference: Motion, *, scale: float = 1.0,
             adapt_covariance: bool = False) -> Motion:
    """The source's keypoints moved as the driving ones have moved since the reference.

    Monkey-Net: h_s + (h_d - h_1); the covariance stays the driving one, or V_d V_1^-1 V_s with
    `adapt_covariance`. FOMM: value as above, Jacobian J_d J_1^-1 J_s. face-vid2vid: as Monkey-Net,
    in three dimensions.

    Args:
        source: Of the portrait.
        driving: Of this frame.
        reference: Of the driving person's neutral or first frame.
        scale: Of the changes; `movement_scale` where the faces are not of one size.
        adapt_covariance: As above.
    """
    points = _need(source.keypoints), _need(driving.keypoints), _need(reference.keypoints)
    moved = points[0] + (points[1] - points[2]) * scale
    result = dataclasses.replace(driving, keypoints=moved)
    if driving.jacobians is not None:
        jacobians = (driving.jacobians @ np.linalg.pinv(_need(reference.jacobians))
                     @ _need(source.jacobians))
        result = dataclasses.replace(result, jacobians=jacobians)
    if driving.covariances is not None and adapt_covariance:
        covariances = (driving.covariances @ np.linalg.pinv(_need(reference.covariances))
                       @ _need(source.covariances))
        result = dataclasses.replace(result, covariances=_nearest_covariances(covariances))
    return result


def movement_scale(source: Array, reference: Array) -> float:
    """How much larger the source is: the root of the ratio of the hulls' areas (volumes in 3-D).

    1 where the reference's keypoints span nothing.
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
    turned = canonical @ _need(motion.rotation).T + _need(motion.deformations)
    translation = np.array([*_need(motion.translation)[:2], 0.0])
    return _need(motion.scale) * turned + translation


def portrait(source: Motion, driving: Motion, reference: Motion | None, region: str) -> Motion:
    """Moves a part of the source's face (LivePortrait): relative with a reference, else absolute.

    Relative: R = R_d R_1^-1 R_s, delta_s + (delta_d - delta_1), s_s s_d / s_1, t_s + (t_d - t_1).
    Absolute: rotation, translation and the face's deformations of the driving side; the source's
    scale.

    Args:
        source: Of the portrait.
        driving: Of this frame.
        reference: Of the driving person's neutral or first frame; None for absolute transfer.
        region: What moves, one of REGIONS: everything, the expression, the head, lips, eyes.
    """
    if region not in REGIONS:
        raise ValueError(f'region is one of {", ".join(REGIONS)}, got {region!r}')
    result = dataclasses.replace(source, stamp_s=driving.stamp_s)
    if region in ('all', 'pose'):
        result = _turned(result, driving, reference)
    if region == 'all' and reference is not None:
        scale = _need(source.scale) * _need(driving.scale) / _need(reference.scale)
        result = dataclasses.replace(result, scale=float(scale))
    if region != 'pose':
        mask = _mask(region, absolute=reference is None)
        changed = _need(driving.deformations)
        if reference is not None:
            changed = (changed - _need(reference.deformations)) + _need(source.deformations)
        deformations = np.where(mask, changed, _need(source.deformations))
        result = dataclasses.replace(result, deformations=deformations)
    return result


def _turned(source: Motion, driving: Motion, reference: Motion | None) -> Motion:
    rotation, translation = _need(driving.rotation), _need(driving.translation)
    if reference is not None:
        # With row vectors, as LivePortrait writes it: R = R_d R_1^T R_s.
        rotation = _need(source.rotation) @ _need(reference.rotation).T @ rotation
        translation = translation - _need(reference.translation) + _need(source.translation)
    return dataclasses.replace(source, rotation=rotation, translation=translation)


def _mask(region: str, absolute: bool) -> Array:
    """(21, 3) True where the expression of a region is taken over.

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


def smooth(values: Sequence[Array], measurement_variance: float = 3e-7,
           process_variance: float = 1e-5) -> list[Array]:
    """A clip's values without jitter: Kalman filter forward, Rauch-Tung-Striebel backward.

    The state is the value itself, doing a random walk. Looks ahead, so it is for clips, not live:
    LivePortrait smooths rotation and deformations so where the source is a video, too.
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


def finish(source: Array, keypoints: Array, *, relative: bool,
           retargeted: Array | None = None, normalised: Array | float = 0.0,
           stitch: Callable[[Array, Array], Array] | None = None,
           multiplier: float = 1.0) -> Array:
    """LivePortrait's last steps: retargeting of eyes and lips, stitching, amplifying.

    Args:
        source: Keypoints of the source, (21, 3).
        keypoints: Those of the transferred motion, (21, 3).
        relative: How they were transferred. Retargeted eyes and lips replace a relative motion and
            are added to an absolute one.
        retargeted: What the eye and lip networks add to open and close them as far as the driving
            ones, (21, 3); None without retargeting.
        normalised: What the lip network adds to close the source's lips, (21, 3); without
            retargeting only.
        stitch: (source, keypoints) -> keypoints that fit the shoulders and the rest of the picture.
        multiplier: Of the whole difference to the source.
    """
    if retargeted is not None:
        keypoints = (source if relative else keypoints) + retargeted
    if stitch is not None:
        keypoints = stitch(source, keypoints)
    if retargeted is None:
        keypoints = keypoints + normalised
    return source + (keypoints - source) * multiplier


def _need(value: Array | float | None) -> Array:
    if value is None:
        raise ValueError('this motion lacks what the animator needs: is it of another extractor?')
    return np.asarray(value, np.float64)
