"""`ros_animate retarget --offline --sources`: many sources, each into a folder of its own."""
from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate.cluster import SharedPaths
from ros_animate.configuration import ConfigurationError
from ros_animate.documents import DocumentError, parse_json, read_lines, read_text
from ros_animate.errors import ExitStatus, UserError, shortened, shown
from ros_animate.files import (
    WriteError,
    drop_torn_line,
    locked_folder,
    naming_write_errors,
    write_atomically,
)
from ros_animate.interrupts import DeferredSignals
from ros_animate.offline.neutral import NeutralChoice
from ros_animate.offline.retarget import Stopped, retarget
from ros_animate.offline.sources import BatchSource
from ros_animate.outputs.paths import make_folder
from ros_animate.outputs.progress import Progress
from ros_animate.settings import RunOptions, Settings
from ros_animate.workers import IsStopping, Workers, ordered_map

OPTIONS, LOG, WORK = 'batch.json', 'sources.jsonl', '.work'
_ADVICE = 'start the same command again to go on, with fewer --workers if need be'
Record = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """A batch as the command line requests it.

    Attributes:
        output: Folder of the results.
        sources: The sources, in order.
        settings: Function: the checked settings for the path of a source. It is pickled.
        options: How to run each source; its output is replaced.
        neutral: Where the neutral face is to be found in each source.
        description: Everything that the results depend on; a folder holds results of one kind.
        workers: Number of processes, or a cluster.
    """

    output: pathlib.Path
    sources: Sequence[BatchSource]
    settings: Callable[[str], Settings]
    options: RunOptions
    neutral: NeutralChoice
    description: Mapping[str, Any]
    workers: Workers


def run_batch(batch: Batch) -> int:
    """Retargets the sources that are not done yet; returns the exit status.

    A source that cannot be retargeted is listed in `sources.jsonl`, and tried again the next time.

    Raises:
        UserError: The folder holds other results, or cannot be written.
    """
    batch.settings(str(batch.sources[0].path))  # a mistake in the options concerns all of them
    make_folder(batch.output)
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked_folder(batch.output, 'batch'))
        with naming_write_errors(batch.output):
            done = _open(batch)
        names = set(done.values())
        failed = _retarget_all(batch, [
            source.renamed() if source.name in names else source for source in batch.sources
            if str(source.path) not in done])
        shutil.rmtree(batch.output / WORK, ignore_errors=True)
    if not batch.options.quiet:
        count = len(batch.sources)
        print(f'{batch.output}: {count - len(failed)} of {count} sources'
              + (f'; failed: {shortened(failed)} ({LOG})' if failed else ''))
    return ExitStatus.FAILURE if failed else ExitStatus.OK


def _retarget_all(batch: Batch, todo: Sequence[BatchSource]) -> list[str]:
    """Retargets sources; returns a line for each that failed."""
    work = batch.output / WORK
    task = functools.partial(_retarget_one, batch.settings, batch.options, batch.neutral, work)
    shared = SharedPaths(tuple(source.path for source in todo), (work,))
    failed = []
    initial = len(batch.sources) - len(todo)
    with (Progress('retargeting', len(batch.sources), 'source', quiet=batch.options.quiet,
                   initial=initial) as progress,
          contextlib.closing(ordered_map(task, todo, batch.workers, _ADVICE, shared)) as records):
        for record in records:
            assert record is not None  # nobody has stopped the work
            with DeferredSignals(), naming_write_errors(batch.output):
                _take(batch.output, record)
            if 'error' in record:
                failed.append(f'{record["source"]}: {record["error"]}')
            progress.add()
    return failed


def _retarget_one(make_settings: Callable[[str], Settings], options: RunOptions,
                  neutral: NeutralChoice, work: pathlib.Path, source: BatchSource,
                  is_stopping: IsStopping) -> Record | None:
    """Runs one source into a new folder, as a node that was given up may still be at work on it."""
    folder = work / f'{source.name}.{secrets.token_hex(4)}'
    record = {'source': str(source.path), 'folder': source.name}
    folder.mkdir()
    try:
        report = retarget(make_settings(str(source.path)),
                          dataclasses.replace(options, output=folder, quiet=True), neutral,
                          is_stopping)
    except WriteError:
        raise
    except UserError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return {'source': record['source'], 'error': str(error)}
    except Stopped:
        return None
    return {**record, 'frames': report.frames, 'face_missing': report.face_missing,
            'made': folder.name}


def _take(output: pathlib.Path, record: Record) -> None:
    """Moves the results of a source to their place and writes its line of the log."""
    line = dict(record)
    if made := line.pop('made', None):
        place = output / record['folder']
        shutil.rmtree(place, ignore_errors=True)  # of a batch that was killed just here
        os.replace(output / WORK / made, place)
    with open(output / LOG, 'a', encoding='utf-8', errors='surrogateescape') as log:
        log.write(json.dumps(line) + '\n')


def _open(batch: Batch) -> dict[str, str]:
    """Prepares the folder; returns the sources that are done and their folders."""
    options = batch.output / OPTIONS
    description = json.loads(json.dumps(batch.description))
    if options.exists():
        _compare(batch.output, description)
    elif any(batch.output.iterdir()):
        raise ConfigurationError(f'{batch.output} holds something else than a batch; choose '
                                 'another --output')
    else:
        write_atomically(options, json.dumps(description, indent=2) + '\n')
    shutil.rmtree(batch.output / WORK, ignore_errors=True)
    (batch.output / WORK).mkdir()
    lines = _kept_lines(batch.output / LOG)
    write_atomically(batch.output / LOG, ''.join(json.dumps(line) + '\n' for line in lines))
    return {line['source']: line['folder'] for line in lines}


def _kept_lines(log: pathlib.Path) -> list[Record]:
    """The lines of sources that are done."""
    drop_torn_line(log)
    if not log.exists():
        return []
    try:
        lines: list[Any] = [parse_json(line) for _, line in read_lines(log)]
    except DocumentError as error:
        raise ConfigurationError(f'cannot read {log}: {error}; delete the folder') from error
    return [line for line in lines if isinstance(line, dict) and 'folder' in line
            and (log.parent / str(line['folder'])).is_dir()]


def _compare(output: pathlib.Path, description: Mapping[str, Any]) -> None:
    try:
        before: Any = parse_json(read_text(output / OPTIONS))
    except DocumentError as error:
        raise ConfigurationError(f'cannot read {output / OPTIONS}: {error}') from error
    for key in sorted({*before, *description}):
        if before.get(key) != description.get(key):
            raise ConfigurationError(
                f'{output} was made with {key} {shown(before.get(key))}, not '
                f'{shown(description.get(key))}; choose another --output, or delete the folder')
