"""Makes a robot imitate the face in a camera or a video.

Without --offline the stages run as ROS nodes in real time. With it they run in this process without
ROS, over every frame, with the same result in every run. --output receives driving.mp4,
animated.mp4, robot.mp4, side_by_side.mp4, controls.csv, controls.png and report.json
(docs/run_files.md), or those that --files names.
"""
from __future__ import annotations

import argparse
import dataclasses
import functools
import os
import pathlib
from typing import TYPE_CHECKING, Any

from ros_animate.commands.arguments import (
    add_neutral,
    add_param,
    add_workers,
    chosen_workers,
    neutral_choice,
    plugin_section,
    positive,
)
from ros_animate.commands.share_arguments import add_share, make_share

if TYPE_CHECKING:
    from ros_animate.settings import RunOptions, Settings

HELP = 'make a robot imitate the face in a camera or a video'
EXAMPLES = """\
examples:
  ros_animate retarget --source demo --duration 20 --output output/demo
  ros_animate retarget --source face.mp4 --offline --output output/face
  ros_animate retarget --source /dev/video2 --robot ameca_zmq \\
      --param hardware.address=tcp://*:6666
  ros_animate retarget --source face.mp4 --offline --output controls.csv
  ros_animate retarget --offline --sources videos --files csv --output output/videos --workers 8
  ros_animate retarget --source topic:/usb_cam/image_raw --processes --record output/bag"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_argument_group('source')
    source.add_argument('--source', metavar='SOURCE', help=(
        'demo, device, device:N, /dev/videoN, a video file, a folder or pattern of images, '
        'topic:/NAME, rtsp://…, http://…, udp://…, live_link_face:, ifacialmocap:PHONE, '
        'facemotion3d:PHONE, vmc:PORT, take.csv, or a camera plug-in (default: the first camera)'))
    source.add_argument('--sources', metavar='PLACE', nargs='+', help=(
        'many sources (offline): files, folders of videos, lists (.txt, one place in each line); '
        'each gets a folder of its own in --output'))
    source.add_argument('--loop', action='store_true', help='repeat a video or images endlessly')
    source.add_argument('--limit', type=positive(int), metavar='N', help='stop after N frames')
    source.add_argument('--duration', type=positive(float), metavar='S',
                        help='stop after S seconds (offline: of the source)')
    add_stage_options(parser.add_argument_group('stages'))
    run = parser.add_argument_group('run')
    run.add_argument('--output', metavar='DIR', help=(
        'folder for the files of the run; or a .csv, for the table of the controls alone'))
    run.add_argument('--files', metavar='A,B,…', help=(
        'only these files: driving, animated, robot, side_by_side (videos), csv, plot, report'))
    mode = run.add_mutually_exclusive_group()
    mode.add_argument('--offline', action='store_true',
                      help='without ROS, every frame, as fast as possible')
    mode.add_argument('--processes', action='store_true', help='one process for each node')
    run.add_argument('--record', metavar='BAG', help=(
        "record all topics of the run but the robot's image (live)"))
    run.add_argument('--dashboard', action='store_true', help=(
        'show and steer the run in the browser (live); prints the address'))
    run.add_argument('--rerun', metavar='FILE.rrd', nargs='?', const='', help=(
        'write images, landmarks, blendshapes, controls and latency for Rerun (live); without a '
        'file: show them in its viewer'))
    add_neutral(run)
    add_workers(parser.add_argument_group('many sources'))
    add_share(parser)
    run.add_argument('--namespace', metavar='NAME', default='', help=(
        'namespace of the nodes and topics (live), for a second pipeline in a ROS domain'))
    run.add_argument('--quiet', action='store_true', help='no progress and no summary')


def add_stage_options(group: Any) -> None:
    """Adds the options that select robot, plug-ins and their options."""
    group.add_argument('--robot', metavar='NAME', help=(
        'name of a robot (`ros_animate robots list`) or path of a robot file (default: mock)'))
    group.add_argument('--path', metavar='WAY', help=(
        'observation of the policy: features (the motion itself) or image (the animated '
        'portrait); selects the default policy for it'))
    for stage, option in (('policy', '--policy'), ('animation', '--animator'),
                          ('motion', '--motion')):
        group.add_argument(option, metavar='NAME', help=f'plug-in of the stage {stage}')
    group.add_argument('--portrait', metavar='IMAGE',
                       help="image to animate (default: the robot's own virtual face)")
    group.add_argument('--mirror', action='store_true', default=None,
                       help="move as the person's mirror image")
    group.add_argument('--config', metavar='FILE', action='append', default=[],
                       help='YAML like config/retarget.yaml; may be repeated, later ones win')
    add_param(group, 'one option; may be repeated; wins over --config')


def run(args: argparse.Namespace) -> int:
    from ros_animate.configuration import ConfigurationError
    if args.offline and args.output is None:
        raise ConfigurationError('--offline makes files: give a folder with --output')
    if args.offline and args.record:
        raise ConfigurationError('--record makes a bag of ROS topics: leave out --offline')
    if args.offline and args.namespace:
        raise ConfigurationError('--namespace is one of ROS nodes: leave out --offline')
    if args.offline and (args.dashboard or args.rerun is not None):
        raise ConfigurationError('--dashboard and --rerun show ROS nodes: leave out --offline')
    if not args.offline and (args.neutral_frame or args.neutral_image):
        raise ConfigurationError('--neutral-frame and --neutral-image are for --offline; in a live '
                                 'run call `ros_animate calibrate-neutral`')
    if args.sources is not None:
        return _run_batch(args)
    if args.workers or args.cluster:
        raise ConfigurationError('--workers and --cluster are for many sources (--offline '
                                 '--sources)')
    neutral = neutral_choice(args)
    settings = make_settings(args)
    options = make_run_options(args, settings)
    if args.offline:
        from ros_animate.offline.retarget import run as run_offline
        return run_offline(settings, options, neutral)
    from ros_animate.runtime.live import run as run_live
    return run_live(settings, options)


def _run_batch(args: argparse.Namespace) -> int:
    """Retargets many sources; returns the exit status."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.offline.batch import Batch, run_batch
    from ros_animate.offline.sources import find_sources
    from ros_animate.outputs.file_names import FILES
    from ros_animate.outputs.paths import expand
    from ros_animate.settings import RunOptions
    for name in ('source', 'loop', 'record_take'):
        if getattr(args, name):
            raise ConfigurationError(f'--{name.replace("_", "-")} is for one source: leave out '
                                     '--sources')
    if not args.offline:
        raise ConfigurationError('--sources needs --offline')
    folder, files = _output_files(args)
    if folder is None or files[0] not in FILES:
        raise ConfigurationError('--sources needs a folder: give one with --output')
    options = RunOptions(files=files, limit=args.limit, duration_s=args.duration, quiet=args.quiet)
    return run_batch(Batch(
        expand(folder), find_sources(args.sources), functools.partial(_settings_of, args), options,
        neutral_choice(args), _description(args, files), chosen_workers(args)))


def _settings_of(args: argparse.Namespace, source: str) -> Settings:
    """The checked settings for one of many sources."""
    return make_settings(argparse.Namespace(**{**vars(args), 'source': source}))


def _description(args: argparse.Namespace, files: tuple[str, ...]) -> dict[str, Any]:
    """Arguments that the results of a batch depend on."""
    names = ('robot', 'path', 'policy', 'animator', 'motion', 'portrait', 'mirror', 'config',
             'param', 'limit', 'duration', 'neutral_frame', 'neutral_image')
    return {'files': list(files), **{name: getattr(args, name) for name in names}}


def make_settings(args: argparse.Namespace) -> Settings:
    """The settings for the arguments, checked; raises UserError."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.plugins import STAGES
    from ros_animate.runtime.launch_plan import is_shown, stages_left_out
    from ros_animate.settings import load_settings
    settings = load_settings(
        args.config, args.param, robot=args.robot, mirror=args.mirror, portrait=args.portrait,
        **{**stage_sections(args), **_source_sections(args)})
    if args.neutral_image is not None and settings.has_motion_source:
        raise ConfigurationError('--neutral-image is for a camera: leave it out, or choose a frame '
                                 'of the take (--neutral-frame)')
    left_out = stages_left_out(settings)
    if 'camera' in left_out and args.offline and not settings.has_motion_source:
        raise ConfigurationError('a topic is read through ROS: leave out --offline')
    if not is_shown(settings) and args.output is not None:
        raise ConfigurationError(f'the motion {settings.plugin("motion")} comes without images for '
                                 'the files of --output: leave it out, or record a bag (--record)')
    settings.check([stage for stage in STAGES if stage not in left_out],
                   node_options=not args.offline)
    return _looped(settings) if args.loop else settings


def stage_sections(args: argparse.Namespace) -> dict[str, Any]:
    """Sections of the stages whose plug-ins the arguments of `add_stage_options` name."""
    from ros_animate.policy.paths import policy_of_path
    policy = policy_of_path(args.path or '', args.policy or '')
    return {'policy': plugin_section(policy), 'animation': plugin_section(args.animator),
            'motion': plugin_section(args.motion)}


def make_run_options(args: argparse.Namespace, settings: Settings) -> RunOptions:
    """The options of the run; makes the output folder and checks all outputs."""
    from ros_animate.outputs.paths import input_files, output_folder
    from ros_animate.ros_names import full_namespace
    from ros_animate.settings import RunOptions
    folder, files = _output_files(args)
    output = None
    if folder is not None:
        camera = settings.options('camera').get('path', '')
        output = output_folder(folder, files, (
            *args.config, *filter(None, [args.neutral_image]), *settings.input_paths(),
            *(input_files(camera) if camera else ())))
    return RunOptions(output=output, files=files, limit=args.limit, duration_s=args.duration,
                      processes=args.processes, quiet=args.quiet, record=_new_bag(args.record),
                      namespace=full_namespace(args.namespace), dashboard=args.dashboard,
                      rerun=None if args.rerun is None else _rerun_file(args.rerun),
                      share=make_share(args, settings.input_paths()))


def _output_files(args: argparse.Namespace) -> tuple[str | None, tuple[str, ...]]:
    """Folder of the outputs, None for no outputs, and the names of the files in it."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.outputs.file_names import FILES, selected_files
    if args.files is not None and args.output is None:
        raise ConfigurationError('--files selects files of --output: give a folder')
    if args.output is not None and args.output.lower().endswith('.csv') and not (
            os.path.isdir(args.output)):
        if args.files is not None:
            raise ConfigurationError(f'--files selects files of a folder: {args.output} is one '
                                     'file')
        folder, name = os.path.split(args.output)
        return folder or '.', (name,)
    return args.output, FILES if args.files is None else selected_files(args.files)


def _rerun_file(path: str) -> str:
    """The file for Rerun, '' for its viewer; raises UserError if it cannot be made."""
    from ros_animate.outputs.paths import expand, make_folder
    if not path:
        return ''
    file = expand(path)
    make_folder(file.parent)
    return str(file)


def _new_bag(path: str | None) -> pathlib.Path | None:
    """Folder of the bag; raises UserError if it exists or cannot be made."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.outputs.paths import expand, make_folder
    if path is None:
        return None
    bag = expand(path)
    if bag.exists() or bag.is_symlink():
        raise ConfigurationError(f'the bag {bag} exists already; choose another name')
    make_folder(bag).rmdir()
    return bag


def _source_sections(args: argparse.Namespace) -> dict[str, Any]:
    """Section of the camera, or of the motion where it comes without one."""
    from ros_animate.configuration import ConfigurationError
    from ros_animate.runtime.source_sections import motion_mistake, source_sections
    if args.source is None:
        return {}
    sections = source_sections(args.source)
    if mistake := motion_mistake(sections, args.motion):
        raise ConfigurationError(mistake)
    return sections


def _looped(settings: Settings) -> Settings:
    from ros_animate.configuration import ConfigurationError
    from ros_animate.plugins import find
    stage = 'motion' if settings.has_motion_source else 'camera'
    name = settings.plugin(stage)
    config: Any = find(stage, name)
    if 'loop' not in {field.name for field in dataclasses.fields(config.Config)}:
        raise ConfigurationError(f'--loop: the source {name} has no end')
    section = {**settings.stages[stage], 'loop': True}
    return dataclasses.replace(settings, stages={**settings.stages, stage: section})
