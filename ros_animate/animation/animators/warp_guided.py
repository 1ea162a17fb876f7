"""warp_guided: a portrait warped by its landmarks, then refined by a small network."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ros_animate.animation.mesh_warp.source_face import SourceFace
from ros_animate.animation.mesh_warp.warp_animator import WarpAnimator, WarpOptions
from ros_animate.animation.warp_guided.guides import draw_gate, draw_guides, masks, shares
from ros_animate.face.head_pose import PosedShape
from ros_animate.inference.device import to_image, to_tensor
from ros_animate.inference.engine import EngineOptions
from ros_animate.inference.loading import NetworkOptions, load_networks
from ros_animate.types import Array, Image


class WarpGuided(WarpAnimator):
    """A warp-guided generator, after Geng et al. (SIGGRAPH Asia 2018).

    The warp is that of mesh_warp. A network corrects it, restores the background that it dragged
    along, and paints what the source does not show: the inside of the mouth, opened eyes, the side
    of a turned head. Where nothing moves the portrait stays as it is.
    """

    name = family = 'warp_guided'

    @dataclass(frozen=True)
    class Config(WarpOptions, NetworkOptions, EngineOptions):
        """Options of the animator."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        loaded = load_networks(self.family, config, ('refiner',), engine=config)
        self._device, self._network = loaded.device, loaded.networks['refiner']
        self._side: int = loaded.config.image_size
        self.execution = loaded.execution

    @property
    def side(self) -> int:
        return self._side

    def set_source(self, image: Image) -> None:
        super().set_source(image)
        source = self._known_source()
        self._rest = source.shape.landmarks()
        drawn = self._tensor(shares(masks(self._rest, self.side)))
        with torch.inference_mode():
            self._features = self._network.encode(
                to_tensor(source.image, self.side, self._device), drawn)

    def render(self, source: SourceFace, target: PosedShape) -> Image:
        warped = source.render(target)
        landmarks = target.landmarks()
        gate = draw_gate(self._rest, landmarks, self.side)
        if not gate.any():
            return warped.image
        guides = draw_guides(masks(landmarks, self.side), warped.motion, self.side)
        with torch.inference_mode():
            return to_image(self._network.render(
                self._features, to_tensor(warped.image, self.side, self._device),
                self._tensor(guides), self._tensor(gate)))

    def _tensor(self, maps: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(maps))[None].to(self._device)


PLUGIN = WarpGuided
