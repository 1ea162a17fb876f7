"""Texts from outside, read within limits: YAML, JSON and plain text.

Every file or text that somebody else may have written goes through these functions. Whatever is in
it, they return a value of bounded size and depth, or raise DocumentError with one short line.
"""
from __future__ import annotations

import functools
import json
import os
import pathlib
import stat
from collections.abc import Iterator
from typing import IO, Any

import yaml

from ros_animate import limits
from ros_animate.errors import UserError, cut, shown

# Everything that PyYAML raises for scalars that do not fit their tag, and for deep nesting.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
              MemoryError)
_NUMBERS = ('tag:yaml.org,2002:int', 'tag:yaml.org,2002:float')


class DocumentError(UserError, ValueError):
    """A text from outside cannot be read; the message says why.

    Attributes:
        line: Line of the mistake, None if it is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def regular_file(path: str | os.PathLike[str], most_bytes: int) -> int:
    """Size of a file in bytes.

    Raises:
        OSError: The file cannot be found.
        DocumentError: It is a folder, a pipe or a device, or longer than `most_bytes`.
    """
    try:
        found = os.stat(path)
    except ValueError as error:  # a null character
        raise DocumentError('no file has such a name') from error
    if not stat.S_ISREG(found.st_mode):
        raise DocumentError('not a file' if stat.S_ISDIR(found.st_mode) else 'not a regular file')
    if found.st_size > most_bytes:
        raise DocumentError(f'it has {_size(found.st_size)}, at most {_size(most_bytes)} are read')
    return found.st_size


def member_path(folder: pathlib.Path, name: Any) -> pathlib.Path:
    """The path of an existing file whose name in a folder stands in a text from outside.

    Raises:
        DocumentError: It is no name, there is no such file, or it lies outside the folder, be it
            by an absolute name, by '..' or by a link.
    """
    if not isinstance(name, str) or not name or not name.isprintable():
        raise DocumentError(f'expected the name of a file, got {shown(name)}')
    path = folder / name
    try:
        if not path.is_file():
            raise DocumentError(f'{cut(str(path))} is not there')
        target = os.path.realpath(path) if path.is_symlink() else path.name
        if not (_real_folder(path.parent) / target).is_relative_to(_real_folder(folder)):
            raise DocumentError(f'{shown(name)} lies outside {folder}')
    except OSError as error:  # a name that is too long
        raise DocumentError(f'{shown(name)}: {error.strerror}') from error
    return path


@functools.lru_cache(maxsize=64)
def _real_folder(folder: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(os.path.realpath(folder))


def read_text(path: str | os.PathLike[str], most_bytes: int = limits.YAML_BYTES) -> str:
    """The UTF-8 text in a file; raises DocumentError, which does not name the file."""
    try:
        regular_file(path, most_bytes)
        return pathlib.Path(path).read_text(encoding='utf-8')
    except OSError as error:
        raise DocumentError(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise DocumentError(f'not UTF-8 text (byte {error.start})') from error


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """(number, line) of the lines of a UTF-8 text that are not empty; raises DocumentError."""
    try:
        regular_file(path, limits.LINES_BYTES)
        with open(path, 'rb') as file:
            yield from lines_of(file)
    except OSError as error:
        raise DocumentError(error.strerror or str(error)) from error


def lines_of(file: IO[bytes]) -> Iterator[tuple[int, str]]:
    """(number, line) as of `read_lines`, of an open file; raises DocumentError, and OSError."""
    number = 0
    while line := file.readline(limits.JSON_BYTES + 1):
        number += 1
        if len(line) > limits.JSON_BYTES:
            raise DocumentError(f'longer than {_size(limits.JSON_BYTES)}', number)
        if line.strip():
            try:
                text = line.decode('utf-8')
            except UnicodeDecodeError as error:
                raise DocumentError('not UTF-8 text', number) from error
            yield number, text


def parse_json(text: str) -> Any:
    """The value of a JSON text; raises DocumentError."""
    if len(text) > limits.JSON_BYTES:
        raise DocumentError(f'JSON of {_size(len(text))}, at most {_size(limits.JSON_BYTES)}')
    try:
        value = json.loads(text, parse_int=_parse_int)
    except RecursionError as error:
        raise DocumentError(f'JSON of more than {limits.NESTING} levels') from error
    except ValueError as error:
        raise DocumentError(f'not JSON: {cut(str(error))}',
                            getattr(error, 'lineno', None)) from error
    _check_depth(value)
    return value


def parse_yaml(text: str, loader: type[Any] = yaml.SafeLoader) -> Any:
    """The value of a YAML text; raises DocumentError with the line.

    Args:
        text: One document.
        loader: A subclass of yaml.SafeLoader.
    """
    if len(text) > limits.YAML_BYTES:
        raise DocumentError(f'YAML of {_size(len(text))}, at most {_size(limits.YAML_BYTES)}')
    try:
        reader = loader(text)
        try:
            node = reader.get_single_node()
            if node is None:
                return None
            _count(node, {}, 1)
            return reader.construct_document(node)
        finally:
            reader.dispose()
    except DocumentError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(cut(error.problem or error.context or 'malformed'),
                            mark.line + 1 if mark else None) from error
    except RecursionError as error:
        raise DocumentError(f'brackets of more than {limits.NESTING} levels') from error
    except (yaml.YAMLError, *_MALFORMED) as error:
        raise DocumentError(f'a value that does not fit its type ({cut(str(error))})') from error


def _count(node: yaml.Node, counted: dict[int, int], depth: int) -> int:
    """Number of values below a node when its aliases are replaced by what they stand for."""
    line = node.start_mark.line + 1
    if depth > limits.NESTING:
        raise DocumentError(f'brackets of more than {limits.NESTING} levels', line)
    if isinstance(node, yaml.ScalarNode):
        if node.tag in _NUMBERS and len(node.value) > limits.NUMBER_DIGITS:
            raise DocumentError(f'a number of {len(node.value)} digits, at most '
                                f'{limits.NUMBER_DIGITS} are read', line)
        return 1
    if counted.get(id(node), 1) == 0:
        raise DocumentError('an alias within what it stands for', line)
    if id(node) in counted:
        return counted[id(node)]
    counted[id(node)] = 0
    children = (node.value if isinstance(node, yaml.SequenceNode)
                else [child for pair in node.value for child in pair])
    total = 1
    for child in children:
        total += _count(child, counted, depth + 1)
        if total > limits.YAML_VALUES:
            raise DocumentError(f'more than {limits.YAML_VALUES} values with its aliases', line)
    counted[id(node)] = total
    return total


def _check_depth(value: Any) -> None:
    """Raises DocumentError for a value of too many levels."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > limits.NESTING:
            raise DocumentError(f'JSON of more than {limits.NESTING} levels')
        level = [child for parent in level if isinstance(parent, (list, dict))
                 for child in (parent.values() if isinstance(parent, dict) else parent)
                 if isinstance(child, (list, dict))]


def _parse_int(digits: str) -> int:
    if len(digits) > limits.NUMBER_DIGITS:
        raise ValueError(f'a number of {len(digits)} digits, at most {limits.NUMBER_DIGITS} are '
                         'read')
    return int(digits)


def _size(count: int) -> str:
    return f'{count / limits.MIB:.3g} MiB' if count >= limits.MIB else f'{count} bytes'
