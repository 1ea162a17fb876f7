"""A robot imitates the face that a camera or a video shows.

Without --offline the stages run as ROS nodes in real time; with it they run here, without ROS,
over every frame, and give the same result in every run. --output receives driving.mp4,
animated.mp4, robot.mp4, side_by_side.mp4, controls.csv, controls.png and report.json.
"""
from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ros_animate.settings import RunOptions, Settings

HELP = 'a robot imitates the face in a camera or a video'
EXAMPLES = """\
examples:
  ros_animate retarget --source demo --duration 20 --output output/demo
  ros_animate retarget --source face.mp4 --offline --output output/face
  ros_animate retarget --source /dev/video2 --robot ameca_zmq \\
      --param hardware.address=tcp://*:6666
  ros_animate retarget --source topic:/usb_cam/image_raw --processes --record output/bag"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_argument_group('source')
    source.add_argument('--source', metavar='SOURCE', help=(
        'demo, device, device:N, /dev/videoN, a video file, a folder or pattern of pictures, '
        'topic:/NAME, or a camera plug-in (default: the first camera)'))
    source.add_argument('--loop', action='store_true', help='start a file over at its end')
    source.add_argument('--limit', type=positive(int), metavar='N', help='end after N frames')
    source.add_argument('--duration', type=positive(float), metavar='S',
                        help='end after S seconds (offline: of the source)')
    _add_choices(parser.add_argument_group('what runs'))
    run = parser.add_argument_group('how')
    run.add_argument('--output', metavar='DIR', help='folder for the files of the run')
    way = run.add_mutually_exclusive_group()
    way.add_argument('--offline', action='store_true',
                     help='without ROS, every frame, as fast as it goes')
    way.add_argument('--processes', action='store_true', help='one process for each node')
    run.add_argument('--record', metavar='BAG', help='record the topics of the run (live)')
    run.add_argument('--quiet', action='store_true', help='no progress, no summary')


def _add_choices(group: Any) -> None:
    group.add_argument('--robot', metavar='NAME', help=(
        'a robot (`ros_animate robots list`) or the path of a robot file (default: mock)'))
    group.add_argument('--path', metavar='WAY', help=(
        "from a person's motion to control values: features (the motion itself) or image (the "
        'animated portrait); chooses the usual policy of that way'))
    for stage, option in (('policy', '--policy'), ('animation', '--animator'),
                          ('motion', '--motion')):
        group.add_argument(option, metavar='NAME', help=f'plug-in of the stage {stage}')
    group.add_argument('--portrait', metavar='IMAGE',
                       help="the picture to animate (default: the robot's own virtual face)")
    group.add_argument('--mirror', action='store_true', default=None,
                       help='move as the mirror image would')
    group.add_argument('--config', metavar='FILE', action='append', default=[],
                       help='YAML like config/retarget.yaml; may be repeated, later ones win')
    group.add_argument('--param', metavar='STAGE.KEY=VALUE', action='append', default=[],
                       help='one option; may be repeated; wins over --config')


def run(args: argparse.Namespace) -> int:
    from ros_animate.configuration import ConfigurationError
    if args.offline and not args.output:
        raise ConfigurationError('--offline makes files: give a folder with --output')
    if args.offline and args.record:
        raise ConfigurationError('--record makes a bag of ROS topics: leave out --offline')
    settings = make_settings(args)
    options = make_run_options(args)
    if args.offline:
        from ros_animate.offline.retarget import run as run_offline
        return run_offline(settings, options)
    from ros_animate.runtime.live import run as run_live
    return run_live(settings, options)


def make_settings(args: argparse.Namespace) -> Settings:
    """The checked settings that the arguments ask for; raises UserError."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.plugins import STAGES
    from ros_animate.policy.paths import policy_of_path
    from ros_animate.settings import load_settings
    policy = policy_of_path(args.path or '', args.policy or '')
    settings = load_settings(
        args.config, args.param, robot=args.robot, mirror=args.mirror, portrait=args.portrait,
        camera=_camera_section(args), policy=_section(policy),
        animation=_section(args.animator), motion=_section(args.motion))
    is_topic = settings.plugin('camera') == 'topic'
    if is_topic and args.offline:
        raise ConfigurationError('a topic is read through ROS: leave out --offline')
    settings.check([stage for stage in STAGES if not (is_topic and stage == 'camera')],
                   node_options=not args.offline)
    if args.loop:
        settings = _looped(settings)
    return settings


def make_run_options(args: argparse.Namespace) -> RunOptions:
    """How to run; makes the output folder."""
    import pathlib

    from ros_animate.outputs.run_files import make_folder
    from ros_animate.settings import RunOptions
    return RunOptions(
        output=make_folder(args.output) if args.output else None, limit=args.limit,
        duration_s=args.duration, processes=args.processes, quiet=args.quiet,
        record=pathlib.Path(args.record).expanduser() if args.record else None)


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """An argument type: a number > 0."""
    def parse(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float('inf'):
            raise argparse.ArgumentTypeError(f'must be > 0, got {text}')
        return value
    parse.__name__ = kind.__name__  # named in the error for what is no number
    return parse


def _section(plugin: str | None) -> dict[str, Any] | None:
    return {'plugin': plugin} if plugin else None


def _camera_section(args: argparse.Namespace) -> dict[str, Any] | None:
    from ros_animate.camera.resolve import resolve
    if args.source is None:
        return None
    plugin, options = resolve(args.source)
    return {'plugin': plugin, **options}


def _looped(settings: Settings) -> Settings:
    from ros_animate.configuration import ConfigurationError
    from ros_animate.plugins import find
    name = settings.plugin('camera')
    config: Any = find('camera', name)
    if 'loop' not in {field.name for field in dataclasses.fields(config.Config)}:
        raise ConfigurationError(f'--loop: the source {name} has no end')
    camera = {**settings.stages['camera'], 'loop': True}
    return dataclasses.replace(settings, stages={**settings.stages, 'camera': camera})
