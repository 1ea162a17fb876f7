"""The verdict over a bag as a table, a plot and a JUnit file."""
from __future__ import annotations

import pathlib
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.errors import shortened
from ros_animate.evaluation.bag_comparison import Check, Comparison
from ros_animate.files import write_atomically
from ros_animate.outputs.plots import write_figure

# Failed checks in the summary.
SUMMARY = 3
# Columns of a topic that the table and the plot show; those that fail are always in the table.
TABLE_ROWS, PLOT_ROWS = 4, 4


@dataclass(frozen=True)
class BagVerdict:
    """Result of a test over a bag.

    Attributes:
        bag: Name of the bag.
        comparisons: Differences of each compared topic.
        checks: The verdict line by line.
        seconds: Duration of the test.
    """

    bag: str
    comparisons: Sequence[Comparison]
    checks: Sequence[Check]
    seconds: float

    @property
    def failed(self) -> list[Check]:
        """The checks that did not pass."""
        return [check for check in self.checks if not check.passed]

    @property
    def summary(self) -> str:
        """One line for people."""
        if not self.failed:
            return f'{self.bag}: {len(self.checks)} checks passed'
        reasons = [f'{check.topic} {check.name}: {check.message}' for check in self.failed]
        return (f'{self.bag}: {len(self.failed)} of {len(self.checks)} checks failed: '
                f'{shortened(reasons, SUMMARY)}')


def table(verdict: BagVerdict) -> str:
    """Lines about every topic: the columns that differ most, missing and late messages."""
    rows = [('topic', 'control', 'mean', 'max', 'allowed', '')]
    for c in verdict.comparisons:
        for i in _worst(c, TABLE_ROWS, with_failed=True):
            rows.append((c.topic, c.recorded.names[i], f'{c.mean[i]:.4f}', f'{c.maximum[i]:.4f}',
                         f'{c.tolerance[i]:g}', '' if c.maximum[i] <= c.tolerance[i] else 'FAILED'))
    widths = [max(len(row[k]) for row in rows) for k in range(6)]
    lines = ['  '.join(text.ljust(width) if k < 2 else text.rjust(width)
                       for k, (text, width) in enumerate(zip(row, widths, strict=True))).rstrip()
             for row in rows]
    lines += [f'{c.topic}: {c.count} compared, {c.missing} missing, {c.late} late'
              for c in verdict.comparisons]
    lines += [f'limits: {check.name}: {check.message}' for check in verdict.failed
              if check.topic == 'limits']
    if not any(check.topic == 'limits' for check in verdict.failed):
        lines.append('limits: kept')
    return '\n'.join(lines)


def plot(verdict: BagVerdict, path: pathlib.Path) -> None:
    """Draws the recorded and the tested curves of the columns that differ most."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    panels = [(c, i) for c in verdict.comparisons for i in _worst(c, PLOT_ROWS)]
    figure = Figure(figsize=(13, 0.9 + 1.7 * len(panels)), layout='tight')
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True, squeeze=True))
    start_ns = min(c.recorded.times_ns[0] for c in verdict.comparisons)
    for axis, (c, i) in zip(axes, panels, strict=True):
        name = c.recorded.names[i]
        for series, label, width in ((c.recorded, 'recorded', 3.0), (c.tested, 'tested', 1.0)):
            column = series.names.index(name)
            axis.plot(1e-9 * (series.times_ns - start_ns), series.values[:, column], label=label,
                      linewidth=width, alpha=0.5 if width > 1 else 1.0)
        axis.set_title(f'{c.topic}: {name}, greatest difference {c.maximum[i]:.4f} of the range, '
                       f'allowed {c.tolerance[i]:g}', loc='left', fontsize=10,
                       color='black' if c.maximum[i] <= c.tolerance[i] else 'red')
        axis.grid(alpha=0.3)
    end_ns = max(c.recorded.times_ns[-1] for c in verdict.comparisons)
    axes[0].set_xlim(0, max(1e-3, 1e-9 * (end_ns - start_ns)))
    axes[0].legend(loc='upper right', fontsize=9)
    axes[-1].set_xlabel('time (s)')
    write_figure(path, figure)


def write_junit(verdict: BagVerdict, path: pathlib.Path) -> None:
    """Writes the checks as JUnit XML, one suite a topic, one case a check; raises WriteError."""
    topics = list(dict.fromkeys(check.topic for check in verdict.checks))
    root = ET.Element('testsuites', {'name': 'ros_animate', 'time': f'{verdict.seconds:.3f}',
                                     **_counts(verdict.checks)})
    for topic in topics:
        checks = [check for check in verdict.checks if check.topic == topic]
        suite = ET.SubElement(root, 'testsuite', {
            'name': f'{verdict.bag}.{topic}', 'errors': '0', 'skipped': '0', 'time': '0',
            **_counts(checks)})
        for check in checks:
            case = ET.SubElement(suite, 'testcase', name=check.name, time='0',
                                 classname=f'ros_animate.{verdict.bag}.{topic}')
            if not check.passed:
                ET.SubElement(case, 'failure', message=check.message).text = check.message
    ET.indent(root)
    write_atomically(path, ET.tostring(root, 'unicode', xml_declaration=True) + '\n')


def _counts(checks: Sequence[Check]) -> dict[str, str]:
    return {'tests': str(len(checks)),
            'failures': str(sum(not check.passed for check in checks))}


def _worst(comparison: Comparison, count: int, *, with_failed: bool = False) -> list[int]:
    """The columns that differ most, relative to what is allowed."""
    share = comparison.maximum / np.maximum(comparison.tolerance, 1e-12)
    order = [int(i) for i in np.argsort(-share, kind='stable')]
    failed = int(np.sum(comparison.maximum > comparison.tolerance)) if with_failed else 0
    return order[:max(count, failed)]
