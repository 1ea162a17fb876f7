"""Measures the learned parts: a policy on pairs, an animator on clips.

`ros_animate evaluate policy --help` and `ros_animate evaluate animation --help` tell more.
"""
from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ros_animate.commands.retarget import positive

if TYPE_CHECKING:
    from ros_animate.evaluation.animation.measurement import Evaluation, Tools
    from ros_animate.evaluation.animation.methods import AnimatorPerformer
    from ros_animate.evaluation.animation.tasks import Task

HELP = 'measure a policy on pairs, or an animator on clips'
POLICY = """\
Compares what a policy says about pictures with the control values that made them.

The error is X2CNet's: the mean over controls of the distance after each range is scaled to
[-1, 1]; the gaze is left out where both upper lids are below 0. --output receives report.json,
worst.png (picture, wanted and got face) and controls.png."""
ANIMATION = """\
Animates clips and measures what comes out, beside the source picture repeated.

Protocols: reconstruction (every clip is made again of its first frame: L1, AKD, MKR, AED, error of
the head's angles), transfer (every clip drives another one's first frame: no true frames, so AED is
to the source), imitation (synthetic data alone: another person makes the same moves, so the truth
is known). Always: correlation of expression and head, jitter, Frechet distances, frames a second.
AKD and MKR are by the face tracker, in pixels. docs/evaluating_animation.md defines every measure.
--output receives report.json, samples.png and figures.png."""
EXAMPLES = """\
examples:
  ros_animate evaluate policy --policy bc_z --data data/unseen
  ros_animate evaluate policy --policy x2cnet --data X2C --weights x2control.pth \\
      --output output/x2cnet
  ros_animate evaluate animation --model fomm --data synthetic --peers mesh_warp --table
  ros_animate evaluate animation --model monkey_net --weights runs/monkey_net/weights \\
      --data taichi/ --dataset taichi --table --output output/monkey_net"""
PROTOCOLS = ('reconstruction', 'transfer', 'imitation')
PLAIN_SIZE = 128  # pixels, for animators without a size of their own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='WHAT', required=True)
    _add_policy(actions)
    _add_animation(actions)


def _add_policy(actions: Any) -> None:
    policy = actions.add_parser('policy', help='any policy', description=POLICY,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    policy.set_defaults(evaluate=_evaluate_policy)
    policy.add_argument('--policy', metavar='NAME', required=True, help='plug-in of the policy')
    policy.add_argument('--data', metavar='DIR', nargs='+', required=True,
                        help='folders of pairs')
    policy.add_argument('--robot', metavar='NAME', default='mock', help=(
        'whose controls these are (default: %(default)s)'))
    policy.add_argument('--held-back', metavar='SHARE', type=positive(float), help=(
        'only the pairs that training with validation=SHARE holds back'))
    policy.add_argument('--limit', metavar='N', type=positive(int), help='only the first N pairs')
    _add_common(policy, 'POLICY', 'policy')


def _add_animation(actions: Any) -> None:
    animation = actions.add_parser('animation', help='any animator', description=ANIMATION,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    animation.set_defaults(evaluate=_evaluate_animation)
    animation.add_argument('--model', metavar='NAME', required=True, help=(
        'the animator: fomm, monkey_net, … or mesh_warp'))
    animation.add_argument('--peers', metavar='NAME', nargs='+', default=[], help=(
        'other animators on the same clips, with their defaults'))
    animation.add_argument('--data', metavar='DATA', nargs='+', required=True, help=(
        "'synthetic' (people that no training sees), or folders as for training"))
    animation.add_argument('--split', choices=('held_out', 'train'), default='held_out', help=(
        'which of their clips (default: %(default)s)'))
    animation.add_argument('--protocol', choices=PROTOCOLS, default=PROTOCOLS[0],
                           help='what drives what (default: %(default)s)')
    animation.add_argument('--clips', metavar='N', type=positive(int), help='only the first N')
    animation.add_argument('--frames', metavar='N', type=positive(int),
                           help='only the first N of each clip')
    animation.add_argument('--size', metavar='N', type=positive(int), help=(
        "side in pixels of what is compared (default: the network's own)"))
    animation.add_argument('--dataset', metavar='NAME', help=(
        "print the papers' figures for this data set too: taichi, nemo, bair"))
    animation.add_argument('--table', action='store_true', help="a table like the papers'")
    _add_tools(animation)
    _add_common(animation, 'ANIMATION', 'animator')


def _add_tools(animation: argparse.ArgumentParser) -> None:
    tools = animation.add_argument_group('what measures; package.module:Name of your own')
    tools.add_argument('--identity', metavar='NAME', default='face_texture', help=(
        'the embedding of AED (default: %(default)s)'))
    tools.add_argument('--features', metavar='NAME', default='picture_statistics', help=(
        'of pictures, for the Frechet distance (default: %(default)s)'))
    tools.add_argument('--video-features', metavar='NAME', default='video_statistics', help=(
        'of videos (default: %(default)s)'))


def _add_common(parser: argparse.ArgumentParser, stage: str, what: str) -> None:
    parser.add_argument('--weights', metavar='PATH', help=(
        'checkpoint, a file or a folder (default: looked for, see `ros_animate weights list`)'))
    parser.add_argument('--output', metavar='DIR', help='folder for report and pictures')
    parser.add_argument('--param', metavar=f'{stage}.KEY=VALUE', action='append', default=[],
                        help=f'another option of the {what}')
    parser.add_argument('--json', action='store_true', help='print the report as JSON')


def run(args: argparse.Namespace) -> int:
    args.evaluate(args)
    return 0


def _evaluate_policy(args: argparse.Namespace) -> None:
    import json

    from ros_animate.evaluation.policy import evaluate
    from ros_animate.outputs.report import write_report
    from ros_animate.outputs.run_files import make_folder
    from ros_animate.plugins import find
    from ros_animate.policy.learned import LearnedOptions
    from ros_animate.settings import load_settings
    from ros_animate.training.core.pair_folder import is_held_back, read_folder
    section = {'plugin': args.policy, **({'weights': args.weights} if args.weights else {})}
    chosen: Any = find('policy', args.policy)
    if issubclass(chosen.Config, LearnedOptions):
        section['own_strength'] = False  # it is for people, not for the robot's own face
    settings = load_settings((), args.param, robot=args.robot, policy=section)
    settings.check(('policy',))
    pairs = [p for path in args.data for p in read_folder(path, settings.spec).pairs
             if args.held_back is None or is_held_back(p, args.held_back)]
    result = evaluate(settings.load('policy'), pairs[:args.limit], settings.spec, args.json)
    if args.output:
        from ros_animate.evaluation.policy_figures import draw_controls, draw_worst
        folder = make_folder(args.output)
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

    from ros_animate.evaluation.animation.clips import Clips
    from ros_animate.evaluation.animation.measurement import evaluate
    from ros_animate.evaluation.animation.methods import StillPerformer
    from ros_animate.evaluation.animation.published import published_for
    from ros_animate.outputs.run_files import make_folder
    folder = make_folder(args.output) if args.output else None
    tools, published = _tools(args), published_for(args.dataset) if args.dataset else None
    with contextlib.ExitStack() as stack:
        performers = _performers(args)
        for performer in performers:
            stack.callback(performer.close)
        clips = Clips(tuple(args.data), args.size or performers[0].size or PLAIN_SIZE, args.split,
                      args.clips, args.frames)
        result = evaluate([*performers, StillPerformer()],
                          _progress(clips.tasks(args.protocol), args.json), tools)
    report = _report(args, result)
    if folder:
        from ros_animate.evaluation.animation.figures import draw_chart, draw_samples
        from ros_animate.outputs.report import write_report
        write_report(folder / 'report.json', report)
        draw_samples(result, folder / 'samples.png')
        draw_chart({p.name: p.values for p in result.performers}, folder / 'figures.png')
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        from ros_animate.evaluation.animation.table import summary, table
        print(table(result, args.protocol, published) if args.table else summary(result))


def _performers(args: argparse.Namespace) -> list[AnimatorPerformer]:
    """The model, then its peers, in the model's size."""
    from ros_animate.evaluation.animation.methods import AnimatorPerformer
    from ros_animate.settings import load_settings
    given = {'plugin': args.model, **({'weights': args.weights} if args.weights else {})}
    settings = load_settings((), args.param, animation=given)
    settings.check(('animation',))
    same_face = args.protocol == 'reconstruction'
    model = AnimatorPerformer(args.model, settings.options('animation'),
                              args.size or PLAIN_SIZE, same_face)
    size = args.size or model.size or PLAIN_SIZE
    return [model, *(AnimatorPerformer(name, {}, size, same_face) for name in args.peers)]


def _tools(args: argparse.Namespace) -> Tools:
    from ros_animate.evaluation.animation import features, identity
    from ros_animate.evaluation.animation.measurement import Tools
    from ros_animate.evaluation.animation.user_metric import choose
    return Tools(
        choose(args.identity, {'face_texture': identity.FaceTexture()}, '--identity'),
        choose(args.features, {'picture_statistics': features.picture_statistics}, '--features'),
        choose(args.video_features, {'video_statistics': features.video_statistics},
               '--video-features'))


def _report(args: argparse.Namespace, result: Evaluation) -> dict[str, Any]:
    from ros_animate.outputs.machine import machine
    chosen = {key: getattr(args, key) for key in (
        'model', 'data', 'split', 'protocol', 'identity', 'features', 'video_features')}
    return {**chosen, **result.figures(), 'machine': machine()}


def _progress(tasks: Iterable[Task], quiet: bool) -> Iterable[Task]:
    from tqdm import tqdm
    return tqdm(tasks, unit=' clips', dynamic_ncols=True, disable=quiet or None)
