"""Plots of a run."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.files import atomic_path
from ros_animate.outputs.controls_table import read_controls

if TYPE_CHECKING:
    from ros_animate.robot.spec import RobotSpec

MAX_POINTS = 4000
MIN_SPAN = 0.2  # of the control's range
SIDES = {'Left': '-', 'Right': '--', 'Middle': ':'}


def plot_controls(table: pathlib.Path, spec: RobotSpec, path: pathlib.Path) -> None:
    """Draws controls.csv, one panel for each group of controls.

    Left and right controls of a pair have one colour: left is solid, right dashed, middle dotted.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    names, stamps, positions = read_controls(table)
    thin = slice(None, None, max(1, len(stamps) // MAX_POINTS))
    heights = [1.0 + 0.12 * len(members) for members in spec.groups.values()]
    height = 1.9 * sum(heights)
    figure = Figure(figsize=(16, height))
    FigureCanvasAgg(figure)
    # Margins by hand: the layout engines of matplotlib take a second.
    figure.subplots_adjust(left=0.07, right=0.84, bottom=0.6 / height, top=1 - 0.5 / height,
                           hspace=0.12)
    panels = np.atleast_1d(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    for axes, (group, members) in zip(panels, spec.groups.items(), strict=True):
        for name in members:
            axes.plot(stamps[thin], positions[thin, names.index(name)], label=name,
                      color=_colour(name, members), linestyle=_side(name), linewidth=1.3)
        controls = [c for c in spec.controls if c.group == group]
        _widen(axes, MIN_SPAN * max(c.high - c.low for c in controls))
        units = sorted({c.unit or 'robot units' for c in controls})
        _decorate(axes, group, ' or '.join(units))
    panels[-1].set_xlabel('time (s)')
    panels[0].set_title(f'{spec.name}: commanded controls', loc='left', fontsize=14)
    write_figure(path, figure)


def check_figure_suffix(path: pathlib.Path) -> None:
    """Raises ConfigurationError if `write_figure` does not know the suffix."""
    from matplotlib.backend_bases import FigureCanvasBase
    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.removeprefix('.').lower() not in known:
        raise ConfigurationError(f'cannot write {path}: its suffix is not that of a plot, e.g. '
                                 '.png or .pdf')


def write_figure(path: pathlib.Path, figure: Any, dpi: int = 100) -> None:
    """Writes a matplotlib figure atomically; the suffix gives the format. Raises UserError."""
    check_figure_suffix(path)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi)


def _widen(axes: Any, span: float) -> None:
    """Widens the y axis to at least `span`, so that small movements look small."""
    low, high = axes.get_ylim()
    if high - low < span:
        middle = (low + high) / 2
        axes.set_ylim(middle - span / 2, middle + span / 2)


def _decorate(axes: Any, group: str, unit: str) -> None:
    axes.set_ylabel(f'{group}\n({unit})', fontsize=12)
    axes.grid(alpha=0.3)
    axes.margins(x=0)
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(loc='center left', bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=10)


def _pair(name: str) -> str:
    """The name without its side."""
    return ' '.join(word for word in name.split() if word not in SIDES)


def _colour(name: str, members: tuple[str, ...]) -> str:
    return f'C{list(dict.fromkeys(map(_pair, members))).index(_pair(name)) % 10}'


def _side(name: str) -> str:
    return next((style for side, style in SIDES.items() if side in name.split()), '-')
