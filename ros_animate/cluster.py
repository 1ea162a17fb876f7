"""Items computed on the nodes of a Ray cluster, with results in order.

A node needs the same version of this package, and sees inputs and outputs at the same paths as the
machine that hands out the work (docs/scaling.md).
"""
from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import pickle
import secrets
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2

from ros_animate.errors import UserError, cut
from ros_animate.interrupts import SIGNALS
from ros_animate.optional_packages import require
from ros_animate.version import version

AHEAD = 3  # items under way for each core
TRIES = 5  # of an item whose worker or node is lost each time
COMPARED = 16  # inputs that every node is asked for
CANCEL_S = 5.0
_CHECK_S = 120.0
_ANSWER_S = 5.0
# Ray would send statistics of its use, and hide all GPUs from tasks that ask for none.
_SETTINGS = {'RAY_USAGE_STATS_ENABLED': '0', 'RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO': '0'}
_DOCS = 'docs/scaling.md'
_JOIN = f'`ray start --head` on one machine, `ray start --address=HOST:6379` on others ({_DOCS})'


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster.

    Attributes:
        address: 'local' for one that is started on this machine and ends with the work, 'auto' for
            the one that this machine is a node of, or HOST:PORT of its head.
        most: Largest number of items that are computed at a time; None for one on each core.
    """

    address: str
    most: int | None = None


@dataclass(frozen=True)
class SharedPaths:
    """Places of a shared file system that every node must reach.

    Attributes:
        inputs: Files, some of which are compared: as large on every node as here.
        outputs: Folders that exist, which every node must be able to write.
    """

    inputs: tuple[pathlib.Path, ...] = ()
    outputs: tuple[pathlib.Path, ...] = ()


def compute(function: Callable[[Any, Callable[[], bool]], Any], items: Iterable[Any],
            cluster: Cluster, advice: str, shared: SharedPaths) -> Generator[Any, None, None]:
    """Results of `function(item, is_stopping)` in the order of the items.

    An item whose worker is killed or whose node is lost is computed again. Closing the generator
    cancels what is under way; a computation ends with KeyboardInterrupt then.

    Args:
        function: Computes one item. It is pickled, and unpickled once in each worker process.
        items: Arguments; they and the results are pickled.
        cluster: Where to compute.
        advice: What the user can do if an item is lost every time.
        shared: What the nodes must see; checked on every node before the first item.

    Raises:
        UserError: Ray or the cluster is missing, a node lacks something, or an item was lost.
    """
    with connected(cluster) as ray, _marked(shared.outputs) as marks:
        # Ray itself would make arrays read-only, which share memory then.
        pickled = ray.cloudpickle.dumps(function)
        job = _Job(secrets.token_hex(8), pickled, os.getcwd(), version(),
                   _sizes(shared.inputs), marks)
        work = _Work(ray, [ray.put(job)], job.number, cluster.most, advice)
        work.check_nodes()
        try:
            yield from work.results(iter(items))
        finally:
            work.cancel()


@contextlib.contextmanager
def connected(cluster: Cluster) -> Iterator[Any]:
    """The module ray, connected inside the block; a connection that is there already is used.

    Raises:
        UserError: Ray is not installed, or there is no such cluster.
    """
    require('ray')
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray  # heavy
    if ray.is_initialized():
        yield ray
        return
    _connect(ray, cluster)
    try:
        yield ray
    finally:
        with _own_signals():
            ray.shutdown()


def _connect(ray: Any, cluster: Cluster) -> None:
    _refuse_silence(cluster.address)
    cores = cluster.most or len(os.sched_getaffinity(0))
    options = {'num_cpus': cores, 'include_dashboard': False} if cluster.address == 'local' else {}
    # Whatever happens to nodes is printed to standard output, where results belong.
    ray._private.worker._worker_logs_enabled = False
    try:
        with _own_signals():
            ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR,
                     **options)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        remedy = ('see /tmp/ray/session_latest/logs' if cluster.address == 'local' else
                  f'this machine must be a node of it: {_JOIN}')
        raise UserError(f'--cluster {cluster.address}: cannot use a Ray cluster ({cut(str(error))})'
                        f'; {remedy}') from error


def _refuse_silence(address: str) -> None:
    """Raises UserError at once where nothing listens; Ray would try for minutes."""
    if address in ('local', 'auto'):
        return
    host, _, port = address.rpartition(':')
    try:
        socket.create_connection((host, int(port)), _ANSWER_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UserError(f'--cluster {cut(address)}: no Ray cluster answers there ({error}); give '
                        f'local, auto or HOST:PORT: {_JOIN}') from error


class _Work:
    """Items of one call under way; `job` is a list, so that Ray does not resolve it every time."""

    def __init__(self, ray: Any, job: list[Any], number: str, most: int | None,
                 advice: str) -> None:
        self._ray, self._job, self._number, self._advice = ray, job, number, advice
        self._most = most
        self._task = ray.remote(num_cpus=1, max_retries=TRIES - 1)(_run)
        self._pending: deque[Any] = deque()
        self._running: list[Any] = []

    def check_nodes(self) -> None:
        """Raises UserError if a node lacks something; the first task of a worker checks again."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
        check = self._ray.remote(num_cpus=0, max_retries=0)(_prepare)
        checks = [check.options(scheduling_strategy=NodeAffinitySchedulingStrategy(
            node['NodeID'], soft=False)).remote(self._number, self._job)
            for node in self._ray.nodes() if node['Alive'] and node['Resources'].get('CPU')]
        ready, _ = self._ray.wait(checks, num_returns=len(checks), timeout=_CHECK_S)
        for reference in ready:
            with contextlib.suppress(_NodeLost):  # its work goes to others
                self._get(reference)

    def results(self, items: Iterator[Any]) -> Generator[Any, None, None]:
        """The results in order."""
        while self._submit(items):
            if self._pending[0] not in self._running:
                yield pickle.loads(self._get(self._pending.popleft()))
            else:
                _, self._running = self._ray.wait(self._running, num_returns=1)

    def cancel(self) -> None:
        """Stops what is under way, and waits until it has stopped."""
        for reference in self._pending:
            self._ray.cancel(reference)
        if self._pending:
            self._ray.wait(list(self._pending), num_returns=len(self._pending), timeout=CANCEL_S,
                           fetch_local=False)

    def _submit(self, items: Iterator[Any]) -> bool:
        """Submits items as far as there is room; False if none is left."""
        cores = max(1, int(self._ray.cluster_resources().get('CPU', 1)))
        room = AHEAD * (self._most or cores)
        while len(self._pending) < room and len(self._running) < (self._most or room):
            for item in items:
                pickled = self._ray.cloudpickle.dumps(item)
                self._pending.append(self._task.remote(self._number, self._job, pickled))
                self._running.append(self._pending[-1])
                break
            else:
                break
        return bool(self._pending)

    def _get(self, reference: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from error
            if isinstance(error.cause, ModuleNotFoundError):
                raise UserError(f'a node of the cluster lacks {error.cause.name}: install the same '
                                f'ros_animate on every node ({_DOCS})') from error
            raise
        except errors.RayError as error:
            raise _NodeLost(f'the worker of an item was killed or its node lost {TRIES} times '
                            f'({type(error).__name__}; out of memory?); {self._advice}') from error


class _NodeLost(UserError):
    """An item was lost with its worker or node every time."""


@dataclass(frozen=True)
class _Job:
    """Everything that a worker needs for the items of one call.

    Attributes:
        number: Its unique name.
        function: Computes an item; pickled.
        folder: Current folder, which relative paths start at.
        version: Version of the package.
        inputs: Files and their sizes.
        marks: Files that lie in the output folders while the work goes on.
    """

    number: str
    function: bytes
    folder: str
    version: str
    inputs: tuple[tuple[pathlib.Path, int], ...]
    marks: tuple[pathlib.Path, ...]

    def start(self) -> None:
        """Prepares a worker process; raises UserError if its node lacks something."""
        cv2.setNumThreads(1)
        if version() != self.version:
            raise UserError(f'{_node()} has ros_animate {version()}, not {self.version}: install '
                            'the same version on every node')
        with contextlib.suppress(OSError):  # absolute paths do without
            os.chdir(self.folder)
        for path, size in self.inputs:
            if (reason := _unreadable(path, size)):
                raise UserError(f'{_node()} cannot read {path.absolute()}: {reason}; every node '
                                f'must see the inputs at the same path ({_DOCS})')
        for mark in self.marks:
            if not mark.exists() or not os.access(mark.parent, os.W_OK):
                raise UserError(f'{_node()} does not share the folder {mark.parent.absolute()}, or '
                                'cannot write it: every node must see the outputs at the same path '
                                f'({_DOCS})')


class _State:
    """The job of a worker process; it stays empty in other processes."""

    number = ''
    function: Callable[[Any, Callable[[], bool]], Any]


def _prepare(number: str, job: list[Any]) -> None:
    """Makes a job the one of this worker process."""
    if _State.number != number:
        import ray  # heavy
        loaded = ray.get(job[0])
        loaded.start()
        _State.number, _State.function = number, staticmethod(pickle.loads(loaded.function))


def _run(number: str, job: list[Any], item: bytes) -> bytes:
    _prepare(number, job)
    return pickle.dumps(_State.function(pickle.loads(item), _never), pickle.HIGHEST_PROTOCOL)


def _never() -> bool:
    return False  # a task is stopped by an interrupt


def _unreadable(path: pathlib.Path, size: int) -> str:
    try:
        with path.open('rb') as file:
            found = os.fstat(file.fileno()).st_size
    except OSError as error:
        return error.strerror or 'unknown error'
    return '' if found == size else f'it has {found} bytes there, {size} here'


def _node() -> str:
    import ray  # heavy
    return f'node {ray.util.get_node_ip_address()} ({socket.gethostname()})'


def _sizes(paths: tuple[pathlib.Path, ...]) -> tuple[tuple[pathlib.Path, int], ...]:
    """At most COMPARED of the paths, from the first to the last, with their sizes here."""
    count = min(len(paths), COMPARED)
    some = [paths[k * (len(paths) - 1) // max(count - 1, 1)] for k in range(count)]
    return tuple((path, path.stat().st_size) for path in some if path.is_file())


@contextlib.contextmanager
def _marked(folders: tuple[pathlib.Path, ...]) -> Iterator[tuple[pathlib.Path, ...]]:
    """Empty files in the folders, which tell a shared folder from another one of that name."""
    marks = tuple(folder / f'.cluster-{secrets.token_hex(4)}' for folder in folders)
    try:
        for mark in marks:
            mark.touch()
        yield marks
    finally:
        for mark in marks:
            with contextlib.suppress(OSError):
                mark.unlink(missing_ok=True)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keeps the handlers of signals, which Ray would replace."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
