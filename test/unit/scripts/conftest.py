"""The scripts are no package: their folder goes on the path, as when they are run."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / 'scripts'))


@pytest.fixture
def root() -> pathlib.Path:
    """The project's folder."""
    return ROOT
