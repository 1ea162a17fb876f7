"""Corrections of a robot file by what a calibration has found, as a patch that a person accepts."""
from __future__ import annotations

import dataclasses
import difflib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ros_animate.calibration.faults import Fault, Finding
from ros_animate.documents import parse_yaml
from ros_animate.policy.forward_model import ForwardModel
from ros_animate.robot.spec import RobotSpec

WIDTH = 100
DIGITS = 3  # significant ones of corrected numbers
SILENT = (Fault.DEAD, Fault.STUCK)
MOVED = (Fault.INVERTED, Fault.SWAPPED, Fault.WEAK, Fault.STRONG)

Row = Mapping[str, Any]


def corrected_text(text: str, spec: RobotSpec, findings: Sequence[Finding]) -> str:
    """The text of a robot file with the rows of `rig` and `face` that fit the findings.

    Comments and everything else stay. A control that moves nothing gets empty rows; one that does
    what another should gets its rows; gains are divided by what the control really makes of them.

    Args:
        text: The file.
        spec: The robot in it.
        findings: Findings about its controls.
    """
    return with_rows(text, {(section, spec.names[finding.control]): row for finding in findings
                            for section, row in _rows(spec, finding).items()})


def with_corrected_rig(model: ForwardModel, spec: RobotSpec, findings: Sequence[Finding]
                       ) -> ForwardModel:
    """A forward model that knows which rows of the robot's rig are wrong, and what fits instead.

    Args:
        model: What the controls do to the face.
        spec: The robot.
        findings: Findings about its controls.
    """
    rows = spec.rig.get('controls', {})
    better = {spec.names[finding.control]: row['rig'] for finding in findings
              if (row := _rows(spec, finding)) and spec.rig}
    config = dataclasses.replace(model.config, rig_is=better, rig_was={
        name: {**rows.get(name, {})} for name in better})
    return ForwardModel(config, model.weights)


def with_rows(text: str, rows: Mapping[tuple[str, str], Row]) -> str:
    """The text of a robot file with other rows, by section ('rig' or 'face') and control.

    Rows that the file does not have are added at the end of `controls` of their section, if it has
    that.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    changes = []
    for (section, control), row in rows.items():
        part = _find(root, section, 'controls')
        node = _find(part, control)
        if node is not None:
            changes.append((node.start_mark.index, _end(node), _flow(row, node.start_mark.column)))
        elif part is not None and row and not part.flow_style and part.value:
            key, at = part.value[0][0].start_mark.column, _end(part)
            start = f'{" " * key}{control}: '
            changes.append((at, at, f'\n{start}{_flow(row, len(start))}'))
    for begin, end, row_text in sorted(changes, key=lambda change: change[0], reverse=True):
        text = text[:begin] + row_text + text[end:]
    parse_yaml(text)  # what is wrong now is a defect of this program
    return text


def patch(text: str, corrected: str, name: str) -> str:
    """A unified diff of two texts of a file; '' if they are alike."""
    return ''.join(difflib.unified_diff(text.splitlines(keepends=True),
                                        corrected.splitlines(keepends=True), name, name))


def _rows(spec: RobotSpec, finding: Finding) -> dict[str, Row]:
    """New rows of a control, by section."""
    if any(fault in SILENT for fault in finding.faults):
        return {'rig': {}, 'face': {}}
    if not any(fault in MOVED for fault in finding.faults):
        return {}
    source, gain = spec.names[finding.source], finding.gain
    if not {Fault.WEAK, Fault.STRONG} & set(finding.faults):
        gain = -1.0 if gain < 0 else 1.0  # the amount is as it should be
    rig = spec.rig.get('controls', {}).get(source, {})
    face = spec.face.get('controls', {}).get(source, {})
    return {'rig': {name: _rounded(value / gain) for name, value in rig.items()},
            'face': {name: _scaled(ends, gain) for name, ends in face.items()}}


def _scaled(ends: Sequence[float], gain: float) -> list[float]:
    """Values of a muscle at lower end, neutral and upper end for a control of this gain."""
    low, rest, high = ends
    if gain < 0:
        low, high = high, low
    return [_rounded(rest + abs(gain) * (low - rest)), rest,
            _rounded(rest + abs(gain) * (high - rest))]


def _rounded(value: float) -> float:
    number = float(f'{value:.{DIGITS}g}')
    return int(number) if number.is_integer() else number


def _find(node: Any, *keys: str) -> Any:
    """The node of a value behind keys, None if there is none."""
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def _end(node: yaml.Node) -> int:
    """Index behind the text of a value; a block mapping's own mark lies behind its comments."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    return int(node.end_mark.index)


def _flow(row: Row, column: int) -> str:
    """A row as a flow mapping that begins in a column."""
    def shown(value: Any) -> str:
        if isinstance(value, list):
            return f'[{", ".join(map(shown, value))}]'
        return f'{value:.6f}'.rstrip('0').rstrip('.')
    # Blanks inside of an item would be places to break a line, too.
    items = [f'{key}: {shown(value)}'.replace(' ', '\0') for key, value in row.items()]
    lines = textwrap.wrap('{' + ', '.join(items) + '}', WIDTH, initial_indent=' ' * column,
                          subsequent_indent=' ' * 6, break_long_words=False,
                          break_on_hyphens=False)
    return '\n'.join(lines)[column:].replace('\0', ' ')
