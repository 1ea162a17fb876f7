"""Trains a policy to imitate an Animator: pairs of a picture and the control values that made it.

A data folder holds metadata.jsonl (lines with file_name and ctrl_value) and pictures, as X2C does
and `ros_animate collect` makes them. RUN receives weights/ (for --param policy.weights=…),
last.ckpt, log.csv, event files for TensorBoard and curves.png. Under torchrun the batch is shared
by all GPUs.
"""
from __future__ import annotations

import argparse

from ros_animate.commands.retarget import positive

HELP = 'train a policy by imitation'
EXAMPLES = """\
examples:
  ros_animate collect --robot mock --count 20000 --output data/mock
  ros_animate train policy --policy bc_z --data data/mock --output runs/bc_z --steps 5000
  ros_animate train policy --policy bc_z --data data/mock --output runs/bc_z --steps 5000 --resume
  ros_animate train policy --policy x2cnet --data X2C data/mock --weights-of-folders 0.8 0.2 \\
      --output runs/x2cnet --set learning_rate=5e-4 --set image_size=160
  torchrun --nproc-per-node 4 -m ros_animate train policy --policy x2cnet --data X2C \\
      --output runs/x2cnet"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='WHAT', required=True)
    policy = actions.add_parser('policy', help='a learned policy', description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    policy.add_argument('--policy', metavar='NAME', required=True,
                        help='x2cnet, bc_z, motion_mlp, or another learned policy')
    policy.add_argument('--data', metavar='DIR', nargs='+', required=True,
                        help='folders of pairs')
    policy.add_argument('--weights-of-folders', metavar='W', nargs='+', type=positive(float), help=(
        'part of each folder in the batches (default: by the number of its pairs)'))
    policy.add_argument('--output', metavar='RUN', required=True, help='folder of the run')
    policy.add_argument('--robot', metavar='NAME', default='mock', help=(
        'whose controls these are (default: %(default)s)'))
    policy.add_argument('--steps', metavar='N', type=positive(int), default=5000,
                        help='in all (default: %(default)s)')
    policy.add_argument('--batch-size', metavar='B', type=positive(int), default=64,
                        help='pairs a step, over all processes (default: %(default)s)')
    policy.add_argument('--resume', action='store_true', help='go on from the last checkpoint')
    policy.add_argument('--init', metavar='WEIGHTS', help='weights to begin with')
    policy.add_argument('--set', metavar='KEY=VALUE', action='append', default=[], help=(
        'an option of the training or of the network (docs/training.md); may be repeated'))
    policy.add_argument('--quiet', action='store_true', help='no progress, no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.training.run import Wishes, train
    train(Wishes(
        policy=args.policy, data=tuple(args.data), output=args.output, robot=args.robot,
        weights_of_folders=tuple(args.weights_of_folders or ()), steps=args.steps,
        batch_size=args.batch_size, resume=args.resume, init=args.init or '',
        settings=tuple(args.set), quiet=args.quiet))
    return 0
