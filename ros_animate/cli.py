"""The command line `ros_animate <verb>`: runs the verb's module in `commands/`, prints errors.

The exit statuses are those of `errors.ExitStatus`.
"""
from __future__ import annotations

import argparse
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ros_animate import commands
from ros_animate.errors import ExitStatus, UserError
from ros_animate.files import NO_ROOM, WriteError
from ros_animate.interrupts import unwind_on_signals
from ros_animate.memory import keep_freed_memory
from ros_animate.optional_packages import missing_packages_explained

PROGRAM = 'ros_animate'
# OpenCV and FFmpeg would print lines about a broken video, which our error explains better.
# OpenBLAS makes small products twice as slow with several threads; the stages have one thread each.
# OpenMP threads of torch that spin while they wait make a network 40 times slower on shared cores.
LIBRARIES = {'OPENCV_LOG_LEVEL': 'SILENT', 'OPENCV_FFMPEG_LOGLEVEL': '-8',
             'OPENBLAS_NUM_THREADS': '1', 'OMP_WAIT_POLICY': 'PASSIVE'}
# Modules of commands/ that verbs share.
NOT_VERBS = ('animator_switches', 'arguments', 'share_arguments')
EXAMPLES = """\
examples:
  ros_animate retarget --source demo --output output/demo
      a virtual Ameca imitates an animated face; no camera and no robot needed
  ros_animate retarget --source device --robot mock
      live, from the first camera, through ROS
  ros_animate retarget --source face.mp4 --output output/face --offline
      every frame of a video, without ROS, the same result each time
  ros_animate plugins list
      the plug-ins of each stage"""


class Parser(argparse.ArgumentParser):
    """Prints a mistake in one line that starts with the program's name."""

    def error(self, message: str) -> NoReturn:
        self.exit(ExitStatus.USER_ERROR, f'{PROGRAM}: error: {message} (see {self.prog} --help)\n')


class _ShowVersion(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from ros_animate.version import version
        print(PROGRAM, version())
        parser.exit()


def verbs() -> list[str]:
    """Names of the verbs, sorted."""
    return sorted(m.name.replace('_', '-') for m in pkgutil.iter_modules(commands.__path__)
                  if m.name not in NOT_VERBS)


def make_parser(names: Sequence[str]) -> Parser:
    """A parser of the verbs `names`; imports their modules."""
    parser = Parser(prog=PROGRAM, description='A robot face imitates a human face, live.',
                    epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action=_ShowVersion, nargs=0, help='print the version')
    subparsers = parser.add_subparsers(metavar='VERB', required=True)
    for name in names:
        module: Any = importlib.import_module(
            f'ros_animate.commands.{name.replace("-", "_")}')
        subparser = subparsers.add_parser(
            name, help=module.HELP, description=module.__doc__,
            epilog=getattr(module, 'EXAMPLES', None),
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    for name, value in LIBRARIES.items():
        os.environ.setdefault(name, value)
    keep_freed_memory()
    arguments = list(sys.argv[1:] if argv is None else argv)
    known = verbs()
    selected = [arguments[0]] if arguments and arguments[0] in known else known
    parser = make_parser(selected)
    if not arguments:
        parser.print_help()
        return 0
    args = parser.parse_args(arguments)
    unwind_on_signals()
    # A name that is not UTF-8 is printed as it is.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='surrogateescape')
    try:
        with missing_packages_explained():
            status = int(args.run(args))
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f'{PROGRAM}: error: {error}', file=sys.stderr)
        return ExitStatus.USER_ERROR
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has left; Python would complain again when it flushes at exit.
        _drop_output()
        return ExitStatus.BROKEN_PIPE
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _drop_output()
        print(f'{PROGRAM}: error: {WriteError(error.filename or "the output", error)}',
              file=sys.stderr)
        return ExitStatus.USER_ERROR


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
