"""Figures as Markdown tables in the form of the papers."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ros_animate.evaluation.animation.published import Published
from ros_animate.evaluation.animation.results import Evaluation


@dataclass(frozen=True)
class Column:
    """The column of a measure.

    Attributes:
        title: Its title; the arrow tells if a lower or a higher value is better.
        decimals: Number of decimals.
        better: -1 if a lower value is better, 1 if a higher one is, 0 if neither.
    """

    title: str
    decimals: int
    better: int


COLUMNS = {
    'l1': Column('L1 ↓', 4, -1), 'lpips': Column('LPIPS ↓', 4, -1),
    'akd': Column('AKD px ↓', 3, -1), 'mkr': Column('MKR ↓', 3, -1),
    'aed': Column('AED ↓', 3, -1), 'pose_deg': Column('head ° ↓', 2, -1),
    'expr_r': Column('expr_r ↑', 3, 1), 'gain': Column('gain', 2, 0),
    'pose_r': Column('pose_r ↑', 3, 1), 'jitter': Column('jitter px', 3, 0),
    'frechet_pictures': Column('Fréchet, images ↓', 3, -1),
    'frechet_videos': Column('Fréchet, videos ↓', 3, -1), 'fps': Column('frames/s ↑', 1, 1)}

Values = Mapping[str, 'float | None']


def table(evaluation: Evaluation, protocol: str, published: Published | None = None) -> str:
    """A table with the papers' rows and ours, and notes on the figures."""
    rows: dict[str, Values] = {}
    if published is not None:
        rows |= {f'{name} (published)': values for name, values in published.rows.items()}
    rows |= {method.name: method.values for method in evaluation.methods}
    lines = [markdown(f'{protocol}, {evaluation.size} px', rows), '',
             *_notes(evaluation, published)]
    return '\n'.join(lines)


def summary(evaluation: Evaluation) -> str:
    """One line for each method, and notes on the figures."""
    lines = []
    for method in evaluation.methods:
        known = [f'{COLUMNS[m].title.split()[0]} {cell(m, v)}' for m in COLUMNS
                 if (v := method.values.get(m)) is not None]
        lines.append(f'{method.name}: {", ".join(known)}')
    return '\n'.join([*lines, *_notes(evaluation, None)])


def markdown(corner: str, rows: Mapping[str, Values], spread: Mapping[str, Values] | None = None,
             measures: Sequence[str] = tuple(COLUMNS)) -> str:
    """A table of the measures that any row has; `spread` is written after a value as ±."""
    shown = [m for m in measures if any(row.get(m) is not None for row in rows.values())]
    head = [corner, *(COLUMNS[m].title for m in shown)]
    body = [[name, *(cell(m, row.get(m), (spread or {}).get(name, {}).get(m)) for m in shown)]
            for name, row in rows.items()]
    widths = [max(len(row[k]) for row in (head, *body)) for k in range(len(head))]
    lines = [head, ['-' * width for width in widths], *body]
    return '\n'.join('| ' + ' | '.join(text.ljust(width) for text, width in
                                       zip(line, widths, strict=True)) + ' |' for line in lines)


def cell(measure: str, value: float | None, spread: float | None = None) -> str:
    """A figure with the measure's decimals; '' if there is none."""
    if value is None:
        return ''
    decimals = COLUMNS[measure].decimals
    return f'{value:.{decimals}f}' + ('' if spread is None else f' ± {spread:.{decimals}f}')


def _notes(evaluation: Evaluation, published: Published | None) -> list[str]:
    notes = [f'{evaluation.clips} clips, {evaluation.frames} frames of {evaluation.size} px; '
             'AKD and jitter in pixels of that size.']
    if evaluation.faceless:
        notes.append(f'{evaluation.faceless} true frames show no face and count for L1 and '
                     'Fréchet distances alone.')
    if evaluation.strangers is not None:
        notes.append(f'AED between different clips: {evaluation.strangers:.3f}.')
    if evaluation.jitter is not None:
        notes.append(f'Jitter of the true clips: {evaluation.jitter:.3f} px.')
    notes += [f'{p.name} could not animate the source of {p.refused} clips, which do not count '
              'for it.' for p in evaluation.methods if p.refused]
    if published is not None:
        notes.append(f'Published: {published.source}, {published.size} px'
                     + (f'; {published.tools}.' if published.tools else '.'))
    return notes
