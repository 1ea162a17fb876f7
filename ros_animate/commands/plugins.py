"""Lists the plug-ins of the six stages and their options."""
from __future__ import annotations

import argparse
import dataclasses
import inspect
import pathlib
from typing import Any

from ros_animate.errors import cut

HELP = 'list the plug-ins of each stage and their options'
EXAMPLES = """\
examples:
  ros_animate plugins list
  ros_animate plugins list camera
  ros_animate plugins show smoothing bezier"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar='ACTION', required=True)
    listing = actions.add_parser('list', help='list them by stage, a line each')
    listing.add_argument('stage', nargs='?', help='only this stage')
    listing.set_defaults(action=_list)
    show = actions.add_parser('show', help='describe a plug-in and its options')
    show.add_argument('stage')
    show.add_argument('name')
    show.set_defaults(action=_show)


def run(args: argparse.Namespace) -> int:
    args.action(args)
    return 0


def _list(args: argparse.Namespace) -> None:
    from ros_animate import plugins
    for stage in [args.stage] if args.stage else plugins.STAGES:
        print(f'{stage}:')
        for name in plugins.available(stage):
            print(f'  {name:<18}{_summary(stage, name)}'.rstrip())


def _summary(stage: str, name: str) -> str:
    """First line of a plug-in's documentation.

    Our own plug-ins are read, not imported: that takes seconds, and some need ROS.
    """
    import ast
    import importlib.util

    from ros_animate import plugins
    for package in plugins.PACKAGES[stage]:
        spec = importlib.util.find_spec(f'ros_animate.{package}.{name}')
        if spec is not None and spec.origin:
            text = ast.get_docstring(ast.parse(pathlib.Path(spec.origin).read_text('utf-8')))
            return (text or '').partition('\n')[0]
    try:
        text = inspect.getdoc(plugins.find(stage, name))
    except Exception as error:  # a plug-in of another package, which may fail in any way
        text = f'cannot be loaded: {cut(str(error))}'
    return (text or '').partition('\n')[0]


def _show(args: argparse.Namespace) -> None:
    from ros_animate import plugins
    cls: Any = plugins.find(args.stage, args.name)
    print(inspect.getdoc(cls))
    for field in dataclasses.fields(cls.Config):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        print(f'\n  {args.stage}.{field.name} = {default!r}{_bounds(field.metadata)}')
        print(f'      {field.metadata.get("help", "")}')


def _bounds(metadata: Any) -> str:
    low, high, choices = (metadata.get(key) for key in ('low', 'high', 'choices'))
    if choices:
        return f'  ({", ".join(map(str, choices))})'
    if low is None and high is None:
        return ''
    return f'  ({"-inf" if low is None else low} to {"inf" if high is None else high})'
