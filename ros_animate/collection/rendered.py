"""Pairs by the virtual face: rendered straight at the pose, in random looks."""
from __future__ import annotations

from collections.abc import Iterator

from ros_animate.collection.appearances import lit, random_background, random_camera, random_look
from ros_animate.collection.camera_effects import jpeg, photograph, random_quality
from ros_animate.collection.exaggeration import Exaggeration
from ros_animate.collection.pairs import CONTROLS, FACE, MORE, PICTURE, Pair, PairMaker, stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.face.virtual import VirtualFace
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec

_POINTS = list(FEATURE_POINTS)


class RenderedPairs(PairMaker):
    """A block is one face; light, camera, background and camera faults differ in every picture."""

    block_size = 20

    def __init__(self, spec: RobotSpec, seed: int, size: int, exaggerated: float = 0.0) -> None:
        """size: width and height of the pictures in pixels; exaggerated: as `Exaggeration`."""
        self._seed, self._size = seed, size
        self._sampler = ControlSampler(spec)
        self._face_map = FaceMap(spec)
        self._exaggerate = Exaggeration(spec, self._face_map, self._sampler, exaggerated)

    def make(self, block: int, start: int, stop: int) -> Iterator[Pair]:
        look = random_look(stream(self._seed, FACE, block), self._face_map.appearance)
        for k in range(start, stop):
            index = block * self.block_size + k
            values, muscles = self._exaggerate(
                stream(self._seed, MORE, index),
                self._sampler.sample(stream(self._seed, CONTROLS, index)))
            rng = stream(self._seed, PICTURE, index)
            seen = lit(rng, look)
            face = VirtualFace(seen, random_camera(rng, self._size),
                               random_background(rng, seen, self._size))
            image, turn = photograph(face.render(muscles), rng)
            points = face.landmarks(muscles)[_POINTS, :2]
            landmarks = (points @ turn[:, :2].T + turn[:, 2]) / self._size
            yield Pair(jpeg(image, random_quality(rng)), values, landmarks)
