"""The camera node over DDS: files end, cameras are unplugged and plugged in again."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import cv2
import numpy as np
from helpers.ros_helpers import stamp_of
from sensor_msgs.msg import CameraInfo, Image

from ros_animate.nodes.messages import seconds

STALE, ERROR, OK = 3, 2, 0
COUNT, FPS = 25, 50.0


@pytest.fixture
def video(tmp_path):
    """25 frames at 50 frames a second; frame k has the brightness 10 k."""
    path = tmp_path / 'clip.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), FPS, (64, 48))
    for k in range(COUNT):
        writer.write(np.full((48, 64, 3), 10 * k, np.uint8))
    writer.release()
    return str(path)


@pytest.fixture
def plug(tmp_path):
    """The file that makes the camera of the test plug-ins be there."""
    path = tmp_path / 'plug'
    path.touch()
    return path


def test_a_file_is_played_at_its_pace_to_its_end(processes, observer, video):
    images, infos = observer.listen(Image, 'image_raw'), observer.listen(CameraInfo, 'camera_info')
    camera = processes.start('camera_node', {'camera': {
        'plugin': 'video', 'path': video, 'exit_at_end': True, 'frame_id': 'eye',
        'wait_for': ['watch']}})
    assert camera.wait() == 0
    observer.wait_for(lambda: len(images) == COUNT and len(infos) == COUNT, 'every frame')
    assert [round(np.mean(m.data) / 10) for m in images] == list(range(COUNT))
    stamps = np.array([seconds(m.header.stamp) for m in images])
    # Never early; late only where the machine is.
    assert (stamps - stamps[0] >= np.arange(COUNT) / FPS - 2e-3).all()
    assert [stamp_of(m) for m in images] == [stamp_of(m) for m in infos]
    info = infos[0]
    assert (info.width, info.height, info.header.frame_id, info.k[0]) == (64, 48, 'eye', 0.0)


def test_after_the_end_the_node_stays_and_says_so(processes, observer, video):
    status = observer.diagnostics()
    camera = processes.start('camera_node', {'camera': {'plugin': 'video', 'path': video}})
    observer.wait_for(lambda: status('camera')[:2] == (STALE, 'the source has ended'))
    assert camera.is_running()


def test_a_looped_file_goes_on(processes, observer, video):
    images = observer.listen(Image, 'image_raw')
    processes.start('camera_node', {'camera': {'plugin': 'video', 'path': video, 'loop': True}})
    observer.wait_for(lambda: len(images) > 2 * COUNT)
    stamps = [seconds(m.header.stamp) for m in images]
    assert all(b > a for a, b in zip(stamps, stamps[1:]))


def test_a_limit_ends_the_source(processes, observer, video):
    images = observer.listen(Image, 'image_raw')
    observer.listen(CameraInfo, 'camera_info')
    camera = processes.start('camera_node', {'camera': {
        'plugin': 'video', 'path': video, 'limit': 7, 'exit_at_end': True, 'wait_for': ['watch']}})
    assert camera.wait() == 0
    observer.wait_for(lambda: len(images) == 7, 'seven frames')
    assert 'ended after 7 frames' in camera.output()


def test_an_unplugged_camera_is_tried_again(processes, observer, plug):
    images, status = observer.listen(Image, 'image_raw'), observer.diagnostics()
    parameters = {'plugin': 'pluggable', 'plug': str(plug)}
    camera = processes.start('camera_node', {'camera': parameters})
    observer.wait_for(lambda: len(images) > 5, 'images')
    plug.unlink()
    observer.wait_for(lambda: status('camera')[0] == ERROR)
    assert 'plugged' in status('camera')[1]
    observer.wait_for(lambda: 'unplugged; trying again' in camera.output())
    before = len(images)
    plug.touch()
    observer.wait_for(lambda: len(images) > before + 5, 'images after it was plugged in again')
    observer.wait_for(lambda: status('camera')[0] == OK)
    assert camera.stop() == 0


def test_a_camera_that_is_absent_at_first_is_waited_for(processes, observer, plug):
    plug.unlink()
    images, status = observer.listen(Image, 'image_raw'), observer.diagnostics()
    processes.start('camera_node', {'camera': {'plugin': 'pluggable', 'plug': str(plug)}})
    observer.wait_for(lambda: status('camera')[:2] == (ERROR, 'the camera is not plugged in'))
    plug.touch()
    observer.wait_for(lambda: images, 'an image')


def test_a_file_that_is_missing_ends_the_node_with_one_line(processes):
    camera = processes.start('camera_node', {'camera': {
        'plugin': 'video', 'path': 'missing.mp4'}})
    assert camera.wait() == 2
    assert camera.output() == "ros_animate: error: there is no video file 'missing.mp4'\n"
