"""Trains a policy by imitation, or the networks of an animator by self-supervision.

See `ros_animate train policy --help` and `ros_animate train animation --help`, and for trainings
whose model, data, options and time are in a file `ros_animate train recipe --help`.
"""
from __future__ import annotations

import argparse
from typing import Any

from ros_animate.commands.arguments import add_animator, add_robot, positive
from ros_animate.training.core.recipe import overridden, recipe_names

HELP = 'train a policy by imitation, or the networks of an animator'
POLICY = """\
Trains a policy to imitate an animation artist, from pairs of an image of the robot and the control
values that it shows.

A data folder holds metadata.jsonl (lines with file_name and ctrl_value) and images, in the layout
of X2C and of `ros_animate collect`. RUN receives weights/ (for --param policy.weights=…),
last.ckpt, log.csv, event files for TensorBoard and curves.png. Under torchrun the batch is shared
by all GPUs."""
ANIMATION = """\
Trains the networks of an animator on videos, without labels: from two frames of a clip they learn
to generate the second one (driving) from the first (source) by keypoints that they learn.

--data is 'synthetic' (faces of random people, rendered during the training; no files are needed),
folders of videos or of frames, or sets of `ros_animate prepare`, also at addresses (https://…,
s3://BUCKET/…), from which they are read as they are needed. RUN receives weights/ (for
`ros_animate animate --weights`), samples/ (held-out pairs: source, driving, target, result, flow,
occlusion), last.ckpt, log.csv, event files for TensorBoard and curves.png. A run that was stopped
or killed goes on with --resume and ends with the same weights. Under torchrun the batch is shared
by all GPUs.

The variant small (128 px) takes one or two hours on two CPU cores; the published variants
(`ros_animate weights list`, config/models) need a GPU. Losses and schedules are those of the papers
unless --set changes them; docs/training.md explains the options."""
RECIPE = """\
Trains by a recipe: a file with model, data, options, time, and the result to expect.

{names} come with the package (config/recipes); a file of your own is named by its path.
docs/training.md explains the keys. The file is checked before anything begins. Options given here
replace those of the recipe. Pairs that a recipe collects for a policy are kept in RUN/pairs. The
rest of RUN is as for `ros_animate train policy` and `ros_animate train animation`."""
EXAMPLES = """\
examples:
  ros_animate collect --robot mock --count 20000 --output data/mock
  ros_animate train policy --policy bc_z --data data/mock --output runs/bc_z --steps 5000
  ros_animate train policy --policy bc_z --data data/mock --output runs/bc_z --steps 5000 --resume
  ros_animate train policy --policy x2cnet --data X2C data/mock --weights-of-folders 0.8 0.2 \\
      --output runs/x2cnet --set learning_rate=5e-4 --set image_size=160
  torchrun --nproc-per-node 4 -m ros_animate train policy --policy x2cnet --data X2C \\
      --output runs/x2cnet
  ros_animate train animation --animator fomm --data synthetic --output runs/fomm
  ros_animate animate --animator fomm --weights runs/fomm/weights --source robot.png \\
      --driving face.mp4 --output output/fomm.mp4
  ros_animate train recipe fomm_256 --output runs/fomm_256
  ros_animate train recipe bc_z_224 --output runs/bc_z_224 --minutes 20 --set learning_rate=5e-4"""
# Options that replace a key of the recipe.
REPLACING = ('data', 'minutes', 'variant', 'robot', 'weights_of_folders', 'batch_size')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='WHAT', required=True)
    _add_policy(actions)
    _add_animation(actions)
    _add_recipe(actions)


def _add_policy(actions: Any) -> None:
    policy = actions.add_parser('policy', help='a learned policy', description=POLICY,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    policy.set_defaults(train=_train_policy)
    policy.add_argument('--policy', metavar='NAME', required=True,
                        help='x2cnet, bc_z, motion_mlp, or another learned policy')
    policy.add_argument('--data', metavar='DIR', nargs='+', required=True,
                        help='folders of pairs')
    policy.add_argument('--weights-of-folders', metavar='W', nargs='+', type=positive(float), help=(
        'share of each folder in the batches (default: by the number of its pairs)'))
    add_robot(policy, 'robot that the control values are for')
    policy.add_argument('--batch-size', metavar='B', type=positive(int), default=64,
                        help='pairs a step, over all processes (default: %(default)s)')
    _add_common(policy, steps=5000)


def _add_animation(actions: Any) -> None:
    animation = actions.add_parser(
        'animation', help='the networks of an animator', description=ANIMATION,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    animation.set_defaults(train=_train_animation)
    add_animator(animation, 'monkey_net, x2face, fomm, face_vid2vid, live_portrait or '
                 'warp_guided', '--model', required=True)
    animation.add_argument('--variant', metavar='NAME', default='small', help=(
        'sizes of the networks, config/models/FAMILY_NAME.yaml (default: %(default)s)'))
    animation.add_argument('--data', metavar='DATA', nargs='+', required=True,
                           help="'synthetic', folders of videos or of frames, or sets of "
                           '`ros_animate prepare`, also at http and s3 addresses')
    _add_common(animation, steps=20000)


def _add_recipe(actions: Any) -> None:
    names = recipe_names()
    recipe = actions.add_parser('recipe', help='what a recipe says: ' + ', '.join(names),
                                description=RECIPE.format(names=', '.join(names)),
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    recipe.set_defaults(train=_train_recipe)
    recipe.add_argument('recipe', metavar='NAME|FILE',
                        help=f'{", ".join(names)}, or the path of a .yaml file')
    recipe.add_argument('--data', metavar='DATA', nargs='+', help=(
        "folders, or 'synthetic', in the place of the recipe's data"))
    recipe.add_argument('--variant', metavar='NAME', help='sizes of the networks (animation)')
    recipe.add_argument('--robot', metavar='NAME', help='robot of the control values (policy)')
    recipe.add_argument('--weights-of-folders', metavar='W', nargs='+', type=positive(float),
                        help='share of each folder in the batches (policy)')
    recipe.add_argument('--batch-size', metavar='B', type=positive(int),
                        help='pairs a step (policy; animation: --set batch_size=B)')
    _add_common(recipe, steps=None)


def _add_common(parser: argparse.ArgumentParser, steps: int | None) -> None:
    parser.add_argument('--output', metavar='RUN', required=True, help='folder of the run')
    parser.add_argument('--steps', metavar='N', type=positive(int), default=steps, help=(
        'steps of the whole run (default: %(default)s)' if steps else
        "so many steps, not the recipe's minutes"))
    parser.add_argument('--minutes', metavar='M', type=positive(float), help=(
        'as many steps as fit into this time on this machine, preparations included; learning '
        'rates follow, so that the training is complete when the time is over'))
    parser.add_argument('--resume', action='store_true', help='go on from the last checkpoint')
    parser.add_argument('--init', metavar='WEIGHTS', help='weights to start with')
    parser.add_argument('--set', metavar='KEY=VALUE', action='append', default=[], help=(
        'an option of the training, its data, or the network (docs/training.md); may be repeated'))
    parser.add_argument('--quiet', action='store_true', help='no progress, no summary')


def run(args: argparse.Namespace) -> int:
    args.train(args)
    return 0


def _train_policy(args: argparse.Namespace) -> None:
    from ros_animate.training.policy.request import TrainingRequest
    from ros_animate.training.policy.run import train
    train(TrainingRequest(
        policy=args.policy, data=tuple(args.data), output=args.output, robot=args.robot,
        weights_of_folders=tuple(args.weights_of_folders or ()), steps=args.steps,
        minutes=args.minutes, batch_size=args.batch_size, resume=args.resume, init=args.init or '',
        settings=tuple(args.set), quiet=args.quiet))


def _train_animation(args: argparse.Namespace) -> None:
    from ros_animate.training.animation.request import TrainingRequest
    from ros_animate.training.animation.run import train
    train(TrainingRequest(
        model=args.animator, data=tuple(args.data), output=args.output, variant=args.variant,
        steps=args.steps, minutes=args.minutes, resume=args.resume, init=args.init or '',
        settings=tuple(args.set), quiet=args.quiet))


def _train_recipe(args: argparse.Namespace) -> None:
    from ros_animate.training.recipes import RunOptions, read_recipe, train_recipe
    given = {key: getattr(args, key) for key in REPLACING if getattr(args, key) is not None}
    given |= {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    recipe = overridden(read_recipe(args.recipe), given, args.set)
    if not args.quiet:
        print(f'recipe for {recipe.machine or "any machine"}; expected: {recipe.expected}',
              flush=True)
    train_recipe(recipe, RunOptions(args.output, args.steps if args.minutes is None else None,
                                    args.resume, args.init or '', args.quiet), tuple(args.set))
