"""The contract of motion plug-ins that read topics instead of images. Imports no ROS."""
from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ros_animate.motion.base import MotionSource
from ros_animate.plugins import Changeable
from ros_animate.types import Motion

# Input of extractors.
IMAGES = 'image_raw'
# Called with the followed face's motion, None without a face, and the header that it answers.
Publish = Callable[['Motion | None', Any], None]


class TopicMotion(Changeable, abc.ABC):
    """Motion that another node has extracted; it takes the place of camera and extractor.

    Attributes:
        input: Key of TOPICS that can be remapped to the other node's topic; '' if the plug-in has
            topics of its own.
        relays: True if the motion node publishes `faces` as well; False if it listens to them.
        has_mesh: True if the motion holds the landmarks of the face mesh, which animators need.
    """

    input: ClassVar[str] = ''
    relays: ClassVar[bool] = True
    has_mesh: ClassVar[bool] = False

    @abc.abstractmethod
    def attach(self, node: Any, publish: Publish) -> None:
        """Makes the subscriptions of a StageNode; raises UserError if that is impossible."""

    def faces(self) -> Sequence[Motion]:
        """Motions of all faces in sight, in the order in which they appeared."""
        return ()


def motion_input(motion_class: Any) -> str:
    """Topic that a motion plug-in listens to; '' if it has topics of its own, or none."""
    if issubclass(motion_class, MotionSource):
        return ''
    return motion_class.input if issubclass(motion_class, TopicMotion) else IMAGES


def has_mesh(motion_class: Any) -> bool:
    """True if the motion of a plug-in can animate a portrait."""
    return getattr(motion_class, 'has_mesh', True)
