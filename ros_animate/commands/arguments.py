"""Argument types and options that several verbs share."""
from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ros_animate.workers import Workers


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """An argument type: a finite number > 0 of a kind, int or float."""
    return _checked(kind, lambda value: 0 < value < float('inf'), '> 0')


def between(kind: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    """An argument type: a number of a kind, int or float, from `low` to `high`."""
    return _checked(kind, lambda value: low <= value <= high, f'{low} to {high}')


def at_least(kind: Callable[[str], Any], low: float) -> Callable[[str], Any]:
    """An argument type: a number of a kind, int or float, that is `low` or more."""
    return _checked(kind, lambda value: value >= low, f'>= {low}')


def _checked(kind: Callable[[str], Any], is_right: Callable[[Any], bool],
             bounds: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = kind(text)
        if not is_right(value):
            raise argparse.ArgumentTypeError(f'must be {bounds}, got {text}')
        return value
    parse.__name__ = kind.__name__  # argparse names it if the text is not a number
    return parse


def add_param(parser: Any, help: str, stage: str = 'STAGE') -> None:
    """Adds --param, an option of a plug-in; `args.param` is a list of texts."""
    parser.add_argument('--param', metavar=f'{stage}.KEY=VALUE', action='append', default=[],
                        help=help)


def add_animator(parser: Any, help: str, former: str, *, required: bool = False) -> None:
    """Adds --animator, the name of an animator.

    Args:
        parser: The verb's parser, or a group of it.
        help: Explanation of the option.
        former: Name of the option in earlier versions, which is still understood.
        required: True if it must be given.
    """
    parser.add_argument('--animator', former, dest='animator', metavar='NAME', required=required,
                        help=f'{help} ({former} is its former name)')


def add_robot(parser: Any, help: str = 'name or robot file') -> None:
    """Adds --robot, whose default is the virtual Ameca in every verb."""
    parser.add_argument('--robot', metavar='NAME', default='mock',
                        help=f'{help} (default: mock, the virtual Ameca)')


def add_weights(parser: Any) -> None:
    """Adds --weights, a checkpoint."""
    parser.add_argument('--weights', metavar='PATH', help=(
        'checkpoint, a file or a folder (default: searched for, see `ros_animate weights list`)'))


def add_workers(parser: Any, default: str = 'one for each core') -> None:
    """Adds --workers and --cluster."""
    parser.add_argument('--workers', type=positive(int), metavar='W', help=(
        f'number of processes (default: {default}); with --cluster: most items at a time (default: '
        'one for each of its cores)'))
    parser.add_argument('--cluster', metavar='WHERE', help=(
        "compute on a Ray cluster: local (started here), auto (this machine's) or HOST:PORT; all "
        'nodes must see inputs and output at the same paths (docs/scaling.md)'))


def chosen_workers(args: argparse.Namespace, default: int | None = None) -> Workers:
    """The workers of the arguments of `add_workers`; raises UserError if Ray is not installed.

    Args:
        args: The arguments.
        default: Number of processes without --workers; None for one for each core.
    """
    if args.cluster is None:
        return int(args.workers or default or len(os.sched_getaffinity(0)))
    from ros_animate.cluster import Cluster
    from ros_animate.optional_packages import require
    require('ray')
    return Cluster(args.cluster, args.workers)


def plugin_section(name: str | None, **options: Any) -> dict[str, Any] | None:
    """Section of a stage in the settings; None if no plug-in is named.

    Args:
        name: Name of the plug-in.
        options: Options of the plug-in; those that are None or '' are left out.
    """
    if not name:
        return None
    return {'plugin': name, **{k: v for k, v in options.items() if v not in (None, '')}}


def add_pipeline(parser: Any) -> None:
    """Adds --namespace and --timeout, for verbs that talk to a running pipeline."""
    parser.add_argument('--namespace', metavar='NAME', default='',
                        help='namespace of the pipeline (default: none)')
    parser.add_argument('--timeout', type=positive(float), metavar='S', default=5.0,
                        help='longest wait for the pipeline (default: %(default)g s)')


def add_neutral(group: Any) -> None:
    """Adds --neutral-frame and --neutral-image, for runs over a recording."""
    neutral = group.add_mutually_exclusive_group()
    neutral.add_argument('--neutral-frame', metavar='N|SECONDS', help=(
        'the frame that shows the neutral face: its index (90) or its time (1.5 or 3s)'))
    neutral.add_argument('--neutral-image', metavar='FILE',
                         help="image of the person's neutral face")


def neutral_choice(args: argparse.Namespace) -> Any:
    """The NeutralChoice of the arguments; raises UserError."""
    import pathlib

    from ros_animate.errors import UserError
    from ros_animate.offline.neutral import NeutralChoice, parse_neutral_frame
    if args.neutral_image is not None:
        return NeutralChoice(image=pathlib.Path(args.neutral_image).expanduser())
    if args.neutral_frame is None:
        return NeutralChoice()
    try:
        return parse_neutral_frame(args.neutral_frame)
    except ValueError as error:
        raise UserError('--neutral-frame: expected the index of a frame (90) or a time in seconds '
                        f'(1.5 or 3s), got {args.neutral_frame[:40]!r}') from error


def trigger_services(args: argparse.Namespace, services: Sequence[str]) -> int:
    """Calls services of a running pipeline and prints their answers; the exit status.

    Args:
        args: With the arguments of `add_pipeline`.
        services: Names relative to the namespace of the pipeline, of type std_srvs/Trigger.
    """
    from ros_animate.nodes.pipeline_client import PipelineClient  # needs ROS
    with PipelineClient(args.namespace, args.timeout) as client:
        for line in client.trigger(services):
            print(line)
    return 0
