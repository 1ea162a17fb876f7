"""Card of a calibration: what it was made of, and how well it predicts."""
from __future__ import annotations

import pathlib

from ros_animate.calibration.report import Report
from ros_animate.files import write_atomically

CARD = 'README.md'


def write_card(folder: pathlib.Path, robot: str, camera: str, seed: int, poses: int,
               report: Report) -> None:
    """Writes README.md into the folder of a calibration."""
    write_atomically(folder / CARD, f"""\
# Calibration of {report.spec.name}

Made by

    ros_animate calibrate {robot} --camera {camera} --poses {poses} --seed {seed} --output {folder}

and used with `--robot {robot} --policy calibrated --param policy.weights={folder}`.

| | |
|---|---|
| robot | {report.spec.title} |
| poses | {report.poses} with a face, {report.skipped} without |
| controls with a finding | {', '.join(c.name for c in report.faults) or 'none'} |
| variance of the blendshapes that is predicted on poses held back | {report.r2():.0%} |
| forward model | weights.safetensors, config.yaml |
| what was seen | poses.jsonl, observations.npz |
| report | report.html, report.json, report.png; corrections.patch if something is to be corrected |
""")
