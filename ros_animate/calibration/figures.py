"""Figure of a calibration report: gains, answers and delays of all controls."""
from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from ros_animate.calibration.faults import WEAK, Fault
from ros_animate.calibration.report import Report
from ros_animate.outputs.plots import write_figure

COLOURS = {Fault.NONE: '#3a7d44', Fault.UNSEEN: '#9e9e9e', Fault.UNKNOWN: '#9e9e9e'}
FAULTY = '#c0392b'
GREATEST_GAIN = 1.6
FAINT = 'moves, unknown how far'
MOVES = 28  # outputs that the map shows


def draw_report(report: Report, path: pathlib.Path) -> None:
    """Three panels with a row for each control: gain, what it moves, delay."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    rows = len(report.controls)
    height = 2.4 + 0.27 * rows
    figure = Figure(figsize=(15, height))
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.16, right=0.98, top=1 - 0.9 / height, bottom=1.4 / height,
                           wspace=0.06)
    figure.suptitle(f'{report.spec.name}: {report.poses} poses', x=0.16, y=1 - 0.2 / height,
                    ha='left', va='top', fontsize=12)
    gain, moves, delay = figure.subplots(1, 3, sharey=True, width_ratios=(4, 6, 2))
    _draw_gains(gain, report)
    _draw_moves(moves, report)
    _draw_delays(delay, report)
    gain.set_yticks(range(rows), [c.name for c in report.controls])
    for label, control in zip(gain.get_yticklabels(), report.controls):
        faint = '#9e9e9e' if control.finding.is_faint else '#222222'
        label.set_color(_colour(control.finding.faults[0], faint))
    gain.set_ylim(rows - 0.5, -0.5)
    write_figure(path, figure)


def _colour(fault: Fault, fine: str) -> str:
    return fine if fault is Fault.NONE else COLOURS.get(fault, FAULTY)


def _draw_gains(axes: Any, report: Report) -> None:
    for row, control in enumerate(report.controls):
        finding = control.finding
        is_known = np.isfinite(finding.gain) and not finding.is_faint
        value = float(np.clip(finding.gain, -GREATEST_GAIN, GREATEST_GAIN)) if is_known else 0.0
        error = abs(value) * control.repeat_error if np.isfinite(control.repeat_error) else 0.0
        axes.barh(row, value, color=_colour(finding.faults[0], COLOURS[Fault.NONE]), height=0.7,
                  zorder=2, xerr=error or None, error_kw={'linewidth': 1, 'ecolor': '#555555'})
        words = [fault.value for fault in finding.faults if fault is not Fault.NONE]
        if not words and finding.is_faint:
            words = [FAINT]
        if words:
            axes.text(max(value, 0) + error + 0.04, row, ', '.join(words), va='center', fontsize=8)
    axes.axvline(0, color='black', linewidth=0.8)
    axes.axvline(1, color='black', linestyle=':', linewidth=0.8)
    axes.axvspan(WEAK, 1 / WEAK, color='black', alpha=0.06, linewidth=0, zorder=0)
    axes.set_xlim(-GREATEST_GAIN, GREATEST_GAIN + 0.8)
    axes.set_title('movement, as a share\nof what the file says', fontsize=10)
    axes.set_xlabel('grey: as expected; whiskers: repeatability', fontsize=8)
    axes.spines[['top', 'right']].set_visible(False)


def _draw_moves(axes: Any, report: Report) -> None:
    """A map of the outputs that the controls move: blue with the control, red against it."""
    strengths: dict[str, float] = {}
    for control in report.controls:
        for name, change in control.moves:
            size = abs(change) / (30.0 if name.startswith('head') else 1.0)
            strengths[name] = max(strengths.get(name, 0.0), size)
    names = sorted(sorted(strengths, key=lambda n: -strengths[n])[:MOVES])
    table = np.zeros((len(report.controls), max(len(names), 1)))
    for row, control in enumerate(report.controls):
        for name, change in control.moves:
            if name in names:
                scale = 30.0 if name.startswith('head') else 1.0
                table[row, names.index(name)] = change / scale
    axes.imshow(table, cmap='RdBu', vmin=-0.8, vmax=0.8, aspect='auto')
    axes.set_xticks(range(len(names)), names, rotation=60, ha='right', fontsize=7)
    axes.set_title('what it moves from its lower to its upper end\n'
                   'blue: more, red: less; full colour: 0.8, or 24° of the head', fontsize=10)
    axes.tick_params(left=False)


def _draw_delays(axes: Any, report: Report) -> None:
    for row, control in enumerate(report.controls):
        if np.isfinite(control.delay_s):
            axes.plot(1000 * control.delay_s, row, 'o', color='#1f4e79', markersize=5)
    axes.set_xlim(left=min(-5.0, axes.get_xlim()[0]))
    axes.axvline(0, color='black', linewidth=0.8)
    axes.grid(axis='x', alpha=0.3)
    axes.set_title('delay (ms)', fontsize=10)
    axes.spines[['top', 'right']].set_visible(False)
    axes.tick_params(left=False)
