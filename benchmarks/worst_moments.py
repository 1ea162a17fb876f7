"""Images of the moments at which the robot's face differs most from the person's."""
from __future__ import annotations

import pathlib

import cv2
import numpy as np

from ros_animate.evaluation.fidelity import RELIABLE, Track, delayed
from ros_animate.images import write_image
from ros_animate.outputs.panels import caption, side_by_side
from ros_animate.types import Array, Image

MOMENTS, APART = 3, 10  # number of moments, least frames between two of them
NAMED = 3  # blendshapes that are named at each moment
CAPTION_PX = 28


def draw_worst(folder: pathlib.Path, driving: Track, robot: Track, lag: int,
               image: pathlib.Path) -> None:
    """Writes an image with the worst moments of a run.

    Args:
        folder: Folder of the run, with its videos.
        driving: The person's face.
        robot: The robot's face.
        lag: Delay of the robot in frames.
        image: File to write.
    """
    columns = [driving.names.index(name) for name in RELIABLE]
    count = min(len(driving.expression), len(robot.expression))
    difference = np.nan_to_num(delayed(robot.expression[:count], lag)[:, columns]
                               - driving.expression[:count, columns])
    rows = []
    for frame in worst_frames(np.abs(difference).mean(axis=1)):
        order = np.argsort(-np.abs(difference[frame]))[:NAMED]
        text = ', '.join(f'{RELIABLE[k]} {difference[frame, k]:+.2f}' for k in order)
        late = int(np.clip(frame + lag, 0, count - 1))
        pair = side_by_side(read_frame(folder / 'driving.mp4', frame),
                            read_frame(folder / 'robot.mp4', late),
                            labels=(f'frame {frame}', 'robot'))
        rows += [pair, caption(f'robot less person: {text}', pair.shape[1], CAPTION_PX)]
    write_image(image, np.vstack(rows))


def worst_frames(difference: Array) -> list[int]:
    """The frames of the greatest differences (T,), apart from each other, in order of time."""
    left, found = difference.copy(), []
    for _ in range(MOMENTS):
        frame = int(left.argmax())
        if left[frame] <= 0:
            break
        found.append(frame)
        left[max(frame - APART, 0):frame + APART + 1] = 0
    return sorted(found)


def read_frame(video: pathlib.Path, index: int) -> Image:
    """One frame of a video, RGB."""
    capture = cv2.VideoCapture(str(video))
    try:
        for _ in range(index + 1):
            there, frame = capture.read()
            if not there:
                raise ValueError(f'{video} has no frame {index}')
        return np.ascontiguousarray(frame[..., ::-1])
    finally:
        capture.release()
