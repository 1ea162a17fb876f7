"""Drawings of an evaluation: moments of the animations, and a chart of the figures."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from ros_animate.evaluation.animation.measurement import Evaluation, Sample
from ros_animate.evaluation.animation.table import COLUMNS
from ros_animate.images import write_image
from ros_animate.outputs.panels import fit
from ros_animate.outputs.plots import write_figure
from ros_animate.types import Image

_TILE, _BAND = 192, 26  # pixels
_CHARTS = 4  # in a row
_BEST, _OTHER = 'C0', '0.75'


def draw_samples(evaluation: Evaluation, path: pathlib.Path) -> None:
    """A row for each sample: source, driving frame, the truth if that is another one, results."""
    names = [p.name for p in evaluation.performers]
    apart = any(sample.truth is not None for sample in evaluation.samples)
    titles = ['source', 'driving', *(['truth'] if apart else []), *names]
    rows = [np.hstack([_band(title) for title in titles])]
    rows += [np.hstack([_tile(image) for image in _row(sample, names, apart)])
             for sample in evaluation.samples]
    write_image(path, np.vstack(rows))


def _row(sample: Sample, names: Sequence[str], apart: bool) -> list[Image | None]:
    truth = [sample.truth] if apart else []
    return [sample.source, sample.driving, *truth, *(sample.made.get(name) for name in names)]


def _tile(image: Image | None) -> Image:
    """A picture in its place; white where there is none."""
    if image is None:
        return np.full((_TILE, _TILE, 3), 255, np.uint8)
    return np.pad(fit(np.ascontiguousarray(image), (_TILE - 4, _TILE - 4)),
                  ((2, 2), (2, 2), (0, 0)), constant_values=255)


def _band(text: str) -> Image:
    band = np.full((_BAND, _TILE, 3), 255, np.uint8)
    cv2.putText(band, text, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return band


def draw_chart(rows: Mapping[str, Mapping[str, float | None]], path: pathlib.Path,
               measures: Sequence[str] = tuple(COLUMNS),
               spread: Mapping[str, Mapping[str, float | None]] | None = None) -> None:
    """A panel for each measure that any row has, a bar for each row; the best one is blue.

    Args:
        rows: Values by measure, by name.
        path: Of the picture.
        measures: In this order.
        spread: Half the length of the whisker at the end of a bar.
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
