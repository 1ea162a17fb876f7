"""Files from a browser: decoded, checked, kept under names of our own."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from ros_animate.configuration import resource
from ros_animate.dashboard import uploads
from ros_animate.dashboard.uploads import UploadError, keep_portrait, keep_robot
from ros_animate.images import read_image


def png(size=(8, 6), value=100):
    image = np.full((*size, 3), value, np.uint8)
    return cv2.imencode('.png', image)[1].tobytes()


def test_an_image_is_written_anew(tmp_path):
    path = keep_portrait(png() + b'<script>', tmp_path)
    assert path.parent == tmp_path and path.suffix == '.png'
    assert read_image(path).shape == (8, 6, 3)
    assert b'script' not in path.read_bytes()


@pytest.mark.parametrize('content', [b'', b'GIF89a', b'<svg/>', png()[:60]])
def test_what_is_no_image_is_refused(tmp_path, content):
    with pytest.raises(UploadError, match='no complete image'):
        keep_portrait(content, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_large_file_or_image_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, 'IMAGE_BYTES', 50)
    with pytest.raises(UploadError, match='at most 50'):
        keep_portrait(png(), tmp_path)
    monkeypatch.setattr(uploads, 'IMAGE_BYTES', 5000)
    monkeypatch.setattr(uploads, 'IMAGE_PIXELS', 10)
    with pytest.raises(UploadError, match='too large'):
        keep_portrait(png(), tmp_path)


def test_a_robot_file_is_kept_if_it_can_be_read(tmp_path):
    content = resource('config', 'robots', 'servo_head.yaml').read_bytes()
    assert keep_robot(content, tmp_path).read_bytes() == content
    with pytest.raises(UploadError) as caught:
        keep_robot(content.replace(b'range', b'rang'), tmp_path)
    assert str(tmp_path) not in str(caught.value)
    assert len(list(tmp_path.iterdir())) == 1


def test_old_files_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, 'MOST', 2)
    kept = [keep_portrait(png(value=value), tmp_path) for value in range(5)]
    assert len(list(tmp_path.iterdir())) == 2 and kept[-1].exists()
