"""Images of an evaluation: the worst cases, and the error of every control."""
from __future__ import annotations

import pathlib

import numpy as np

from ros_animate.evaluation.policy import Evaluation
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.images import try_read_image, write_image
from ros_animate.outputs.panels import caption, fit
from ros_animate.outputs.plots import write_figure
from ros_animate.robot.control_error import ControlError
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec

TILE, LABEL_HEIGHT, VIEW_CM = 256, 24, 27.0
LABELS = ('target', 'prediction')


def draw_worst(evaluation: Evaluation, spec: RobotSpec, path: pathlib.Path, count: int = 8) -> None:
    """One row for each of the worst pairs: image, and virtual face with target and prediction."""
    faces = FaceMap(spec)
    robot = VirtualFace(faces.appearance, Camera((TILE, TILE), VIEW_CM))
    rows = []
    for index in np.argsort(-evaluation.error.poses)[:count]:
        pair, predicted = evaluation.pairs[index], evaluation.predicted[index]
        image = try_read_image(pair.image)
        if image is None:
            continue
        rendered = [robot.render(faces.muscles(values)) for values in (pair.values, predicted)]
        tiles = [fit(image, (TILE, TILE)), *rendered]
        texts = [f'{pair.image.name}  {evaluation.error.poses[index]:.3f}', *LABELS]
        rows.append(np.hstack([np.vstack([caption(text, TILE, LABEL_HEIGHT), tile])
                               for tile, text in zip(tiles, texts, strict=True)]))
    half = (len(rows) + 1) // 2  # two columns of rows
    blank = np.full_like(rows[0], 255)
    columns = [np.vstack(rows[:half]), np.vstack([*rows[half:], *[blank] * (2 * half - len(rows))])
               ] if len(rows) > 1 else rows
    write_image(path, np.hstack(columns))


def draw_controls(error: ControlError, spec: RobotSpec, path: pathlib.Path) -> None:
    """A bar for each control, in the colour of its group."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(12, 0.5 + 0.3 * len(error.names)), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, (group, members) in enumerate(spec.groups.items()):
        at = [spec.index(name) for name in members]
        axes.barh(at, np.nan_to_num(error.controls[at]), color=f'C{number}',
                  label=f'{group}  {error.groups[group]:.3f}')
    for place, (mae, r2) in enumerate(zip(error.controls, error.r2, strict=True)):
        axes.text(np.nan_to_num(mae), place, f' R² {r2:.2f}' if np.isfinite(r2) else '',
                  va='center', fontsize=9)
    axes.set_yticks(range(len(error.names)), error.names)
    axes.invert_yaxis()
    axes.axvline(error.mae, color='black', linestyle=':', label=f'mean  {error.mae:.3f}')
    axes.set_xlabel('mean distance, ranges scaled to [-1, 1]')
    axes.legend(frameon=False)
    axes.spines[['top', 'right']].set_visible(False)
    write_figure(path, figure)
