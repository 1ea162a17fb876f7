"""One of the faces that another pipeline's tracker finds: a second robot for a second person."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ros_animate.limits import FACES
from ros_animate.motion.following import FOLLOW, Follower, FollowOptions, VisibleFace, extent
from ros_animate.nodes.topic_motion import Publish, TopicMotion
from ros_animate.types import Motion


class Faces(TopicMotion):
    """The followed face of the topic `faces` of another motion node.

    So two robots follow two people from one camera, with one tracker.
    """

    Config = FollowOptions
    changeable = FOLLOW
    input: ClassVar[str] = 'faces'
    relays: ClassVar[bool] = False
    has_mesh: ClassVar[bool] = True

    def __init__(self, config: FollowOptions) -> None:
        self._follower = Follower(config)
        self._motions: dict[str, Motion] = {}

    def configure(self, config: FollowOptions) -> None:
        self._follower.configure(config, self._motions)

    def attach(self, node: Any, publish: Publish) -> None:
        # The plug-in can be listed and described without ROS.
        from ros_animate.nodes.messages import motions_from_message

        def receive(message: Any) -> None:
            publish(self.select(motions_from_message(message, FACES)), message.header)
        node.listen(self.input, receive)

    def select(self, motions: Sequence[Motion]) -> Motion | None:
        """The followed one of the motions of one frame, None if it is not among them."""
        self._motions = {motion.face_id: motion for motion in motions if motion.face_id}
        if not motions:
            return None
        size, stamp_s = motions[0].image_size or (1, 1), motions[0].stamp_s
        faces = [VisibleFace(face_id, *extent(motion)) for face_id, motion in self._motions.items()]
        return self._motions.get(self._follower.update(faces, size, stamp_s))

    def faces(self) -> Sequence[Motion]:
        return list(self._motions.values())


PLUGIN = Faces
