"""Fixtures of the set-up's tests."""
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def root() -> pathlib.Path:
    """The project's folder."""
    return ROOT
