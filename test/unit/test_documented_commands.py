"""Every `ros_animate …` and `make …` of the documents and the help texts is one that exists."""
from __future__ import annotations

import argparse
import contextlib
import io
import pathlib
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from ros_animate import cli

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'examples' / 'README.md',
             *sorted((ROOT / 'docs').glob('*.md'))]
# Environment variables, a path and what starts Python may stand before the name.
PROGRAM = re.compile(r'(?:\w+=\S* +)*(?:\S*/)?(?:python\S* .*-m +|torchrun .*-m +)?(?:\S+/)?'
                     r'(ros_animate|make)(?: +(?P<rest>.*))?$')
OMISSION = re.compile(r'…|\.\.\.')
# `N`, `DIR`, `BAG.mcap`, `<file>`: something that the reader fills in.
PLACEHOLDER = re.compile(r'<.*>|[A-Z][A-Z_]*\w?(\.\w+)?')


class Command(NamedTuple):
    """A command line in a document.

    Attributes:
        place: File and line, or the command whose help shows it.
        text: The command line, on one line.
        complete: False if arguments may be left out, as in a sentence about a verb.
    """

    place: str
    text: str
    complete: bool


def joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) of a text; lines that end with a backslash continue in the next one."""
    number, begun = 0, ''
    for at, line in enumerate(text.split('\n'), 1):
        number = number if begun else at
        begun += line.strip() if begun else line
        if begun.endswith('\\'):
            begun = begun[:-1].rstrip() + ' '
            continue
        yield number, begun
        begun = ''


def markdown_code(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line number, code, True if it stands in a code block) of a document."""
    fenced = False
    for number, line in joined_lines(text):
        if line.lstrip().startswith('```'):
            fenced = not fenced
        elif fenced or line.startswith('    '):
            yield number, line.strip(), True
    # Inline code may go on in the next line of its paragraph.
    blank = re.sub(r'^(\s*```.*?^\s*```| {4}[^\n]*)$', lambda m: '\n' * m[0].count('\n'), text,
                   flags=re.MULTILINE | re.DOTALL)
    for match in re.finditer(r'`([^`]+)`', blank):
        yield blank.count('\n', 0, match.start()) + 1, ' '.join(match[1].split()), False


def commands_in(place: str, code: str, complete: bool) -> Iterator[Command]:
    """The commands of one line of code."""
    code = re.split(r'(?:^|\s)#(?:\s|$)', code.removeprefix('$ '))[0]
    for part in re.split(r' (?:&&|\|\||\||;|>|2>) ', code):
        match = PROGRAM.match(part.strip())
        if match and (match['rest'] or complete):
            yield Command(place, part.strip(), complete)


def documented() -> list[Command]:
    """All commands of the documents and of the help texts."""
    found = []
    for path in DOCUMENTS:
        for number, code, block in markdown_code(path.read_text()):
            found += commands_in(f'{path.relative_to(ROOT)}:{number}', code, block)
    for parser in parsers(cli.make_parser(cli.verbs())):
        for text in (parser.description, parser.epilog):
            for _, line in joined_lines(text or ''):
                if line.startswith(' '):
                    found += commands_in(f'{parser.prog} --help', line.strip(), True)
    return found


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and all those of its verbs."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in {id(child): child for child in action.choices.values()}.values():
                yield from parsers(child)


def strict_parser(complete: bool) -> argparse.ArgumentParser:
    """The command line's own parser, without abbreviated options.

    Args:
        complete: False if arguments may be missing and values may be of any kind.
    """
    root = cli.make_parser(cli.verbs())
    for parser in parsers(root):
        parser.allow_abbrev = False
        if complete:
            continue
        for group in parser._mutually_exclusive_groups:
            group.required = False
        for action in parser._actions:
            action.required = False
            if isinstance(action, argparse._SubParsersAction):
                continue
            action.type = None
            if not action.option_strings and action.nargs is None:
                action.nargs = '?'
    return root


def mistake(command: Command) -> str:
    """The reason why a command would be refused, '' if it would not."""
    match = PROGRAM.match(command.text)
    assert match
    program, rest = match[1], match['rest'] or ''
    omits = bool(OMISSION.search(rest))
    words = [word for word in shlex.split(re.sub(r'[\[\]]', ' ', rest))
             if not OMISSION.fullmatch(word)]
    if program == 'make':
        targets = re.findall(r'^([\w-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE)
        unknown = [w for w in words if '=' not in w and w[0] != '-' and w not in targets]
        return f'no target {unknown[0]}' if unknown else ''
    if words and PLACEHOLDER.fullmatch(words[0]):
        return ''
    complete = command.complete and not omits and not any(map(PLACEHOLDER.fullmatch, words))
    output = io.StringIO()
    with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
        try:
            strict_parser(complete).parse_args(words)
        except SystemExit as ended:
            return output.getvalue() if ended.code else ''
    return ''


@pytest.mark.parametrize('command', documented(), ids=lambda command: command.place)
def test_documented_command_exists(command):
    assert not mistake(command), f'{command.place}: {command.text}'


@pytest.mark.parametrize('text, complete, reason', [
    ('ros_animate retarget --source demo --offline', True, ''),
    ('.venv/bin/ros_animate plugins list', True, ''),
    ('PYTHON=python3.12 make test ARGS="-k x"', True, ''),
    ('python -m ros_animate robots list', True, ''),
    ('ros_animate collect --count N …', True, ''),
    ('ros_animate retarget [--processes]', False, ''),
    ('ros_animate retarget --sauce demo', True, '--sauce'),
    ('ros_animate retarget --dur 5', True, '--dur'),
    ('ros_animate retarget --limit many', True, '--limit'),
    ('ros_animate retarget --sauce …', True, '--sauce'),
    ('ros_animate imitate', False, 'imitate'),
    ('ros_animate collect', True, '--count'),
    ('make everything', True, 'everything'),
])
def test_mistakes_are_found(text, complete, reason):
    command, = commands_in('here', text, complete)
    found = mistake(command)
    assert reason in found if reason else not found


def test_code_of_a_document_is_found():
    text = ('Call `make\ntest` or\n\n'
            '```\n$ ros_animate retarget \\\n    --offline  # every frame\n```\n\n'
            '    make demo && make lint\n')
    assert [command for number, code, block in markdown_code(text)
            for command in commands_in(str(number), code, block)] == [
        Command('5', 'ros_animate retarget --offline', True), Command('9', 'make demo', True),
        Command('9', 'make lint', True), Command('1', 'make test', False)]
