"""Pairs by the virtual face: rendered in the pose, with random appearances."""
from __future__ import annotations

from collections.abc import Iterator

from ros_animate.collection.appearances import (
    random_appearance,
    random_background,
    random_camera,
    with_random_lighting,
)
from ros_animate.collection.camera_effects import photograph, random_quality
from ros_animate.collection.exaggeration import Exaggeration
from ros_animate.collection.pairs import (
    CONTROLS,
    EXAGGERATION,
    FACE,
    IMAGE,
    Pair,
    PairMaker,
    random_stream,
)
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.face.virtual import VirtualFace
from ros_animate.images import encode_jpeg
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec

_POINTS = list(FEATURE_POINTS)


class RenderedPairs(PairMaker):
    """Pairs of rendered images; a block is one face.

    Lighting, camera, background and camera faults differ in every image.
    """

    block_size = 20

    def __init__(self, spec: RobotSpec, seed: int, size: int, exaggerated: float = 0.0) -> None:
        """Prepares the robot's face.

        Args:
            spec: The robot.
            seed: Seed of the pairs.
            size: Width and height of the images in pixels.
            exaggerated: Probability of `Exaggeration`.
        """
        self._seed, self._size = seed, size
        self._sampler = ControlSampler(spec)
        self._face_map = FaceMap(spec)
        self._exaggerate = Exaggeration(spec, self._face_map, self._sampler, exaggerated)

    def make(self, block: int, start: int, stop: int) -> Iterator[Pair]:
        own = random_appearance(random_stream(self._seed, FACE, block), self._face_map.appearance)
        for k in range(start, stop):
            index = block * self.block_size + k
            values, muscles = self._exaggerate(
                random_stream(self._seed, EXAGGERATION, index),
                self._sampler.sample(random_stream(self._seed, CONTROLS, index)))
            rng = random_stream(self._seed, IMAGE, index)
            appearance = with_random_lighting(rng, own)
            face = VirtualFace(appearance, random_camera(rng, self._size),
                               random_background(rng, appearance, self._size))
            image, turn = photograph(face.render(muscles), rng)
            points = face.landmarks(muscles)[_POINTS, :2]
            landmarks = (points @ turn[:, :2].T + turn[:, 2]) / self._size
            yield Pair(encode_jpeg(image, random_quality(rng)), values, landmarks)
