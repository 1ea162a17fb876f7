"""Small files that the sources read."""
import pathlib

import cv2
import numpy as np
import pytest


def _numbered(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    """(H, W, 3) BGR whose blue and red say which frame it is: blue rises, red falls."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 2] = 20 * index, 255 - 20 * index
    return image


def _write_video(path: pathlib.Path, count: int, fps: float = 25.0) -> pathlib.Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        writer.write(_numbered(index))
    writer.release()
    return path


@pytest.fixture
def video_file(tmp_path):
    """Ten frames, 64×48, at 25 frames a second."""
    return _write_video(tmp_path / 'ten frames é.mp4', 10)


@pytest.fixture
def image_folder(tmp_path):
    """Images 0 to 11, whose names sort naturally but not alphabetically."""
    folder = tmp_path / 'shots'
    folder.mkdir()
    for index in range(12):
        cv2.imwrite(str(folder / f'shot{index}.png'), _numbered(index))
    (folder / 'notes.txt').write_text('no image')
    return folder


@pytest.fixture
def numbered():
    """Function: frame number to its image."""
    return _numbered


@pytest.fixture
def write_video():
    """Function: (path, frames, frames a second) to a written video file."""
    return _write_video
