"""Arguments of `retarget` for other programs: takes, VMC, a virtual camera, a stream of images."""
from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ros_animate.outputs.share import Share


def add_share(parser: Any) -> None:
    """Adds the arguments."""
    group = parser.add_argument_group('for other programs')
    group.add_argument('--record-take', metavar='FILE.csv', help=(
        'blendshapes and angles of the person, as Live Link Face writes them (also offline)'))
    group.add_argument('--vmc', metavar='HOST:PORT', help=(
        'send VMC to VSeeFace, Warudo, Unity or Blender (live)'))
    group.add_argument('--vmc-of', choices=('person', 'robot'), default='person', help=(
        'motion that is sent (default: %(default)s)'))
    group.add_argument('--virtual-camera', metavar='DEVICE', nargs='?', const='auto', help=(
        'show the robot in a virtual camera (v4l2loopback, live); without a device: the first'))
    group.add_argument('--stream', metavar='[HOST:]PORT', help=(
        'serve images for browsers and OBS (live)'))
    group.add_argument('--show', choices=('both', 'robot', 'portrait'), default='both', help=(
        'images for --virtual-camera and --stream (default: %(default)s)'))


def make_share(args: argparse.Namespace, inputs: Iterable[str]) -> Share:
    """The outputs to other programs, checked before anything is started; raises UserError."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.outputs.share import Share
    share = Share(vmc=args.vmc or '', vmc_of=args.vmc_of, take=_take(args.record_take, inputs),
                  virtual_camera=args.virtual_camera or '', stream=args.stream or '',
                  show=args.show)
    live = [name for name in ('vmc', 'virtual_camera', 'stream') if getattr(share, name)]
    if args.offline and live:
        raise ConfigurationError(f'--{live[0].replace("_", "-")} is for live runs: leave out '
                                 '--offline')
    _check_available(share)
    return share


def _take(path: str | None, inputs: Iterable[str]) -> str:
    """Path of the take, whose folder exists; raises UserError."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.outputs.paths import output_folder
    if path is None:
        return ''
    if not path.lower().endswith('.csv'):
        raise ConfigurationError(f'--record-take writes a CSV file, got {path!r}')
    folder, name = os.path.split(path)
    return str(output_folder(folder or '.', (name,), tuple(inputs)) / name)


def _check_available(share: Share) -> None:
    """Opens what may be missing once, so that it is reported at once."""
    if share.vmc:
        from ros_animate.face.streams.vmc import require_osc
        require_osc()
    if share.virtual_camera:
        from ros_animate.outputs.virtual_camera import VirtualCamera
        device = share.virtual_camera
        VirtualCamera('' if device == 'auto' else device).close()
    if share.stream:
        from ros_animate.outputs.http_stream import HttpStream
        from ros_animate.outputs.share import split_address
        HttpStream(*split_address(share.stream, '127.0.0.1', 'stream')).close()
