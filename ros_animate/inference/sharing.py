"""A switch: networks that are loaded while it is on are shared. Imports no torch."""
from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator
from typing import Any

_Shared = dict[Hashable, Any]
_shared: _Shared | None = None


@contextlib.contextmanager
def shared_networks() -> Iterator[_Shared]:
    """Within, equal networks are loaded once; threads that call them share forward passes.

    Yields:
        The LoadedNetworks so far, by what they were loaded from.
    """
    global _shared
    before, _shared = _shared, {}
    try:
        yield _shared
    finally:
        _shared = before


def shared() -> _Shared | None:
    """The networks that are shared, None outside of `shared_networks`."""
    return _shared
