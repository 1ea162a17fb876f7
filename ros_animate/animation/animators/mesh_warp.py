"""mesh_warp: a portrait warped by its landmarks, without learned weights."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.animation.mesh_warp.source_face import SourceFace
from ros_animate.animation.mesh_warp.warp_animator import WarpAnimator, WarpOptions
from ros_animate.configuration import option
from ros_animate.face.head_pose import PosedShape
from ros_animate.types import Image


class MeshWarp(WarpAnimator):
    """Image warping by scattered data interpolation of retargeted landmarks.

    Gains are a little above 1 because a warped image, which has no wrinkles, appears less
    expressive than the driving face (a tracker measures about three quarters of brows, mouth and
    head rotation).
    """

    name = 'mesh_warp'

    @dataclass(frozen=True)
    class Config(WarpOptions):
        """Options of the animator."""

        size: int = option(256, 'width and height of the animated image in pixels',
                           low=64, high=2048)

    config: Config

    @property
    def side(self) -> int:
        return self.config.size

    def render(self, source: SourceFace, target: PosedShape) -> Image:
        return source.render(target).image


PLUGIN = MeshWarp
