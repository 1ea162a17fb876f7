"""Clips on disk, in which the colour of an image tells its clip and its frame."""
import json
import pathlib

import cv2
import numpy as np

from ros_animate.outputs.video import VideoFile


def frame(clip: int, number: int, size=(32, 32)) -> np.ndarray:
    """(H, W, 3) RGB: red for the clip, green for the frame, a white corner at the left."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[:] = 20 + 30 * clip, 10 + 20 * number, 60
    image[:8, :8] = 255
    return image


def clip_of(image) -> int:
    """Number of the clip of an image (S, S, 3)."""
    return round((float(np.median(image[..., 0])) - 20) / 30)


def frame_of(image) -> int:
    """Number of the frame of an image (S, S, 3)."""
    return round((float(np.median(image[..., 1])) - 10) / 20)


def write_image(path: pathlib.Path, image) -> None:
    """An image file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def write_frames(folder: pathlib.Path, clip: int, count=4, size=(32, 32)) -> None:
    """A sub-folder of frames."""
    for number in range(count):
        write_image(folder / f'{number}.png', frame(clip, number, size))


def write_strip(path: pathlib.Path, clip: int, count=4) -> None:
    """Frames side by side."""
    write_image(path, np.hstack([frame(clip, number) for number in range(count)]))


def write_video(path: pathlib.Path, clip: int, count=4, size=(64, 48)) -> None:
    """A video file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoFile(path, 25.0) as video:
        for number in range(count):
            video.write(frame(clip, number, size))


def write_x2c(folder: pathlib.Path, clip: int, sequences=(None,), count=4) -> None:
    """Frames of each sequence, as X2C lays them out."""
    lines = []
    for k, sequence in enumerate(sequences):
        for number in range(count):
            name = f'images/{k}_{number}.png'
            write_image(folder / name, frame(clip + k, number))
            entry = {'file_name': name, 'ctrl_value': [0.0]}
            lines.append(json.dumps(entry if sequence is None
                                    else {**entry, 'sequence': sequence}))
    (folder / 'metadata.jsonl').write_text('\n'.join(lines))
