"""Compares what a policy says about pictures with the control values that made them.

The error is X2CNet's: the mean over controls of the distance after each range is scaled to
[-1, 1]; the gaze is left out where both upper lids are below 0. --output receives report.json,
worst.png (picture, wanted and got face) and controls.png.
"""
from __future__ import annotations

import argparse

from ros_animate.commands.retarget import positive

HELP = 'measure a policy on pairs of picture and control values'
EXAMPLES = """\
examples:
  ros_animate evaluate policy --policy bc_z --data data/unseen
  ros_animate evaluate policy --policy x2cnet --data X2C --weights x2control.pth \\
      --output output/x2cnet"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='WHAT', required=True)
    policy = actions.add_parser('policy', help='any policy', description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    policy.add_argument('--policy', metavar='NAME', required=True, help='plug-in of the policy')
    policy.add_argument('--data', metavar='DIR', nargs='+', required=True,
                        help='folders of pairs')
    policy.add_argument('--weights', metavar='PATH', help=(
        'checkpoint, a file or a folder (default: looked for, see `ros_animate weights list`)'))
    policy.add_argument('--robot', metavar='NAME', default='mock', help=(
        'whose controls these are (default: %(default)s)'))
    policy.add_argument('--held-back', metavar='SHARE', type=positive(float), help=(
        'only the pairs that training with validation=SHARE holds back'))
    policy.add_argument('--limit', metavar='N', type=positive(int), help='only the first N pairs')
    policy.add_argument('--output', metavar='DIR', help='folder for report and pictures')
    policy.add_argument('--param', metavar='POLICY.KEY=VALUE', action='append', default=[],
                        help='another option of the policy')
    policy.add_argument('--json', action='store_true', help='print the report as JSON')


def run(args: argparse.Namespace) -> int:
    import json

    from ros_animate.evaluation.outputs import make_folder
    from ros_animate.evaluation.policy import evaluate
    from ros_animate.evaluation.report import write_report
    from ros_animate.settings import load_settings
    from ros_animate.training.folder import is_held_back, read_folder
    section = {'plugin': args.policy, **({'weights': args.weights} if args.weights else {})}
    settings = load_settings((), args.param, robot=args.robot, policy=section)
    settings.check(('policy',))
    pairs = [p for path in args.data for p in read_folder(path, settings.spec).pairs
             if args.held_back is None or is_held_back(p, args.held_back)]
    result = evaluate(settings.load('policy'), pairs[:args.limit], settings.spec, args.json)
    if args.output:
        from ros_animate.evaluation.policy_pictures import draw_controls, draw_worst
        folder = make_folder(args.output)
        write_report(folder / 'report.json', result.figures())
        draw_worst(result, settings.spec, folder / 'worst.png')
        draw_controls(result.error, settings.spec, folder / 'controls.png')
    print(json.dumps(result.figures(), indent=2) if args.json else _summary(result.figures()))
    return 0


def _summary(figures: dict) -> str:
    groups = ', '.join(f'{name} {value}' for name, value in figures['groups'].items())
    skipped = [f'{figures[key]} {key}' for key in ('unreadable', 'faceless') if figures[key]]
    return (f'error {figures["mae"]} over {figures["pairs"]} pairs ({groups}), '
            f'{figures["ms_per_image"]} ms an image'
            + (f'; skipped: {", ".join(skipped)}' if skipped else ''))
