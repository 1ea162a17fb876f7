"""Turns recorded control values into a trajectory that keeps every limit of the robot.

IN.csv holds `stamp_s` and every control of the robot, in its units, one row per target; OUT.csv
holds the same columns at a fixed rate. Each row arrives at its stamp and goes through the smoother
and the safety layer. The trajectory starts at neutral, holds and goes to neutral in gaps, and ends
at rest. Rows that are not finite or not in order are refused.
"""
from __future__ import annotations

import argparse
import pathlib

from ros_animate.commands.arguments import add_param, add_robot, plugin_section

HELP = 'make a safe trajectory of recorded control values (CSV to CSV)'
EXAMPLES = """\
examples:
  ros_animate smooth controls.csv smooth.csv --robot ameca --rate 200
  ros_animate smooth controls.csv smooth.csv --smoother one_euro --param smoothing.cutoff_hz=2"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('input', type=pathlib.Path, metavar='IN.csv')
    parser.add_argument('output', type=pathlib.Path, metavar='OUT.csv')
    add_robot(parser)
    parser.add_argument('--rate', type=float, default=60.0, metavar='HZ',
                        help='samples a second (default: 60)')
    parser.add_argument('--smoother', metavar='NAME', help='plug-in (default: bezier)')
    add_param(parser, 'an option of the smoother (smoothing) or the safety layer (hardware)')


def run(args: argparse.Namespace) -> int:
    from ros_animate.evaluation.smoothing_stream import (
        check_rate,
        read_stream,
        smooth_stream,
        write_stream,
    )
    from ros_animate.hardware.safety import Safety
    from ros_animate.outputs.paths import output_file, refuse_overwriting_inputs
    from ros_animate.settings import load_settings

    output = output_file(args.output)
    settings = load_settings(params=args.param, robot=args.robot,
                             smoothing=plugin_section(args.smoother))
    spec, smoother = settings.spec, settings.load('smoothing')
    safety = Safety(settings.safety, spec)
    check_rate(args.rate, safety)
    refuse_overwriting_inputs([output], [args.input, *settings.input_paths()])
    stream = read_stream(args.input, spec)
    rows = write_stream(output, spec, smooth_stream(stream, spec, smoother, safety, args.rate))
    refused = sum(n for key, n in safety.counts.items() if key.startswith('refused'))
    print(f'{len(stream.stamps_s)} targets ({smoother.dropped} refused by the smoother, {refused} '
          f'samples by the safety layer), {rows} samples: {output}')
    return 0
