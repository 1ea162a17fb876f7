"""Images of an evaluation: samples of the animations, and a chart of the figures."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ros_animate.evaluation.animation.results import Evaluation, Sample
from ros_animate.evaluation.animation.table import COLUMNS
from ros_animate.images import write_image
from ros_animate.outputs.panels import caption, fit
from ros_animate.outputs.plots import write_figure
from ros_animate.types import Image

_TILE, _TITLE_HEIGHT = 192, 26  # pixels
_CHARTS = 4  # in a row
_BEST, _OTHER = 'C0', '0.75'


def draw_samples(evaluation: Evaluation, path: pathlib.Path) -> None:
    """A row for each sample: source, driving frame, truth if that is another frame, results."""
    names = [method.name for method in evaluation.methods]
    has_truth = any(sample.truth is not None for sample in evaluation.samples)
    titles = ['source', 'driving', *(['truth'] if has_truth else []), *names]
    rows = [np.hstack([caption(title, _TILE, _TITLE_HEIGHT) for title in titles])]
    rows += [np.hstack([_tile(image) for image in _row(sample, names, has_truth)])
             for sample in evaluation.samples]
    write_image(path, np.vstack(rows))


def _row(sample: Sample, names: Sequence[str], has_truth: bool) -> list[Image | None]:
    truth = [sample.truth] if has_truth else []
    return [sample.source, sample.driving, *truth, *(sample.generated.get(name) for name in names)]


def _tile(image: Image | None) -> Image:
    """An image with a white border; all white if there is none."""
    if image is None:
        return np.full((_TILE, _TILE, 3), 255, np.uint8)
    return np.pad(fit(np.ascontiguousarray(image), (_TILE - 4, _TILE - 4)),
                  ((2, 2), (2, 2), (0, 0)), constant_values=255)


def draw_chart(rows: Mapping[str, Mapping[str, float | None]], path: pathlib.Path,
               measures: Sequence[str] = tuple(COLUMNS),
               spread: Mapping[str, Mapping[str, float | None]] | None = None) -> None:
    """A panel for each measure that any row has, a bar for each row; the best bar is blue.

    Args:
        rows: Values by measure, by name of the row.
        path: The image file.
        measures: Measures in the order of the panels.
        spread: Half the length of the error bars, in the form of `rows`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    shown = [m for m in measures if any(row.get(m) is not None for row in rows.values())]
    lines = -(-len(shown) // _CHARTS)
    figure = Figure(figsize=(3.4 * min(_CHARTS, len(shown)) + 1.6,
                             (0.9 + 0.32 * len(rows)) * lines), layout='constrained')
    FigureCanvasAgg(figure)
    panels = np.atleast_1d(figure.subplots(lines, min(_CHARTS, len(shown)), sharey=True,
                                           squeeze=False).ravel())
    for axes, measure in zip(panels, shown):
        _bars(axes, measure, rows, spread or {})
    for axes in panels[len(shown):]:
        axes.set_visible(False)
    write_figure(path, figure)


def _bars(axes: Any, measure: str, rows: Mapping[str, Mapping[str, float | None]],
          spread: Mapping[str, Mapping[str, float | None]]) -> None:
    column = COLUMNS[measure]
    values = [row.get(measure) for row in rows.values()]
    known = [value for value in values if value is not None]
    best = max(known, key=lambda v: v * column.better) if column.better else None
    for place, (name, value) in enumerate(zip(rows, values, strict=True)):
        if value is None:
            continue
        axes.barh(place, value, color=_BEST if value == best else _OTHER,
                  xerr=spread.get(name, {}).get(measure), ecolor='black', capsize=3)
        axes.text(0, place, f' {value:.{column.decimals}f}', va='center', fontsize=8,
                  color='black')
    if not any(known):
        axes.set_xlim(0, 1)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_title(column.title, fontsize=10)
    axes.spines[['top', 'right']].set_visible(False)
