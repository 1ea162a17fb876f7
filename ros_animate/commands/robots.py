"""Robots: lists and describes them, writes and checks robot files, moves one control by hand."""
from __future__ import annotations

import argparse
import json
import pathlib
import sys
from typing import Any

from ros_animate.commands.arguments import add_param, add_robot, plugin_section
from ros_animate.documents import read_text
from ros_animate.errors import ExitStatus, shown

HELP = 'list, show, write, check, plot, model and move robots'
EXAMPLES = """\
examples:
  ros_animate robots list
  ros_animate robots show ameca
  ros_animate robots new my_head --joints "Pan,Tilt,Jaw,Brow Left,Brow Right" --output my_head.yaml
  ros_animate robots new my_ameca --like ameca --output my_ameca.yaml
  ros_animate robots check my_head.yaml
  ros_animate robots urdf ameca --output ameca_description
  ros_animate robots jog ameca_zmq 'Jaw Pitch' 0.5
  ros_animate robots plot controls.csv --robot ameca --output plot.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='ACTION', required=True)
    listing = actions.add_parser('list', help='descriptions and hardware plug-ins')
    listing.set_defaults(action=_list)
    show = actions.add_parser('show', help='controls, ranges and limits of a robot')
    show.add_argument('name', help='name or robot file')
    show.add_argument('--json', action='store_true', help='for programs')
    show.set_defaults(action=_show)
    _add_new(actions)
    check = actions.add_parser('check', help='every mistake in a robot file, with its line')
    check.add_argument('name', help='name or robot file')
    check.set_defaults(action=_check)
    _add_jog(actions)
    _add_urdf(actions)
    plot = actions.add_parser('plot', help='plot recorded targets, the trajectory and the limits')
    plot.add_argument('input', type=pathlib.Path, metavar='IN.csv',
                      help='recorded control values, as for `smooth`')
    add_robot(plot)
    plot.add_argument('--control', action='append', metavar='NAME',
                      help='may be given several times (default: those that move most)')
    plot.add_argument('--smoother', metavar='NAME', help='plug-in (default: bezier)')
    plot.add_argument('--rate', type=float, default=200.0, metavar='HZ')
    plot.add_argument('--output', type=pathlib.Path, default=pathlib.Path('trajectory.png'))
    plot.set_defaults(action=_plot)


def _add_new(actions: Any) -> None:
    new = actions.add_parser('new', help='write a commented robot file for a robot', description=(
        'Writes a robot file with rig and virtual face, as far as the names of the joints tell '
        'them: pan, tilt and roll of head, neck or eyes, jaw, smile, lip, brow, lid, cheek, nose; '
        'left and right. What it guesses is to be checked: docs/bring_your_own_robot.md.'))
    new.add_argument('name', help='name of the robot')
    origin = new.add_mutually_exclusive_group(required=True)
    origin.add_argument('--joints', metavar='A,B,…', help="names in the robot's index order")
    origin.add_argument('--like', metavar='ROBOT', help='a copy of the file of this robot')
    new.add_argument('--output', type=pathlib.Path, required=True, metavar='FILE',
                     help='the robot file, a .yaml; an existing one is not overwritten')
    new.set_defaults(action=_new)


def _add_urdf(actions: Any) -> None:
    urdf = actions.add_parser(
        'urdf', help='write a URDF with the meshes of the virtual face', description=(
            'Writes NAME.urdf and a folder of meshes. Joints have the names and values of '
            'joint_states: docs/ros.md#tf-and-a-robot-model.'))
    urdf.add_argument('name', help='name or robot file')
    urdf.add_argument('--output', type=pathlib.Path, required=True, metavar='DIR', help='folder')
    urdf.add_argument('--meshes', metavar='URI', help=(
        'where viewers find the meshes, e.g. package://my_robot/meshes (default: the folder)'))
    urdf.set_defaults(action=_urdf)


def _add_jog(actions: Any) -> None:
    jog = actions.add_parser(
        'jog', help='move one control, slowly and within all limits, and hold it')
    jog.add_argument('name', help='name or robot file')
    jog.add_argument('control')
    jog.add_argument('value', type=float, help="in the robot's unit")
    jog.add_argument('--hold', type=float, default=2.0, metavar='S',
                     help='seconds at the value before neutral (default: 2)')
    add_param(jog, 'an option of the hardware plug-in', 'hardware')
    jog.set_defaults(action=_jog)


def run(args: argparse.Namespace) -> int:
    return int(args.action(args))


def _list(args: argparse.Namespace) -> int:
    from ros_animate.plugins import available
    from ros_animate.robot.descriptions import DEFAULT_DESCRIPTION, descriptions, load_spec
    print('descriptions (config/robots):')
    for name in descriptions():
        spec = load_spec(name)
        print(f'  {name:<18}{len(spec.controls)} controls, driven by {spec.transport}: '
              f'{spec.title}')
    print(f'hardware plug-ins (named alone, they drive {DEFAULT_DESCRIPTION}):')
    for name in available('hardware'):
        print(f'  {name}')
    return 0


def _show(args: argparse.Namespace) -> int:
    from ros_animate.robot.descriptions import load_spec
    spec = load_spec(args.name)
    if args.json:
        print(json.dumps(_as_mapping(spec), indent=2, ensure_ascii=False))
        return 0
    print(f'{spec.name}: {spec.title}\ndriven by {spec.transport}\n')
    width = max(len(name) for name in spec.names)
    print(f'{"control":<{width}}  {"unit":<4}{"min":>8}{"max":>8}{"neutral":>9}{"velocity":>10}'
          f'{"acceleration":>14}  group')
    for c in spec.controls:
        print(f'{c.name:<{width}}  {c.unit:<4}{c.low:8g}{c.high:8g}{c.neutral:9g}'
              f'{c.max_velocity:10g}{c.max_acceleration:14g}  {c.group}')
    for limit in spec.coupled:
        terms = ' + '.join(f'{weight:g} {name}' for name, weight in limit.limiting)
        points = ' '.join(f'({x:g}, {y:g})' for x, y in limit.points)
        print(f'{limit.side} limit of {limit.limited} by {terms}: {points}')
    return 0


def _as_mapping(spec: Any) -> dict[str, Any]:
    return {
        'name': spec.name, 'title': spec.title, 'transport': spec.transport,
        'controls': [{
            'name': c.name, 'joint': c.joint, 'group': c.group, 'unit': c.unit, 'min': c.low,
            'max': c.high, 'neutral': c.neutral, 'park': c.park, 'max_velocity': c.max_velocity,
            'max_acceleration': c.max_acceleration} for c in spec.controls],
        'coupled': [{
            'limiting': dict(limit.limiting), 'limited': limit.limited, 'side': limit.side,
            'map': limit.points} for limit in spec.coupled]}


def _new(args: argparse.Namespace) -> int:
    from ros_animate.configuration import ConfigurationError
    from ros_animate.files import write_atomically
    from ros_animate.robot.reader import read_spec
    path = args.output.expanduser()
    if path.suffix not in ('.yaml', '.yml'):
        raise ConfigurationError(f'--output is a .yaml, not {shown(str(args.output))}')
    if path.exists():
        raise ConfigurationError(f'{path} exists already: give another --output, or remove it')
    write_atomically(path, _new_text(args))
    spec = read_spec(path)
    print(f'{path}: {spec.name}, {len(spec.controls)} controls. Next: ros_animate robots check '
          f'{path}')
    return 0


def _new_text(args: argparse.Namespace) -> str:
    """Text of the new robot's file."""
    from ros_animate.robot.descriptions import description_file
    from ros_animate.robot.new_robot import renamed_file, robot_file, unknown_joints
    if args.like is not None:
        file, _ = description_file(args.like)
        return renamed_file(read_text(file), args.name)
    joints = [joint.strip() for joint in args.joints.split(',')]
    text = robot_file(args.name, joints)
    unknown = unknown_joints(joints)
    if unknown:
        print('nothing moves ' + ', '.join(unknown) + ': their names tell nothing; complete their '
              'rows in `rig` and `face`', file=sys.stderr)
    return text


def _check(args: argparse.Namespace) -> int:
    from ros_animate.robot.descriptions import description_file
    from ros_animate.robot.reader import check_spec
    file, _ = description_file(args.name)
    spec, mistakes = check_spec(file, sections=True)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    if spec is None:
        print(f'{file}: {len(mistakes)} mistake{"s" if len(mistakes) != 1 else ""}',
              file=sys.stderr)
        return ExitStatus.FAILURE
    print(f'{file}: {spec.name}, {len(spec.controls)} controls, {len(spec.coupled)} coupled '
          'limits, no mistakes')
    idle = [name for name in spec.names if not spec.rig.get('controls', {}).get(name)]
    if idle and spec.rig:
        print(f'the rig moves all but {", ".join(idle)}')
    return 0


def _urdf(args: argparse.Namespace) -> int:
    from ros_animate.files import locked_folder
    from ros_animate.outputs.paths import make_folder
    from ros_animate.robot.descriptions import load_spec
    from ros_animate.robot.urdf_meshes import write_description
    spec = load_spec(args.name)
    folder = make_folder(args.output)
    with locked_folder(folder, 'description'):
        path, bent = write_description(spec, folder, args.meshes)
    print(f'{path}: {len(spec.controls)} controls, meshes in {path.parent / "meshes"}')
    if bent:
        print(f'the model follows {", ".join(bent)} at neutral only: a joint of a URDF is linear, '
              'and their map in `face` is bent', file=sys.stderr)
    return 0


def _jog(args: argparse.Namespace) -> int:
    from ros_animate.hardware.jog import jog
    from ros_animate.settings import load_settings
    settings = load_settings(params=args.param, robot=args.name)
    reached = jog(settings.load('hardware'), settings.spec, args.control, args.value, args.hold)
    print(f'{args.control} was at {reached:g} and is neutral again')
    return 0


def _plot(args: argparse.Namespace) -> int:
    from ros_animate.evaluation.smoothing_plot import plot_trajectory
    from ros_animate.evaluation.smoothing_stream import check_rate, read_stream
    from ros_animate.hardware.safety import Safety
    from ros_animate.outputs.paths import output_file, refuse_overwriting_inputs
    from ros_animate.outputs.plots import check_figure_suffix
    from ros_animate.settings import load_settings
    settings = load_settings(robot=args.robot, smoothing=plugin_section(args.smoother))
    output = output_file(args.output)
    check_figure_suffix(output)
    refuse_overwriting_inputs([output], [args.input, *settings.input_paths()])
    safety = Safety(settings.safety, settings.spec)
    check_rate(args.rate, safety)
    stream = read_stream(args.input, settings.spec)
    plot_trajectory(stream, settings.spec, settings.load('smoothing'), safety, args.rate,
                    output, args.control)
    print(output)
    return 0
