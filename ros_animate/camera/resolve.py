"""Camera plug-in and options for the name that a user gives to a source."""
from __future__ import annotations

import pathlib
from typing import Any

from ros_animate.camera.base import IMAGE_SUFFIXES, SourceError
from ros_animate.camera.stream_address import SCHEMES
from ros_animate.plugins import available

FORMS = ('demo, device, device:1, /dev/video1, a video file, a folder or pattern of images, '
         'topic:/NAME, rtsp://, http://, https:// or udp:// (streams), or tcp://ROBOT:5000 (JPEG '
         'images over ZeroMQ)')


def resolve(source: str) -> tuple[str, dict[str, Any]]:
    """(plug-in, options) for the value of --source.

    The name of a camera plug-in wins over a file of that name, which is then written ./NAME.

    'topic' (an image topic of another camera driver) is not a plug-in: in ROS it takes the place of
    the camera node. Anything else is only checked when the plug-in opens it.

    Raises:
        SourceError: The text does not name a source.
    """
    kind, colon, rest = source.partition(':')
    if kind == 'topic' and colon:
        if not rest:
            raise SourceError('which topic? --source topic:/camera/image_raw')
        return 'topic', {'topic': rest}
    if kind == 'device' and colon:
        return 'device', {'device': rest}
    if source.isdigit() or source.startswith('/dev/'):
        return 'device', {'device': source}
    if source.startswith(('tcp://', 'ipc://')):
        return 'zmq_mjpeg', {'address': source}
    if source.startswith(SCHEMES):
        return 'stream', {'url': source}
    if source in available('camera'):
        return source, {}
    return _resolve_file(source)


def _resolve_file(source: str) -> tuple[str, dict[str, Any]]:
    path = pathlib.Path(source).expanduser()
    is_image = path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES
    if is_image or (source and path.is_dir()):
        return 'images', {'path': str(path)}
    if path.suffix.lower() == '.pkl':
        raise SourceError(f'{source} is a motion template, which has no images; it can drive '
                          '`ros_animate animate --animator live_portrait`')
    if path.is_file():
        return 'video', {'path': str(path)}
    if any(character in source for character in '*?['):
        return 'images', {'path': str(path)}
    raise SourceError(f'there is no source {source!r}; a source is {FORMS}')
