"""Repairs the ROS wheels of the virtual environment that runs this.

Their exported CMake files name the include and site-packages folders of the machine that built
them; generated messages do not configure until these name the present ones.
"""
from __future__ import annotations

import pathlib
import re
import sys
import sysconfig

FOREIGN = re.compile(
    r'/opt/python/cp\d+-cp\d+/(include/python3\.\d+|lib/python3\.\d+/site-packages)')


def repaired(text: str, include: str, site_packages: str) -> str:
    """The text of a CMake file with this interpreter's folders."""
    return FOREIGN.sub(
        lambda match: include if match[1].startswith('include') else site_packages, text)


def repair(prefix: pathlib.Path, include: str, site_packages: str) -> int:
    """Repairs all CMake files below `prefix`/share; returns how many had to be."""
    count = 0
    for path in (prefix / 'share').rglob('*.cmake'):
        old = path.read_text(encoding='utf-8')
        new = repaired(old, include, site_packages)
        if new != old:
            path.write_text(new, encoding='utf-8')
            count += 1
    return count


if __name__ == '__main__':
    folders = sysconfig.get_paths()
    repaired_files = repair(pathlib.Path(sys.prefix), folders['include'], folders['purelib'])
    print(f'{repaired_files} files repaired')
