"""Calibrates a robot by letting it move and watching its face.

The robot moves slowly, within all limits and behind the safety layer: every control alone, one half
of the face, random faces, neutral in between. The face tracker that watches people watches the
robot through a camera in front of it. What its controls do to the tracked face is learned and
compared with the robot file. The folder then holds the forward model (for `--policy calibrated`),
report.html (what each control moves, how far, how repeatably, how late; controls that are dead,
inverted, swapped, weak or coupled) and corrections.patch for the robot file.

600 poses take six minutes on a real robot, one or two on a virtual one. While there is no face, a
hand is before the camera, the robot stalls, the camera is silent or the emergency stop is in force,
it waits at neutral, says why, and learns nothing. Ctrl-C brings the robot to neutral; the same
command goes on where it was stopped.
"""
from __future__ import annotations

import argparse
import pathlib
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ros_animate.commands.arguments import add_param, at_least, between, positive
from ros_animate.errors import UserError

if TYPE_CHECKING:
    from ros_animate.collection.recording import Camera
    from ros_animate.settings import Settings

HELP = 'let a robot move, watch its face, and learn what its controls do'
EXAMPLES = """\
examples:
  ros_animate calibrate mock --camera virtual --output output/calibration
      the virtual Ameca, in a minute or two
  ros_animate calibrate my_head.yaml --camera /dev/video2 --output output/my_head
      a real robot; stand aside, nobody but the robot before the camera
  ros_animate calibrate my_head.yaml --camera topic:/camera/image_raw --quick --output output/try
      150 poses, through a camera driver in ROS
  ros_animate calibrate mock --camera virtual --output output/calibration --rig
      also rig.yaml: the robot file with the rig that is nearest to what was learned
  patch my_head.yaml output/my_head/corrections.patch
      accept the suggested corrections of the robot file"""
QUICK_POSES = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('robot', metavar='ROBOT', help='name or robot file')
    parser.add_argument('--camera', metavar='SOURCE', required=True, help=(
        'a camera that sees the face of the robot: device, /dev/video1, rtsp://…, '
        'topic:/camera/image_raw, …; virtual: the virtual robot itself'))
    parser.add_argument('--output', type=pathlib.Path, required=True, metavar='FOLDER',
                        help='folder of what is learned; one that was interrupted is continued')
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--poses', type=at_least(int, 60), default=600, metavar='N',
                        help='number of poses (default: 600)')
    length.add_argument('--quick', action='store_true', help=f'{QUICK_POSES} poses')
    parser.add_argument('--seed', type=at_least(int, 0), default=0, metavar='S',
                        help='seed of the random poses (default: 0)')
    parser.add_argument('--speed', type=between(float, 0.01, 1.0), default=0.5, metavar='X',
                        help="share of the robot's velocity and acceleration (default: 0.5)")
    parser.add_argument('--settle', type=positive(float), default=0.15, metavar='S',
                        help='seconds to stand still before an image counts (default: 0.15)')
    parser.add_argument('--rig', action='store_true', help=(
        'also write rig.yaml, the robot file with the linear rig nearest to what was learned'))
    add_param(parser, 'an option of the robot (hardware) or of the tracker (motion)')
    parser.add_argument('--quiet', action='store_true', help='no progress and no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.calibration.calibrating import Request, calibrate
    from ros_animate.calibration.observer import Timing
    from ros_animate.outputs.paths import expand
    from ros_animate.settings import load_settings
    settings = load_settings(params=args.param, robot=args.robot)
    settings.check(('hardware', 'motion'))
    request = Request(args.camera, expand(args.output),
                      QUICK_POSES if args.quick else args.poses, args.seed,
                      Timing(args.speed, args.settle), args.quiet)
    report = calibrate(settings, request, _open_topic)
    if args.rig:
        _write_rig(settings, request.folder)
    if not args.quiet:
        print('\n'.join(report.summary(request.folder)))
    return 0


def _write_rig(settings: Settings, folder: pathlib.Path) -> None:
    from ros_animate.calibration.rig import RIG, calibrated_policy, write_rig
    from ros_animate.documents import read_text
    from ros_animate.robot.descriptions import description_file
    file, _ = description_file(settings.robot)
    write_rig(settings.spec, read_text(file), calibrated_policy(settings.spec, folder),
              folder / RIG)


def _open_topic(topic: str) -> AbstractContextManager[Camera]:
    try:
        from ros_animate.nodes.image_listener import ImageListener
    except ImportError as error:
        raise UserError(f'--camera topic:… needs ROS 2 in this environment: {error}') from error
    return ImageListener(topic)
