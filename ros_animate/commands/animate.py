"""Animates an image with the motion of the face in a video, or of a motion template.

The networks need weights (`ros_animate weights list`); mesh_warp needs none. A driving frame
without a face repeats the image before. The sound of the driving video is kept.
"""
from __future__ import annotations

import argparse
import contextlib
import pathlib
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ros_animate.commands.animator_switches import switch_options
from ros_animate.commands.arguments import (
    add_animator,
    add_neutral,
    add_param,
    add_weights,
    neutral_choice,
    positive,
)

if TYPE_CHECKING:
    from ros_animate.animation.base import Animator
    from ros_animate.offline.driving import Driving, ShowProgress
    from ros_animate.settings import Settings
    from ros_animate.types import Image

HELP = 'animate an image with the motion of the face in a video'
EXAMPLES = """\
examples:
  ros_animate animate --animator live_portrait --weights liveportrait/ \\
      --source portrait.jpg --driving face.mp4 --output animated.mp4 --paste-back
  ros_animate animate --animator live_portrait --source portrait.jpg --driving wink.pkl \\
      --output wink.mp4 --region eyes
  ros_animate animate --animator fomm --source portrait.jpg --driving face.mp4 \\
      --output side.mp4 --side-by-side --best-frame
  ros_animate animate --animator mesh_warp --source a.jpg b.jpg c.jpg --driving face.mp4 \\
      --grid grid.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    inputs = parser.add_argument_group('input')
    add_animator(inputs, 'mesh_warp, warp_guided, monkey_net, x2face, fomm, face_vid2vid, '
                 'live_portrait, or another one (`ros_animate plugins list animation`)', '--model',
                 required=True)
    add_weights(inputs)
    inputs.add_argument('--source', metavar='IMAGE', required=True, nargs='+',
                        help='image to animate; several for --grid')
    inputs.add_argument('--driving', metavar='VIDEO|TEMPLATE', required=True, help=(
        'video, folder of images, or motion template of LivePortrait (.pkl)'))
    inputs.add_argument('--limit', type=positive(int), metavar='N', help='only the first N frames')
    outputs = parser.add_argument_group('output')
    outputs.add_argument('--output', metavar='FILE', help='video of the animated image, an .mp4')
    outputs.add_argument('--side-by-side', action='store_true',
                         help='driving video, source and animation beside each other')
    outputs.add_argument('--grid', metavar='FILE', help=(
        'image with every source (rows) animated by frames spread over the clip (columns)'))
    outputs.add_argument('--columns', type=positive(int), metavar='N', default=6,
                         help='columns of the grid (default: 6)')
    outputs.add_argument('--save-motion', metavar='FILE', help=(
        'write the driving motion as a motion template (live_portrait)'))
    outputs.add_argument('--quiet', action='store_true', help='no progress bar')
    _add_motion_options(parser.add_argument_group('motion', (
        'Of these, mesh_warp takes --relative, --absolute and --best-frame; the other animators '
        'take all that do not name one.')))


def _add_motion_options(group: Any) -> None:
    transfer = group.add_mutually_exclusive_group()
    transfer.add_argument('--relative', dest='relative', action='store_true', default=None,
                          help='transfer the change since the reference frame (default)')
    transfer.add_argument('--absolute', dest='relative', action='store_false', default=None,
                          help='transfer the driving motion unchanged')
    group.add_argument('--best-frame', action='store_true', help=(
        'take the driving frame that is most similar to the source as reference, not the first'))
    add_neutral(group)
    group.add_argument('--region', metavar='NAME', help=(
        'part of the motion: all, exp, pose, lip or eyes (live_portrait)'))
    group.add_argument('--multiplier', type=float, metavar='X',
                       help='factor of the whole motion (live_portrait)')
    group.add_argument('--crop', action=argparse.BooleanOptionalAction, default=None, help=(
        'find and crop the faces (default); else use the middle square of both images'))
    group.add_argument('--paste-back', action='store_true', default=None,
                       help='paste the animated square back into the whole image')
    add_param(group, 'another option of the animator or extractor, e.g. '
                     'animation.eye_retargeting=true (`ros_animate plugins show animation NAME`)')


def run(args: argparse.Namespace) -> int:
    _check_request(args)
    settings = _settings(args)
    _check_outputs(args, settings)
    from ros_animate.animation.source_image import read_source_image
    from ros_animate.interrupts import DeferredSignals
    from ros_animate.offline import animate
    sources = [read_source_image(path) for path in args.source]
    animator: Animator = settings.load('animation')
    motions = None
    with contextlib.ExitStack() as stack:
        progress = _progress(args.quiet, stack.enter_context(DeferredSignals()).check)
        driving = _driving(args, settings, animator.extractor, sources[0], progress, stack)
        if args.grid:
            animate.write_grid(animator, sources, driving, args.grid, args.columns)
        if args.output:
            motions = animate.write_video(animator, sources[0], driving, args.output, progress,
                                          args.side_by_side)
            _add_sound(args, driving)
        if args.save_motion:
            motions = motions or animate.find_motions(driving, progress)
            animate.write_motion(motions, driving.fps, args.save_motion)
    return 0


def _check_request(args: argparse.Namespace) -> None:
    from ros_animate.errors import UserError
    if not (args.output or args.grid or args.save_motion):
        raise UserError('nothing to make: give --output, --grid or --save-motion')
    if len(args.source) > 1 and args.output:
        raise UserError('give one --source for an --output; several are for a --grid')
    if args.output and not args.output.lower().endswith('.mp4'):
        raise UserError(f'--output is an .mp4, not {args.output}')


def _is_template(name: str) -> bool:
    return name.lower().endswith('.pkl')


def _check_template(args: argparse.Namespace, extractor: str) -> None:
    """Raises UserError if a motion template is to drive what it cannot."""
    from ros_animate.errors import UserError
    if _is_template(args.driving) and extractor != 'live_portrait':
        raise UserError(f'{args.driving} is a motion template: it drives live_portrait, not '
                        f'{args.animator} (--animator live_portrait)')
    if _is_template(args.driving) and args.best_frame:
        raise UserError('--best-frame needs a driving video: a template shows no face')
    if args.neutral_frame or args.neutral_image:
        if _is_template(args.driving):
            raise UserError('--neutral-frame and --neutral-image need a driving video')
        if args.best_frame:
            raise UserError('give --best-frame or a neutral face: each sets the reference')


def _check_outputs(args: argparse.Namespace, settings: Settings) -> None:
    """Replaces the names of the outputs by checked paths; raises UserError."""
    from ros_animate.images import check_image_suffix
    from ros_animate.outputs.paths import input_files, output_file, refuse_overwriting_inputs
    if args.grid:
        check_image_suffix(args.grid)
    for name in ('output', 'grid', 'save_motion'):
        if getattr(args, name):
            setattr(args, name, output_file(getattr(args, name)))
    refuse_overwriting_inputs(
        filter(None, (args.output, args.grid, args.save_motion)),
        [*args.source, *input_files(args.driving), *filter(None, [args.neutral_image]),
         *settings.input_paths()])


def _settings(args: argparse.Namespace) -> Settings:
    """Settings of the animator, and of the extractor whose motion it understands."""
    from ros_animate.plugins import find
    from ros_animate.settings import load_settings
    options = switch_options(args)
    shared = {name: options[name] for name in ('crop', 'weights') if name in options}
    extractor = find('animation', args.animator).extractor  # type: ignore[attr-defined]
    _check_template(args, extractor)
    settings = load_settings((), args.param, motion={'plugin': extractor, **shared},
                             animation={'plugin': args.animator, **options})
    settings.check(('animation', 'motion'))
    return settings


def _driving(args: argparse.Namespace, settings: Settings, extractor: str, source: Image,
             progress: ShowProgress, stack: contextlib.ExitStack) -> Driving:
    """The driving motion; a video is scanned for faces in advance if that is needed."""
    from ros_animate.errors import UserError
    from ros_animate.face.finder import find_face
    from ros_animate.offline.driving import TemplateDriving, VideoDriving
    if _is_template(args.driving):
        return TemplateDriving(pathlib.Path(args.driving).expanduser(), args.limit)
    motion_extractor = settings.load('motion')
    stack.callback(motion_extractor.close)
    driving = VideoDriving(args.driving, motion_extractor, args.limit)
    face = find_face(source, search_squares=False) if args.best_frame else None
    if args.best_frame and face is None:
        raise UserError(f'--best-frame: no face found in {args.source[0]}')
    if args.best_frame or (args.crop is not False and extractor == args.animator):
        driving.scan_faces(face, progress)
    driving.take_neutral(neutral_choice(args))
    return driving


def _progress(quiet: bool, check: Callable[[], None]) -> ShowProgress:
    """Shows progress; calls `check`, which may end the work, after each item."""
    from ros_animate.outputs.progress import Progress

    def show(iterable: Iterable, total: int | None, doing: str) -> Iterable:
        for item in Progress(doing, total, 'frame', quiet=quiet).each(iterable):
            yield item
            check()
    return show


def _add_sound(args: argparse.Namespace, driving: Driving) -> None:
    from ros_animate.outputs.audio import NoAudioError, has_audio, keep_audio
    if driving.video is None or not has_audio(driving.video):
        return
    try:
        keep_audio(args.output, driving.video)
    except NoAudioError as error:
        print(f'{args.output} is silent: {error}', file=sys.stderr)
