"""Small images and controls of a bag, read once, to look at along a time line."""
from __future__ import annotations

import pathlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ros_animate.dashboard.robot import described, rounded
from ros_animate.errors import UserError
from ros_animate.images import encode_jpeg
from ros_animate.nodes.bags import BagReader
from ros_animate.nodes.conversions import MessageError, image_from_message
from ros_animate.nodes.messages import Joints
from ros_animate.nodes.remote.polled import deserialized
from ros_animate.nodes.remote.previews import QUALITY, shrunk
from ros_animate.nodes.remote.subscriptions import VIEWS
from ros_animate.nodes.topics import COMPRESSED, message_class
from ros_animate.robot.descriptions import descriptions, load_spec
from ros_animate.robot.spec import RobotSpec

PERIOD_S = 0.099  # between two images of a view; a little less than a tenth of a second
MOST_IMAGES = 3000  # in all
MOST_ROWS = 20_000
COMMANDS = 'commands'


@dataclass
class BagFrames:
    """Content of a bag as the page shows it.

    Attributes:
        times: View → seconds since the beginning of the bag, of each image.
        images: View → contents of JPEG files.
        rows: Seconds, and positions of the controls in the robot's units.
        spec: The robot whose commands they are, None if it is unknown.
        is_cut: True if the bag goes on after what is shown.
    """

    times: dict[str, list[float]] = field(default_factory=dict)
    images: dict[str, list[bytes]] = field(default_factory=dict)
    rows: list[tuple[float, Any]] = field(default_factory=list)
    spec: RobotSpec | None = None
    is_cut: bool = False

    @property
    def count(self) -> int:
        """Number of images in all."""
        return sum(map(len, self.images.values()))

    def described(self) -> dict[str, Any]:
        """Times of the images, and the controls as for a run."""
        controls = None
        if self.spec is not None and self.rows:
            controls = {**described(self.spec), 'times': [round(t, 3) for t, _ in self.rows],
                        'positions': [rounded(positions) for _, positions in self.rows]}
        return {'views': {view: [round(t, 3) for t in times]
                          for view, times in self.times.items()},
                'controls': controls, 'is_cut': self.is_cut}


def read_frames(path: pathlib.Path) -> BagFrames:
    """Reads a bag; raises UserError."""
    with BagReader(path) as bag:
        views = {topic: view for topic in bag.types if (view := view_of(topic)) is not None}
        frames = BagFrames({view: [] for view in views.values()},
                           {view: [] for view in views.values()})
        for topic, time_ns, data in bag.messages():
            time_s = (time_ns - bag.start_ns) * 1e-9
            if frames.count >= MOST_IMAGES or len(frames.rows) >= MOST_ROWS:
                frames.is_cut = True
                break
            if topic in views:
                _add_image(frames, views[topic], time_s, data, bag.types[topic])
            elif topic.rsplit('/', 1)[-1] == COMMANDS:
                _add_command(frames, time_s, deserialized(data, message_class(bag.types[topic])))
    return frames


def view_of(topic: str) -> str | None:
    """The view that shows a topic, in any namespace; None for none."""
    name = topic.removesuffix(COMPRESSED)
    for view in ('animated', 'robot', 'camera'):  # the camera's name is the end of the others'
        if f'/{name.lstrip("/")}'.endswith(f'/{VIEWS[view]}'):
            return view
    return None


def _add_image(frames: BagFrames, view: str, time_s: float, data: bytes, type_name: str) -> None:
    times = frames.times[view]
    if times and time_s - times[-1] < PERIOD_S:
        return
    message = deserialized(data, message_class(type_name))
    try:
        image = None if message is None else image_from_message(message)
    except MessageError:
        image = None
    if image is None:
        return
    times.append(time_s)
    frames.images[view].append(encode_jpeg(shrunk(image), QUALITY))


def _add_command(frames: BagFrames, time_s: float, message: Any) -> None:
    if message is None:
        return
    if frames.spec is None:
        frames.spec = robot_with_joints(message.joint_names)
    if frames.spec is None or (frames.rows and time_s - frames.rows[-1][0] < PERIOD_S / 4):
        return
    try:
        command = Joints.of(frames.spec).command_from_message(message)
    except MessageError:
        return
    frames.rows.append((time_s, command.position))


def robot_with_joints(joints: Sequence[str]) -> RobotSpec | None:
    """The robot of the package that has these joints, None if there is none."""
    for path in descriptions().values():
        spec = load_spec(path)
        if sorted(spec.joints) == sorted(joints):
            return spec
    return None


class FrameCache:
    """The frames of the bag that was looked at last; may be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._path: pathlib.Path | None = None
        self._frames = BagFrames()

    def frames(self, path: pathlib.Path) -> BagFrames:
        """The frames of a bag; raises UserError."""
        with self._lock:
            if path != self._path:
                self._frames, self._path = read_frames(path), path
            return self._frames

    def image(self, path: pathlib.Path, view: str, number: int) -> bytes | None:
        """An image of a view, None if there is none."""
        try:
            images = self.frames(path).images.get(view, [])
        except UserError:
            return None
        return images[number] if 0 <= number < len(images) else None
