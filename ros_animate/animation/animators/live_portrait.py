"""A portrait animated by LivePortrait, with stitching and retargeting of eyes and lips."""
from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ros_animate.animation import relative_motion
from ros_animate.animation.neural import AnimatorOptions, NeuralAnimator
from ros_animate.configuration import ConfigurationError, option
from ros_animate.face.framing import PORTRAIT_SOURCE
from ros_animate.face.opening_ratios import EYE_LEFT, EYE_RIGHT, LIPS, opening_ratios
from ros_animate.inference.conversions.live_portrait import MODEL, to_motion
from ros_animate.inference.device import to_array
from ros_animate.types import Array, Motion

_PERCEPTRON = 'stitching_retargeting_module.'
_LIPS_OPEN_FROM = 0.03


class LivePortrait(NeuralAnimator):
    """LivePortrait (2024): implicit keypoints with scale, stitched into the image, at 512 pixels.

    Without the file of the stitching and retargeting networks the portrait is animated unstitched,
    after a warning.
    """

    @dataclass(frozen=True)
    class Config(AnimatorOptions):
        """Options of the animator."""

        region: str = option('all', 'what moves', choices=relative_motion.REGIONS)
        multiplier: float = option(1.0, 'factor of the whole motion', low=0.0, high=5.0)
        stitching: bool = option(True, 'shoulders and the image around the face keep their place')
        eye_retargeting: bool = option(False, 'the eyes open as far as the driving ones, measured; '
                                              'replaces relative motion')
        lip_retargeting: bool = option(False, 'the lips open as far as the driving ones, measured; '
                                              'replaces relative motion')
        normalize_lip: bool = option(False, "the source's open lips count as closed "
                                            '(relative motion only)')

    extractor = family = MODEL
    network_names = ('appearance_feature_extractor', 'motion_extractor', 'warping_module',
                     'spade_generator')
    optional_networks = tuple(_PERCEPTRON + name for name in ('stitching', 'eye', 'lip'))
    framing = PORTRAIT_SOURCE
    changeable = ('region', 'multiplier')
    magnification = 2

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        required = {'eye': config.eye_retargeting,
                    'lip': config.lip_retargeting or config.normalize_lip}
        missing = [name for name in required
                   if required[name] and _PERCEPTRON + name not in self.networks]
        if missing:
            raise ConfigurationError(f'the weights hold no network for retargeting '
                                     f'{" and ".join(missing)}: '
                                     'add retargeting_models/stitching_retargeting_module.pth')
        self._has_stitching = config.stitching and _PERCEPTRON + 'stitching' in self.networks
        if config.stitching and not self._has_stitching:
            logging.getLogger(__name__).warning(
                'these weights hold no stitching network (stitching_retargeting_module.pth): '
                'the portrait is animated unstitched')

    def _encode(self, image: Tensor, landmarks: Array | None) -> Motion:
        face = self.networks['motion_extractor'](image)
        source = to_motion(face, 0.0, {} if landmarks is None else opening_ratios(landmarks))
        self._canonical = to_array(face.canonical)
        self._keypoints = relative_motion.implicit_keypoints(self._canonical, source)
        self._volume = self.networks['appearance_feature_extractor'](image)
        self._normalised = self._closed_lips(source)
        return source

    def _render(self, motion: Motion) -> Tensor:
        assert self.source is not None
        config = self.config
        reference = self._reference if config.relative else None
        moved = relative_motion.live_portrait_motion(self.source, motion, reference, config.region)
        keypoints = relative_motion.final_keypoints(
            self._keypoints, relative_motion.implicit_keypoints(self._canonical, moved),
            relative=config.relative, retargeted=self._retargeted(motion),
            normalised=self._normalised, stitch=self._stitch if self._has_stitching else None,
            multiplier=config.multiplier)
        source, driving = self._tensor(self._keypoints), self._tensor(keypoints)
        warped = self.networks['warping_module'](self._volume, source, driving)
        return self.networks['spade_generator'](warped.features)

    def _retargeted(self, motion: Motion) -> Array | None:
        """(K, 3) displacements that open eyes and lips like the driving ones; None if off."""
        config = self.config
        if not (config.eye_retargeting or config.lip_retargeting):
            return None
        assert self.source is not None
        delta = np.zeros_like(self._keypoints)
        if config.eye_retargeting:
            # As the published network was trained: one driving eye sets both.
            ratios = [*_openness(self.source, EYE_RIGHT, EYE_LEFT), *_openness(motion, EYE_RIGHT)]
            delta = delta + self._retargeting('eye', self._keypoints, ratios)
        if config.lip_retargeting:
            ratios = [*_openness(self.source, LIPS), *_openness(motion, LIPS)]
            delta = delta + self._retargeting('lip', self._keypoints, ratios)
        return delta

    def _closed_lips(self, source: Motion) -> Array | float:
        """(K, 3) displacements that close the source's lips; 0 where they are closed already."""
        if not (self.config.normalize_lip and self.config.relative):
            return 0.0
        openness, = _openness(source, LIPS)
        if openness < _LIPS_OPEN_FROM:
            return 0.0
        return self._retargeting('lip', self._keypoints, [openness, 0.0])

    def _stitch(self, source: Array, keypoints: Array) -> Array:
        return self._retargeting('stitching', source, keypoints)

    def _retargeting(self, name: str, *inputs: Array | list[float]) -> Array:
        return to_array(self.networks[_PERCEPTRON + name](*map(self._tensor, inputs)))

    def _tensor(self, values: Array | list[float]) -> Tensor:
        return torch.as_tensor(np.asarray(values), dtype=torch.float32, device=self.device)[None]


def _openness(motion: Motion, *names: str) -> list[float]:
    if any(name not in motion.expression for name in names):
        raise ConfigurationError(
            'retargeting of eyes or lips needs their openness on both sides: look for the faces '
            '(crop), and use a motion template that holds it (c_eyes_lst, c_lip_lst)')
    return [motion.expression[name] for name in names]


PLUGIN = LivePortrait
