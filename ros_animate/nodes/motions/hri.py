"""The face that another package tracks and publishes as REP-155 has it (/humans/faces/…)."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ros_animate.configuration import option
from ros_animate.errors import UserError
from ros_animate.motion.following import FOLLOW, Follower, FollowOptions, VisibleFace
from ros_animate.nodes.topic_motion import Publish, TopicMotion
from ros_animate.types import Motion

if TYPE_CHECKING:
    from ros_animate.nodes.hri_client import HriClient


class Hri(TopicMotion):
    """Follows the action units (`facs`) and landmarks of another package's faces.

    There are no sides in action units: both halves of the robot's face do the same. The head's
    pose follows from the landmarks, else from the units that tell turns of the head.
    """

    @dataclass(frozen=True)
    class Config(FollowOptions):
        """Options of the selection, and where the faces are."""

        topic: str = option('/humans/faces', 'what the names of the topics begin with')

    changeable = FOLLOW

    def __init__(self, config: Config) -> None:
        self._config = config
        self._follower = Follower(config)
        self._client: HriClient | None = None

    def configure(self, config: Config) -> None:
        self._follower.configure(config, self._client.ids if self._client is not None else ())
        self._config = config

    def attach(self, node: Any, publish: Publish) -> None:
        try:
            # The plug-in can be listed and described without ROS.
            from ros_animate.nodes.hri_client import HriClient
            self._client = HriClient(node, self._config.topic, self._select, publish)
        except ImportError as error:
            raise UserError(f'the motion hri needs hri_msgs (apt install ros-jazzy-hri-msgs): '
                            f'{error}') from error

    def faces(self) -> Sequence[Motion]:
        return self._client.motions() if self._client is not None else ()

    def _select(self, faces: Sequence[VisibleFace], stamp_s: float) -> str:
        return self._follower.update(faces, (1, 1), stamp_s)


PLUGIN = Hri
