"""The calibration report as one HTML page that needs nothing else."""
from __future__ import annotations

import base64
import math
import pathlib
from html import escape

import numpy as np

from ros_animate.calibration.faults import Fault
from ros_animate.calibration.report import (
    ControlReport,
    Report,
    camera_words,
    describe,
    fidelity_words,
)
from ros_animate.files import write_atomically

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr.fault td:first-child,.fault b{color:#c0392b;font-weight:600}
tr.faint{color:#888}img{max-width:100%}
pre{background:#f5f5f5;padding:.8rem;overflow-x:auto;font-size:12.5px}
.added{color:#1e7d32}.removed{color:#b3261e}"""
FINE = 'Nothing: every control that can be seen does what the file says.'
FAINT = (Fault.UNSEEN, Fault.UNKNOWN)


def write_page(report: Report, figure: pathlib.Path, path: pathlib.Path) -> None:
    """Writes the page.

    Args:
        report: The report.
        figure: Its figure, a PNG file, which becomes a part of the page.
        path: The page.
    """
    image = base64.b64encode(figure.read_bytes()).decode()
    faults = ''.join(f'<li class="fault"><b>{escape(c.name)}</b>: '
                     f'{escape(describe(report.spec, c))}</li>' for c in report.faults)
    rows = ''.join(_row(c, describe(report.spec, c)) for c in report.controls)
    pauses = ''.join(f'<li>{escape(reason)}</li>' for reason in report.pauses)
    write_atomically(path, f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Calibration of {escape(report.spec.name)}</title>
<style>{STYLE}</style></head><body>
<h1>Calibration of {escape(report.spec.title)}</h1>
<p>{report.poses} poses with a face, {report.skipped} without. On poses that were held back the
forward model predicts {report.r2():.0%} of the variance of the blendshapes.
{escape(camera_words(report.camera)).capitalize()}.{_fidelity(report)}</p>
<h2>To be looked at</h2>
{f'<ul>{faults}</ul>' if faults else f'<p>{FINE}</p>'}
{_corrections(report)}
<h2>All controls</h2>
<p>Gain: the movement as a share of what the robot file says, relative to the other controls of its
group; a negative one goes the other way. Repeatability: standard deviation of repeated answers, as
a share of the answer, so that 0% is best. Delay: from the command to the tracked movement, camera
and tracker included; it is known to about 0.03 s. Moves: the blendshapes (0 to 1) and head angles
that change most, from the lower to the upper end of the range. Grey rows are too faint in the
image to be judged.</p>
<table><tr><th>control</th><th>finding</th><th>gain</th><th>repeatability</th><th>delay</th>
<th>moves</th></tr>{rows}</table>
<h2>Gains, movements, delays</h2>
<img alt="gain, movements and delay of every control" src="data:image/png;base64,{image}">
{f'<h2>Pauses</h2><ul>{pauses}</ul>' if pauses else ''}
</body></html>
""")


def _fidelity(report: Report) -> str:
    if not report.fidelity:
        return ''
    return f' {escape(fidelity_words(report.fidelity)).capitalize()}.'


def _row(control: ControlReport, words: str) -> str:
    faults = control.finding.faults
    kind = ('' if faults == (Fault.NONE,) else
            'faint' if set(faults) <= set(FAINT) else 'fault')
    if control.finding.is_faint and not kind:
        kind = 'faint'
    moves = ', '.join(f'{name} {change:+.0f}°' if name.startswith('head') else
                      f'{name} {change:+.2f}' for name, change in control.moves)
    gain = math.nan if kind == 'faint' else control.finding.gain
    cells = (_number(gain, '{:.2f}'), _number(control.repeat_error, '{:.0%}'),
             _number(1000 * control.delay_s, '{:.0f} ms'))
    return (f'<tr class="{kind}"><td>{escape(control.name)}</td><td>{escape(words)}</td>'
            + ''.join(f'<td class="number">{cell}</td>' for cell in cells)
            + f'<td>{escape(moves) or "–"}</td></tr>')


def _number(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else '–'


def _corrections(report: Report) -> str:
    if not report.patch:
        return ''
    lines = []
    for line in report.patch.splitlines():
        kind = {'+': 'added', '-': 'removed'}.get(line[:1], '')
        lines.append(f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line))
    return (f'<h2>Suggested corrections of {escape(report.file)}</h2><p>Look at the robot first: a '
            'loose linkage is better mended than described. To accept them: <code>patch '
            f'{escape(report.file)} corrections.patch</code>, or take corrected.yaml.</p>'
            '<pre>' + '\n'.join(lines) + '</pre>')
