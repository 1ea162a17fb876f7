"""Repairs the ROS wheels of the virtual environment that runs this; safe to repeat.

The wheels come from another machine, and some of them expect variables that nobody has set:
- Exported CMake files name that machine's include and site-packages folders; generated messages
  do not configure until these name the present ones.
- Shared libraries are found through LD_LIBRARY_PATH. With an RPATH each of them finds the others
  by itself, so that every Python of the environment can import rclpy.
- `ros-wheels-bootstrapper` replaces each interpreter at its start by one with LD_LIBRARY_PATH,
  which debuggers and notebooks do not survive.
"""
from __future__ import annotations

import concurrent.futures
import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence

FOREIGN = re.compile(
    r'/opt/python/cp\d+-cp\d+/(include/python3\.\d+|lib/python3\.\d+/site-packages)')
BOOTSTRAPPER = 'ros_wheels_bootstrapper.pth'
ELF = b'\x7fELF'


def repaired(text: str, include: str, site_packages: str) -> str:
    """The text of a CMake file with this interpreter's folders."""
    return FOREIGN.sub(
        lambda match: include if match[1].startswith('include') else site_packages, text)


def repair_cmake(prefix: pathlib.Path, include: str, site_packages: str) -> int:
    """Repairs all CMake files below `prefix`/share; returns how many had to be."""
    count = 0
    for path in (prefix / 'share').rglob('*.cmake'):
        old = path.read_text(encoding='utf-8')
        new = repaired(old, include, site_packages)
        if new != old:
            path.write_text(new, encoding='utf-8')
            count += 1
    return count


def shared_objects(site_packages: pathlib.Path) -> list[pathlib.Path]:
    """The shared libraries and extension modules that the ROS wheels installed, sorted."""
    found = set()
    for distribution in importlib.metadata.distributions(path=[str(site_packages)]):
        if re.match(r'ros[-_]', distribution.metadata['Name'] or '', re.IGNORECASE):
            found |= {pathlib.Path(os.path.abspath(str(distribution.locate_file(file))))
                      for file in distribution.files or () if '.so' in file.suffixes}
    return sorted(path for path in found if _is_elf(path))


def library_folders(site_packages: pathlib.Path, prefix: pathlib.Path,
                    messages: pathlib.Path) -> list[pathlib.Path]:
    """Where the libraries lie.

    Args:
        site_packages: Holds the folders `ros_*.libs` of libraries that the wheels bring along.
        prefix: The virtual environment, with the ROS libraries in `lib`.
        messages: Folder of the libraries of the project's own messages. ROS opens them by name
            from one of its libraries, so the RPATH of that one has to lead there.
    """
    return [prefix / 'lib', *sorted(site_packages.glob('ros_*.libs')), messages]


def rpath(path: pathlib.Path, folders: Iterable[pathlib.Path]) -> str:
    """The search path of one shared object, relative to its own folder."""
    others = (os.path.relpath(folder, path.parent) for folder in folders if folder != path.parent)
    return ':'.join(['$ORIGIN', *(f'$ORIGIN/{other}' for other in others)])


def set_rpath(path: pathlib.Path, value: str, patchelf: str) -> bool:
    """Gives a shared object its RPATH; returns whether it had another one.

    The file is replaced as a whole, so that programs that have it open go on undisturbed.
    """
    present = subprocess.run([patchelf, '--print-rpath', str(path)], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.strip()
    if present == value:
        return False
    partial = path.with_name(f'.{path.name}.partial')
    # RPATH instead of RUNPATH: it also counts for what a library opens by name.
    subprocess.run([patchelf, '--force-rpath', '--set-rpath', value, '--output', str(partial),
                    str(path)], check=True)
    partial.chmod(path.stat().st_mode)
    partial.replace(path)
    return True


def repair_libraries(paths: Sequence[pathlib.Path], folders: Sequence[pathlib.Path],
                     patchelf: str) -> int:
    """Gives the shared objects their RPATH; returns how many had another one."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(lambda path: set_rpath(path, rpath(path, folders), patchelf), paths))


def _is_elf(path: pathlib.Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open('rb') as file:
        return file.read(len(ELF)) == ELF


def main(messages: str) -> None:
    """Repairs everything.

    Args:
        messages: Folder of the libraries of the project's own messages; need not exist yet.
    """
    prefix, paths = pathlib.Path(sys.prefix), sysconfig.get_paths()
    site_packages = pathlib.Path(paths['purelib'])
    files = repair_cmake(prefix, paths['include'], paths['purelib'])
    libraries = repair_libraries(
        shared_objects(site_packages),
        library_folders(site_packages, prefix, pathlib.Path(messages)),
        str(prefix / 'bin' / 'patchelf'))
    (site_packages / BOOTSTRAPPER).unlink(missing_ok=True)
    print(f'{files} CMake files and {libraries} libraries repaired')


if __name__ == '__main__':
    main(sys.argv[1])
