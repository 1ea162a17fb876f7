"""Writes constraints.txt: the exact versions found in virtual environments of several Pythons.

    python scripts/lock.py VENV [VENV ...] > constraints.txt

Each VENV holds one supported Python in which the requirements were installed without
constraints, i.e. in the versions that pip chose. A version that is the same everywhere is written
once; others carry environment markers.
"""
from __future__ import annotations

import importlib.metadata
import pathlib
import re
import sys

HEADER = """\
# Exact versions of everything that the requirements files pull in, on Python {}.
# Written by scripts/lock.py; do not edit.
"""


def installed(venv: pathlib.Path) -> tuple[str, dict[str, str]]:
    """Python's version ('3.12') and the versions of the packages that pip put there."""
    site_packages, = venv.glob('lib/python3.*/site-packages')
    # The ROS wheels carry egg-info of the packages inside them, which pip does not know.
    found = {_normal(d.metadata['Name']): d.version.split('+')[0]
             for d in importlib.metadata.distributions(path=[str(site_packages)])
             if d.read_text('INSTALLER')}
    return site_packages.parent.name.removeprefix('python'), found


def merge(environments: dict[str, dict[str, str]]) -> list[str]:
    """Lines of a constraints file.

    Args:
        environments: Python's version → package → version.
    """
    lines = []
    for package in sorted({p for found in environments.values() for p in found} - {'pip'}):
        pythons: dict[str, list[str]] = {}
        for python, found in sorted(environments.items(), key=lambda item: _key(item[0])):
            if package in found:
                pythons.setdefault(found[package], []).append(python)
        # Each version holds from its first Python on, so that one without the package (torch is
        # there as a build without CUDA, say) is covered too.
        starts = [where[0] for where in pythons.values()]
        for index, version in enumerate(pythons):
            bounds = [f"python_version >= '{starts[index]}'"] if index else []
            if index + 1 < len(starts):
                bounds.append(f"python_version < '{starts[index + 1]}'")
            lines.append(f'{package}=={version}' + (f' ; {" and ".join(bounds)}' if bounds else ''))
    return lines


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split('.')))


def _normal(name: str) -> str:
    return re.sub(r'[-_.]+', '-', name).lower()


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    environments = dict(installed(pathlib.Path(path)) for path in sys.argv[1:])
    print(HEADER.format(', '.join(environments)) + '\n'.join(merge(environments)))
