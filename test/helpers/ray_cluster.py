"""A Ray cluster of two nodes on this machine."""
from __future__ import annotations

import os
import pathlib
import signal
import time

from helpers.waiting import PATIENCE_S, POLL_S

# A lost node is noticed after 3 s instead of 15.
_HEALTH = {'health_check_initial_delay_ms': 0, 'health_check_period_ms': 1000,
           'health_check_failure_threshold': 3}
# Ray takes 127.0.0.1 for the machine's address in its network.
HEAD, SECOND = '127.0.0.2', '127.0.0.3'
_MEMORY = 100 * 2 ** 20


class TwoNodes:
    """A head and a second node, one core each, on addresses of the loopback; a context manager."""

    def __init__(self) -> None:
        os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
        from ray.cluster_utils import Cluster
        self._cluster = Cluster(initialize_head=True, head_node_args={
            'num_cpus': 1, 'include_dashboard': False, 'object_store_memory': _MEMORY,
            'node_ip_address': HEAD, '_system_config': _HEALTH})
        self._second = None

    def __enter__(self) -> TwoNodes:
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.shutdown()

    @property
    def address(self) -> str:
        """Value of --cluster."""
        return self._cluster.address

    def add_second(self) -> None:
        """Starts the second node if it is not there."""
        if self._second is None:
            self._second = self._cluster.add_node(
                num_cpus=1, object_store_memory=_MEMORY, node_ip_address=SECOND)

    def without_second(self) -> None:
        """Removes the second node if it is there."""
        if self._second is not None:
            self.kill_second()

    def kill_second(self) -> None:
        """Kills the second node with everything on it."""
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = None

    def wait_until_idle(self) -> None:
        """Waits until no worker of the head computes an item."""
        raylet = self._cluster.head_node.all_processes['raylet'][0].process.pid
        end_s = time.monotonic() + PATIENCE_S
        while _working(raylet):
            assert time.monotonic() < end_s, 'the head is still at work'
            time.sleep(POLL_S)

    def kill_worker(self) -> None:
        """Kills a worker of the second node, once it is at work."""
        raylet = self._second.all_processes['raylet'][0].process.pid
        end_s = time.monotonic() + PATIENCE_S
        while not (pids := _working(raylet)):
            assert time.monotonic() < end_s, 'the second node has nothing to do'
            time.sleep(POLL_S)
        os.kill(pids[0], signal.SIGKILL)


def _working(raylet: int) -> list[int]:
    """Processes below a raylet that compute an item."""
    found = []
    for folder in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            parent = int((folder / 'stat').read_text().rpartition(')')[2].split()[1])
            title = (folder / 'cmdline').read_bytes()
        except OSError:
            continue
        if parent == raylet and title.startswith(b'ray::_run'):
            found.append(int(folder.name))
    return found
