"""Quality-of-service profiles of all topics."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

MAX_DEPTH = 1000  # of a recorded profile
# Images, and every input of a stage: while a node works, newer messages replace the one that waits.
NEWEST = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
# Small messages are offered reliably, so that subscribers of either kind match.
RELIABLE = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10,
                      reliability=ReliabilityPolicy.RELIABLE)
# Exchange with other packages that want every message delivered, but only the newest one.
RELIABLE_NEWEST = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1,
                             reliability=ReliabilityPolicy.RELIABLE)
# States that a late subscriber receives too.
LATCHED = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1,
                     reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)


def recorded_profile(recorded: Sequence[Any]) -> QoSProfile:
    """Profile of a publisher in the place of recorded ones.

    It offers what any of these offered, so that whoever matched one of them matches it.

    Args:
        recorded: Profiles with the attributes and names of rosbags.interfaces.Qos.
    """
    best_effort = recorded and all(
        profile.reliability.name == 'BEST_EFFORT' for profile in recorded)
    latched = any(profile.durability.name == 'TRANSIENT_LOCAL' for profile in recorded)
    # Of several publishers of a latched topic (/tf_static) each one's message is kept.
    depth = sum(profile.depth for profile in recorded) or RELIABLE.depth
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=max(1, min(depth, MAX_DEPTH)),
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)


def buffered(depth: int) -> QoSProfile:
    """Profile of an observer that may be late by `depth` messages and matches every publisher."""
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth,
                      reliability=ReliabilityPolicy.BEST_EFFORT)
