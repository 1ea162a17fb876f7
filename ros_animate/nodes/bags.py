"""Writes and reads rosbag2 bags (MCAP or SQLite) with `rosbags`, message by message as bytes."""
from __future__ import annotations

import contextlib
import errno
import functools
import pathlib
import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from ros_animate.configuration import resource
from ros_animate.documents import DocumentError, parse_yaml, read_text
from ros_animate.errors import UserError, cut
from ros_animate.files import WriteError
from ros_animate.nodes.bag_rollback import McapRollback
from ros_animate.nodes.bag_storages import SUFFIXES, Storages, merged_messages

PACKAGE = 'ros_animate'
METADATA_VERSION = 9
STORAGES = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}
_FOREVER = QosTime(2147483647, 4294967295)


@functools.cache
def typestore() -> Any:
    """The message types of ROS 2 Jazzy and of this package."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for path in sorted(resource('msg').glob('*.msg')):
        name = f'{PACKAGE}/msg/{path.stem}'
        store.register(get_types_from_msg(path.read_text(encoding='utf-8'), name))
    return store


class BagWriter:
    """Writes serialized messages; a context manager. A topic appears with its first message.

    On a full disk the bag is completed at once, with the messages that fit.

    Args:
        path: Folder of the bag, which must not exist.
        storage: Format of the bag, a key of STORAGES.

    Raises:
        UserError: The bag exists or cannot be written.
    """

    _rollback: McapRollback | None = None

    def __init__(self, path: pathlib.Path, storage: str = 'mcap') -> None:
        self.path = path
        self.count = 0
        self._is_open = True
        self._connections: dict[str, Any] = {}
        try:
            self._writer = Writer(path, version=METADATA_VERSION,  # type: ignore[arg-type]
                                  storage_plugin=STORAGES[storage])
            self._writer.open()
            if storage == 'mcap':
                self._rollback = McapRollback(self._writer)
        except OSError as error:
            raise WriteError(path, error) from error
        except WriterError as error:
            raise UserError(f'cannot write the bag {path}: {error}') from error

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Completes the bag; may be called twice. Raises WriteError."""
        if self._is_open:
            self._is_open = False
            try:
                self._writer.close()
            except (OSError, sqlite3.Error) as error:
                raise self._failure(error) from error

    def write(self, topic: str, type_name: str, data: bytes, time_ns: int, *,
              best_effort: bool = False) -> None:
        """Appends a serialized message that was received at `time_ns`.

        Raises:
            WriteError: The disk is full; the bag is completed, and takes no more messages.
        """
        if not self._is_open:
            return
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, type_name, typestore=typestore(), offered_qos_profiles=[_qos(best_effort)])
        try:
            self._writer.write(self._connections[topic], time_ns, data)
            if self._rollback is not None:
                self._rollback.note_write()
        except (OSError, sqlite3.Error) as error:
            self._is_open = False
            raise self._failure(error) from error
        self.count += 1

    def _failure(self, error: Exception) -> WriteError:
        """Completes the bag as far as possible; returns the error to raise."""
        with contextlib.suppress(OSError, sqlite3.Error):
            if self._rollback is None:
                self._writer.close()
            else:
                self._rollback.complete()
        if not isinstance(error, OSError):
            error = OSError(errno.ENOSPC if 'full' in str(error) else errno.EIO, str(error))
        return WriteError(self.path, error)


class BagReader:
    """Reads the serialized messages of some topics in order of time; a context manager.

    Args:
        path: Folder of the bag.
        topics: Names of topics, with or without namespace; all if empty.

    Attributes:
        missing: What the bag lacks, in words; '' if it is complete.
        types: Type name of each selected topic.
        qos: Recorded profiles of each selected topic, as `rosbags` reads them.
        start_ns, end_ns: Time of the first message and of the end.
        count: Number of messages of the selected topics.

    Raises:
        UserError: The bag does not exist, is damaged, or lacks the topics.
    """

    def __init__(self, path: pathlib.Path, topics: Sequence[str] = ()) -> None:
        if not path.exists():
            raise UserError(f'there is no bag {path}')
        self._path = path
        with _named_errors(path):
            _check_metadata(path)
            self._storages = Storages(path)
            self.missing = self._storages.missing
            readers = self._storages.readers
            every = [c for reader in readers for c in reader.connections]
            self._topics = selected_topics([str(c.topic) for c in every], topics)
            self._connections = [c for c in every if c.topic in self._topics]
            self.types = {str(c.topic): str(c.msgtype) for c in self._connections}
            self.qos: dict[str, list[Qos]] = {}
            for connection in self._connections:
                self.qos.setdefault(connection.topic, []).extend(
                    connection.ext.offered_qos_profiles)
            self.start_ns = min(reader.start_time for reader in readers)
            self.end_ns = max(reader.end_time for reader in readers)
            self.count = sum(int(c.msgcount) for c in self._connections)
        if self.count <= 0:
            there = cut(', '.join(sorted({str(c.topic) for c in every})))
            raise UserError(f'the bag {path} has no messages of {", ".join(topics) or "any topic"}'
                            f'; it holds {there or "nothing"}')
        self._check_definitions(path)

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._storages.close()

    def messages(self) -> Iterator[tuple[str, int, bytes]]:
        """Yields (topic, time in nanoseconds, serialized message)."""
        stored = merged_messages(self._storages.readers, lambda c: c.topic in self._topics)
        while True:
            with _named_errors(self._path):
                item = next(stored, None)
            if item is None:
                return
            connection, time_ns, data = item
            yield connection.topic, time_ns, bytes(data)

    def _check_definitions(self, path: pathlib.Path) -> None:
        """Refuses messages that were recorded with other fields: nodes cannot read their bytes."""
        for connection in self._connections:
            if str(connection.msgtype).split('/')[0] != PACKAGE or not connection.digest:
                continue
            known = connection.msgtype in typestore().fielddefs
            if not known or typestore().hash_rihs01(connection.msgtype) != connection.digest:
                raise UserError(f'{connection.topic} in {path} was recorded with another version '
                                f'of {connection.msgtype}')


@contextlib.contextmanager
def _named_errors(path: pathlib.Path) -> Iterator[None]:
    """Converts errors over a damaged or hostile bag into one line that names it."""
    try:
        yield
    except Exception as error:  # rosbags, SQLite and the decompressors have their own kinds
        raise UserError(f'cannot read the bag {path}: {cut(str(error)) or type(error).__name__}'
                        ) from error


def _check_metadata(path: pathlib.Path) -> None:
    """Raises DocumentError if the metadata of a bag are not a text within limits."""
    if (path / 'metadata.yaml').exists():
        parse_yaml(read_text(path / 'metadata.yaml'))
    elif path.is_dir() and not any(file.suffix in SUFFIXES for file in path.iterdir()):
        raise DocumentError(f'it has no metadata.yaml, and no file ends in {" or ".join(SUFFIXES)}')


def selected_topics(recorded: Sequence[str], names: Sequence[str]) -> set[str]:
    """The recorded topics that are meant by names with or without namespace; all without names.

    Of the topics that end in a name those at the lowest level are meant: `image_raw` is
    /left/image_raw, and not /left/animated/image_raw.
    """
    if not names:
        return set(recorded)
    found: set[str] = set()
    for name in names:
        matching = [topic for topic in recorded if f'/{topic}'.endswith(f'/{name.lstrip("/")}')]
        level = min((topic.count('/') for topic in matching), default=0)
        found |= {topic for topic in matching if topic.count('/') == level}
    return found


def _qos(best_effort: bool) -> Qos:
    return Qos(history=QosHistory.KEEP_LAST, depth=1 if best_effort else 10,
               reliability=(QosReliability.BEST_EFFORT if best_effort
                            else QosReliability.RELIABLE),
               durability=QosDurability.VOLATILE, deadline=_FOREVER, lifespan=_FOREVER,
               liveliness=QosLiveliness.AUTOMATIC, liveliness_lease_duration=_FOREVER,
               avoid_ros_namespace_conventions=False)
