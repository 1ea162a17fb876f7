"""Checks of output paths before a run begins: they can be written, and are not inputs."""
from __future__ import annotations

import os
import pathlib
import stat
from collections.abc import Iterable, Iterator

from ros_animate.configuration import ConfigurationError
from ros_animate.files import WriteError, temporary_path

PathLike = str | os.PathLike[str]


def expand(path: PathLike) -> pathlib.Path:
    """The path with its `~`, which a shell leaves alone in `--output=~/run`."""
    try:
        return pathlib.Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigurationError(f'{path}: there is no such home folder; a folder that begins with '
                                 "'~' is ./~…") from error


def make_folder(path: PathLike) -> pathlib.Path:
    """Makes an output folder with its parents; raises ConfigurationError if it is of no use."""
    if not os.fspath(path):
        raise ConfigurationError("the output folder has an empty name; '.' is the current folder")
    folder = expand(path)
    probe = folder / '.part.probe'
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigurationError(f'cannot write into the folder {folder}: it is a file')
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f'cannot write into the folder {folder}: {error.strerror}') from error
    return folder


def output_folder(path: PathLike, names: Iterable[str],
                  inputs: Iterable[PathLike] = ()) -> pathlib.Path:
    """Makes an output folder, and checks the files that are to be written into it.

    Args:
        path: The folder.
        names: Names of the files.
        inputs: Files that are read, which the outputs must not replace.

    Raises:
        ConfigurationError: The folder or one of the files cannot be written, or is an input.
    """
    folder = make_folder(path)
    refuse_overwriting_inputs([output_file(folder / name) for name in names], inputs)
    return folder


def output_file(path: PathLike) -> pathlib.Path:
    """Path of an output file whose folder is made and can be written.

    Raises:
        ConfigurationError: It is a folder, its name is too long, or its folder is of no use.
    """
    file = expand(path)
    try:
        mode = os.stat(file).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except OSError as error:
        raise WriteError(path, error) from error
    if stat.S_ISDIR(mode) or os.fspath(path).endswith(os.sep):
        raise ConfigurationError(f'cannot write {path}: it is a folder; add the name of a file')
    if mode and not stat.S_ISREG(mode):
        return file  # a device or a pipe
    make_folder(file.parent)
    return file


def refuse_overwriting_inputs(outputs: Iterable[PathLike], inputs: Iterable[PathLike]) -> None:
    """Raises ConfigurationError if writing the outputs would change an input or one another.

    Links, hard links and names that a file system takes for the same are found. The temporary files
    of the outputs are looked at as well.

    Args:
        outputs: Files that are to be written; they need not exist.
        inputs: Files that are read; those that do not exist are ignored.
    """
    files = [expand(path) for path in outputs]
    _refuse_twins(files)
    existing = {key: path for path in files for name in (path, temporary_path(path))
                if (key := _identity(name)) is not None}
    if not existing:
        return
    for name in map(expand, inputs):
        output = existing.get(_identity(name) or (0, 0))
        if output is not None:
            raise ConfigurationError(f'the output {output} would replace the input {name}; choose '
                                     'another name for the output')


def input_files(path: PathLike) -> Iterator[pathlib.Path]:
    """The files at a path: itself, those in the folder, or those that match the pattern."""
    location = expand(path)
    if location.is_dir():
        yield from (child for child in location.iterdir() if child.is_file())
    elif location.exists() or not any(sign in location.name for sign in '*?['):
        yield location
    elif location.parent.is_dir():
        yield from location.parent.glob(location.name)


def _refuse_twins(outputs: list[pathlib.Path]) -> None:
    known: set[pathlib.Path] = set()
    for output in outputs:
        resolved = output.resolve()
        if resolved in known:
            raise ConfigurationError(f'two outputs have the name {output}; give each its own')
        known.add(resolved)


def _identity(path: pathlib.Path) -> tuple[int, int] | None:
    """Device and number of a file; None if there is none, or if it is no regular file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if path.is_file() else None
