"""Report of a calibration: what every control moves, what is wrong, and how to correct the file."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ros_animate.calibration.corrections import corrected_text, patch
from ros_animate.calibration.delays import delay_s
from ros_animate.calibration.faults import Fault, Finding, find_faults
from ros_animate.calibration.fidelity import Fidelity
from ros_animate.calibration.journal import Journal, Taken
from ros_animate.calibration.places import CameraPlace, camera_place
from ros_animate.calibration.responses import (
    Curve,
    Expected,
    measured_curves,
    neutral_noise,
)
from ros_animate.calibration.sighting import Sighting
from ros_animate.documents import read_text
from ros_animate.policy.forward_model import OUTPUTS, ForwardModel
from ros_animate.robot.spec import RobotSpec

PATCH, PAGE = 'corrections.patch', 'report.html'
STRONGEST = 4  # outputs that are named for a control
LEAST_SHAPE, LEAST_DEG = 0.05, 2.0  # changes of outputs that are worth naming
WHEN = {'blendshape_map': 'before', 'calibrated': 'after the calibration'}  # by policy


@dataclass(frozen=True)
class ControlReport:
    """Findings about one control, for people.

    Attributes:
        name: Its name.
        finding: Its movement and faults.
        moves: (output, change from the lowest to the highest level) of the outputs that it moves
            most: blendshapes, and head angles in degrees.
        repeat_error: Standard deviation of repeated answers, as a share of the answer; NaN if
            unknown.
        delay_s: From the command to the tracked movement; NaN if unknown.
        unseen: Share of its poses in which no face was seen.
    """

    name: str
    finding: Finding
    moves: tuple[tuple[str, float], ...]
    repeat_error: float
    delay_s: float
    unseen: float


@dataclass(frozen=True)
class Report:
    """Everything that was found.

    Attributes:
        spec: The robot.
        controls: Findings by control.
        camera: Place of the camera.
        model: The forward model.
        poses: Number of poses in which a face was seen.
        skipped: Number of poses in which none was seen.
        pauses: Reasons of pauses.
        curves: Measured answers by control.
        expected: Expected ones, None where the file has no section `face`.
        fidelity: Predicted fidelity on people's faces, by policy; empty without a rig.
        file: Name of the robot file.
        patch: Suggested corrections of it as a unified diff, '' for none.
        corrected: The corrected file.
    """

    spec: RobotSpec
    controls: tuple[ControlReport, ...]
    camera: CameraPlace
    model: ForwardModel
    poses: int
    skipped: int
    pauses: tuple[str, ...]
    curves: Sequence[Curve | None]
    expected: Expected | None
    fidelity: Mapping[str, Fidelity]
    file: str
    patch: str
    corrected: str

    @property
    def faults(self) -> list[ControlReport]:
        """Controls with which something is wrong."""
        fine = (Fault.NONE, Fault.UNSEEN, Fault.UNKNOWN)
        return [c for c in self.controls if not set(c.finding.faults) <= set(fine)]

    def r2(self) -> float:
        """Share of the variance of the face on held-back poses that the model predicts."""
        error, spread = (np.array(getattr(self.model.config, name)[:52])
                         for name in ('error', 'spread'))
        return float(1.0 - (error ** 2).sum() / max((spread ** 2).sum(), 1e-12))

    def summary(self, folder: pathlib.Path) -> list[str]:
        """Lines for the terminal."""
        lines = [f'{folder}: {self.poses} poses with a face, {self.skipped} without; the model '
                 f'predicts {self.r2():.0%} of the variance of the blendshapes on poses that were '
                 'held back']
        lines += [f'  {c.name}: {describe(self.spec, c)}' for c in self.faults]
        if not self.faults:
            lines.append('  every control does what the file says, as far as it can be seen')
        lines.append(f'  {camera_words(self.camera)}')
        if self.fidelity:
            lines.append(f'  {fidelity_words(self.fidelity)}')
        if self.patch:
            lines.append(f'  suggested corrections: patch {self.file} {folder / PATCH}')
        lines.append(f'  report: {folder / PAGE}')
        return lines

    def figures(self) -> dict[str, Any]:
        """Content of report.json."""
        camera = self.camera
        return {
            'robot': self.spec.name, 'poses': self.poses, 'skipped': self.skipped,
            'pauses': list(self.pauses), 'model_r2': _plain(self.r2()),
            'predicted_fidelity': {name: {key: _plain(value) for key, value in
                                          asdict(fidelity).items()}
                                   for name, fidelity in self.fidelity.items()},
            'camera': {name: _plain(getattr(camera, name)) for name in
                       ('azimuth_deg', 'elevation_deg', 'roll_deg', 'size', 'distance_m')},
            'controls': {c.name: {
                'faults': [fault.value for fault in c.finding.faults],
                'acts_as': self.spec.names[c.finding.source],
                'coupled_with': (self.spec.names[c.finding.partner] if c.finding.partner >= 0
                                 else None),
                'gain': _plain(c.finding.gain), 'mismatch': _plain(c.finding.mismatch),
                'answer': _plain(c.finding.strength), 'expected': _plain(c.finding.expected),
                'repeat_error': _plain(c.repeat_error), 'delay_s': _plain(c.delay_s),
                'unseen': _plain(c.unseen),
                'moves': {name: _plain(change) for name, change in c.moves}}
                for c in self.controls}}


def findings_of(spec: RobotSpec, journal: Journal, expected: Expected | None) -> list[Finding]:
    """Findings about the controls of a robot after a session."""
    return find_faults(spec, measured_curves(spec, journal), expected, neutral_noise(journal),
                       tuple(journal.stuck))


def make_report(spec: RobotSpec, file: pathlib.Path, journal: Journal, findings: Sequence[Finding],
                expected: Expected | None, neutral: Sequence[Sighting], model: ForwardModel,
                turns: tuple[float, float] | None,
                fidelity: Mapping[str, Fidelity]) -> Report:
    """The report of a session.

    Args:
        spec: The robot.
        file: Its file.
        journal: The session.
        findings: Findings about the controls, see `findings_of`.
        expected: Expected answers, None where the file has no section `face`.
        neutral: Expected neutral faces.
        model: The forward model.
        turns: As of `camera_place`.
        fidelity: Predicted fidelity by policy.
    """
    curves = measured_curves(spec, journal)
    taken = journal.taken
    delays = {step.control: delay_s(step) for step in journal.steps}
    text = read_text(file)
    corrected = corrected_text(text, spec, findings)
    return Report(
        spec, tuple(_control(spec, f, curves[f.control], taken, delays) for f in findings),
        camera_place(taken, neutral, turns), model, sum(not t.reason for t in taken),
        sum(bool(t.reason) for t in taken), tuple(journal.pauses), curves, expected, fidelity,
        file.name, patch(text, corrected, file.name), corrected)


def describe(spec: RobotSpec, control: ControlReport) -> str:
    """The findings of a control in words."""
    finding = control.finding
    words = {
        Fault.DEAD: 'dead: it moves nothing that can be seen',
        Fault.STUCK: 'stuck: it does not go where it is sent',
        Fault.INVERTED: 'inverted: it moves the other way',
        Fault.SWAPPED: f'swapped: it moves what {spec.names[finding.source]} should',
        Fault.WEAK: f'weak: {abs(finding.gain):.0%} of the movement of the file',
        Fault.STRONG: f'strong: {abs(finding.gain):.0%} of the movement of the file',
        Fault.COUPLED: f'coupled: it also moves what {spec.names[finding.partner]} should',
        Fault.OTHER: 'moves otherwise than the file says',
        Fault.UNSEEN: 'out of sight: too faint to be judged',
        Fault.UNKNOWN: 'nothing to compare it with (the file has no section `face` for it)',
        Fault.NONE: 'it moves; how far cannot be told' if finding.is_faint else 'as expected'}
    hidden = [f'no face in {control.unseen:.0%} of its poses'] if control.unseen > 0 else []
    return '; '.join([*(words[fault] for fault in finding.faults), *hidden])


def camera_words(place: CameraPlace) -> str:
    """The place of the camera in words."""
    side, height = ('left' if place.azimuth_deg > 0 else 'right',
                    'above' if place.elevation_deg > 0 else 'below')
    size = '' if np.isnan(place.size) else (
        f'; the face is {place.size:.2f} times as large as usual, so it is about '
        f'{abs(1 - 1 / place.size):.0%} {"closer" if place.size > 1 else "farther"}')
    far = f', about {place.distance_m:.2f} m away' if np.isnan(place.size) else ''
    return (f"the camera stands {abs(place.azimuth_deg):.0f}° to the robot's {side} of its face "
            f'and {abs(place.elevation_deg):.0f}° {height} it{far}{size}')


def fidelity_words(fidelity: Mapping[str, Fidelity]) -> str:
    """The predicted fidelity of each policy in words."""
    figures = ', '.join(f'{value.r:.2f} {WHEN.get(name, "by")} (policy {name}, gain '
                        f'{value.gain:.2f})' for name, value in fidelity.items())
    return ("people's expressions and the robot's, as the forward model predicts them: correlation "
            f'{figures}')


def _control(spec: RobotSpec, finding: Finding, curve: Curve | None, taken: Sequence[Taken],
             delays: dict[int, float]) -> ControlReport:
    own = [t for t in taken if t.control == finding.control]
    unseen = sum(bool(t.reason) for t in own) / max(len(own), 1)
    length = 0.0 if curve is None else float(np.sqrt((curve.answers ** 2).sum(axis=1).mean()))
    moves = curve is not None and length > 0 and Fault.DEAD not in finding.faults
    repeat = curve.spread / length if curve is not None and moves else float('nan')
    return ControlReport(spec.names[finding.control], finding, _moves(own, taken), repeat,
                         delays.get(finding.control, float('nan')), unseen)


def _moves(own: Sequence[Taken], taken: Sequence[Taken]) -> tuple[tuple[str, float], ...]:
    """The outputs that change most over the range of a control, by regression on its level."""
    seen = [t for t in own if not t.reason]
    if not seen:
        return ()
    neutral = np.median([t.features for t in taken if t.kind == 'neutral' and not t.reason],
                        axis=0)
    levels = np.array([0.0, *(t.level for t in seen)])
    faces = np.array([neutral, *(t.features for t in seen)])
    centred = levels - levels.mean()
    change = centred @ faces / (centred ** 2).sum() * np.ptp(levels)
    least = np.where(np.arange(len(OUTPUTS)) < len(OUTPUTS) - 3, LEAST_SHAPE, LEAST_DEG)
    order = np.argsort(-np.abs(change / least))[:STRONGEST]
    return tuple((OUTPUTS[at], float(change[at])) for at in order
                 if abs(change[at]) > least[at])


def _plain(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
