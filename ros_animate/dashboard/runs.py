"""Folders of finished runs and bags, for the page that looks at them.

A browser names a run; the name is looked up among those that are there, and never made a path.
"""
from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.dashboard.bag_frames import FrameCache
from ros_animate.dashboard.robot import described, rounded
from ros_animate.documents import DocumentError, parse_json, read_text
from ros_animate.errors import UserError
from ros_animate.nodes.bags import BagReader
from ros_animate.outputs.controls_table import read_controls
from ros_animate.outputs.file_names import REPORT, TABLE, VIDEOS
from ros_animate.robot.descriptions import descriptions, load_spec
from ros_animate.robot.spec import RobotSpec

MOST = 200
BAG_FILE = 'metadata.yaml'
VIDEO_FILES = tuple(f'{name}.mp4' for name in VIDEOS)
MOST_ROWS = 20_000  # of a table; of a longer one every second row is shown, or every third …


class RunLibrary:
    """The runs and bags in a folder, and in its folder `bags`.

    Args:
        folder: The folder, which may not exist.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._cache = FrameCache()

    def names(self) -> list[dict[str, Any]]:
        """Name, kind ('run' or 'bag') and time of each, the newest first."""
        found = [{'name': name, 'kind': 'bag' if (path / BAG_FILE).exists() else 'run',
                  'time': path.stat().st_mtime} for name, path in self._paths().items()]
        return sorted(found, key=lambda entry: -float(str(entry['time'])))[:MOST]

    def details(self, name: str) -> dict[str, Any] | None:
        """Files, figures and controls of a run, or topics of a bag; None for an unknown name."""
        path = self._paths().get(name)
        if path is None:
            return None
        return self._bag(path) if (path / BAG_FILE).exists() else run_details(path)

    def bag_image(self, name: str, view: str, number: int) -> bytes | None:
        """A small image of a bag, a JPEG file; None if there is none."""
        path = self._paths().get(name)
        return None if path is None else self._cache.image(path, view, number)

    def _bag(self, path: pathlib.Path) -> dict[str, Any]:
        """Topics, length, images and controls of a bag."""
        details = bag_details(path)
        try:
            return {**details, **self._cache.frames(path).described()}
        except UserError as error:
            return {**details, 'trouble': str(error), 'controls': None, 'views': {}}

    def video(self, name: str, file: str) -> pathlib.Path | None:
        """A video of a run; None if there is no such one."""
        path = self._paths().get(name)
        if path is None or file not in VIDEO_FILES or not (path / file).is_file():
            return None
        return path / file

    def _paths(self) -> dict[str, pathlib.Path]:
        found = {}
        for parent, prefix in ((self._folder, ''), (self._folder / 'bags', 'bags/')):
            if not parent.is_dir():
                continue
            for path in sorted(parent.iterdir()):
                if any((path / name).is_file() for name in (*VIDEO_FILES, TABLE, BAG_FILE)):
                    found[f'{prefix}{path.name}'] = path
        return found


def run_details(path: pathlib.Path) -> dict[str, Any]:
    """Files, figures and controls of a run."""
    details: dict[str, Any] = {
        'kind': 'run', 'videos': [name for name in VIDEO_FILES if (path / name).is_file()],
        'report': {}, 'controls': None, 'trouble': ''}
    try:
        if (path / REPORT).is_file():
            details['report'] = parse_json(read_text(path / REPORT))
        if (path / TABLE).is_file():
            details['controls'] = table(path / TABLE)
    except (DocumentError, ConfigurationError) as error:
        details['trouble'] = str(error)
    return details


def table(path: pathlib.Path) -> dict[str, Any]:
    """The controls of a run over time, in the robot's units, and the robot's description."""
    names, stamps, positions = read_controls(path)
    step = max(1, -(-len(stamps) // MOST_ROWS))
    stamps, positions = stamps[::step], positions[::step]
    spec = robot_with(names)
    robot = {'controls': without_description(names, positions)} if spec is None else described(spec)
    start = stamps[0] if len(stamps) else 0.0
    return {**robot, 'times': rounded(stamps - start),
            'positions': [rounded(row) for row in positions]}


def robot_with(names: list[str]) -> RobotSpec | None:
    """The robot of the package that has these controls, None if there is none."""
    for path in descriptions().values():
        spec = load_spec(path)
        if list(spec.names) == names:
            return spec
    return None


def without_description(names: list[str], positions: np.ndarray) -> list[dict[str, Any]]:
    """The controls of an unknown robot: their ranges are those of the values."""
    controls = []
    for name, column in zip(names, positions.T):
        low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 1.0)
        controls.append({'name': name, 'group': 'controls', 'unit': '', 'low': low,
                         'high': max(high, low + 1e-6), 'neutral': low, 'coupled': False})
    return controls


def bag_details(path: pathlib.Path) -> dict[str, Any]:
    """Topics and length of a bag."""
    try:
        with BagReader(path) as bag:
            return {'kind': 'bag', 'topics': bag.types, 'messages': bag.count,
                    'duration_s': round((bag.end_ns - bag.start_ns) * 1e-9, 2), 'trouble': '',
                    'path': str(path)}
    except UserError as error:
        return {'kind': 'bag', 'topics': {}, 'trouble': str(error), 'path': str(path)}
