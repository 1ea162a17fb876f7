"""Files of a calibration report."""
from __future__ import annotations

import pathlib

from ros_animate.calibration.figures import draw_report
from ros_animate.calibration.page import write_page
from ros_animate.calibration.report import PAGE, PATCH, Report
from ros_animate.files import write_atomically
from ros_animate.outputs.report import write_report as write_json

JSON, FIGURE, CORRECTED = 'report.json', 'report.png', 'corrected.yaml'


def write_report(report: Report, folder: pathlib.Path) -> None:
    """Writes report.json, .png and .html, and the corrections if there are any."""
    write_json(folder / JSON, report.figures())
    draw_report(report, folder / FIGURE)
    write_page(report, folder / FIGURE, folder / PAGE)
    for name, content in ((PATCH, report.patch), (CORRECTED, report.corrected)):
        if report.patch:
            write_atomically(folder / name, content)
        else:
            (folder / name).unlink(missing_ok=True)
