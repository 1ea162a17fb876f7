"""Shows a running pipeline in the browser, and steers it from there.

The page is served at 127.0.0.1, for this machine alone. At another --host everything needs the
token that is printed with the address. Closing the page or ending the dashboard changes nothing for
the robot.
"""
from __future__ import annotations

import argparse
import pathlib

from ros_animate.commands.arguments import between

HELP = 'show and steer a running pipeline in the browser'
EXAMPLES = """\
examples:
  ros_animate dashboard
  ros_animate dashboard --namespace left --port 8090
  ros_animate dashboard --host 0.0.0.0"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--namespace', metavar='NAME', default='',
                        help='namespace of the pipeline (default: none)')
    parser.add_argument('--host', metavar='ADDRESS', default='127.0.0.1', help=(
        'address to listen at; any other than the default needs a token (default: %(default)s)'))
    parser.add_argument('--folder', metavar='DIR', default='output', help=(
        'folder of runs to look at and of recorded bags (default: %(default)s)'))
    parser.add_argument('--port', type=between(int, 1, 65535), metavar='N', default=None,
                        help='port (default: the first free one from 8080)')


def run(args: argparse.Namespace) -> int:
    from ros_animate.runtime.dashboard import serve_dashboard
    return serve_dashboard(args.namespace, args.host, args.port or 0,
                           pathlib.Path(args.folder).expanduser())
