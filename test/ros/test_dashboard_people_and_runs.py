"""The dashboard in a real browser: faces that are clicked, and finished runs."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')
pytest.importorskip('nicegui', reason='NiceGUI is not installed')

import numpy as np
from helpers.browser import Address, Page, chromium
from helpers.people_scenes import People
from helpers.ros_helpers import Process
from ros_animate.msg import Faces

from ros_animate.evaluation.people_scenes import Place
from ros_animate.outputs.run_files import RunFiles
from ros_animate.robot.descriptions import load_spec

LEFT, RIGHT = Place(1, 180, 76), Place(2, 470, 70)
SPEC = load_spec('ameca')
YAW = SPEC.index('Head Yaw')
FPS, FRAMES = 10.0, 20

pytestmark = pytest.mark.slow


@pytest.fixture
def page(environment, tmp_path):
    """A page of a dashboard with the folder of runs `tmp_path`."""
    dashboard = Process(['-m', 'ros_animate.dashboard.server', '--folder', str(tmp_path)],
                        environment, tmp_path / 'dashboard.log')
    with chromium() as browser:
        page = Page(browser, Address(dashboard).wait())
        yield page
        assert not page.errors
        page.close()
    dashboard.stop()


def column(message):
    """Middle of a face in the image, in pixels."""
    return np.reshape(message.landmarks, (-1, 3))[:, 0].mean()


def followed_column(messages):
    """Middle of the followed face in the newest message, None without one."""
    faces = {m.face_id: column(m) for m in messages[-1].motions} if messages else {}
    return faces.get(messages[-1].followed) if messages else None


def test_a_face_that_is_clicked_is_followed(processes, observer, page):
    faces = observer.listen(Faces, 'faces')
    processes.start('motion_node', {'motion': {'plugin': 'mediapipe'}})
    People(observer, [LEFT, RIGHT])
    observer.wait_for(lambda: faces and len(faces[-1].motions) == 2, 'two faces')
    assert followed_column(faces) > 320
    page.wait_for_images('camera')
    page.wait_for("document.querySelectorAll('#people button').length >= 4")
    canvas = page.page.locator('[data-view=camera] canvas')
    box = canvas.bounding_box()
    canvas.click(position={'x': box['width'] * 180 / 640, 'y': box['height'] / 2})
    observer.wait_for(lambda: (followed_column(faces) or 640) < 320, 'the left face')


def test_a_run_shows_its_videos_and_controls_at_one_time(page, tmp_path):
    image = np.zeros((64, 64, 3), np.uint8)
    (tmp_path / 'yes').mkdir()
    with RunFiles(tmp_path / 'yes', SPEC, FPS) as files:
        for k in range(FRAMES):
            position = SPEC.neutral.copy()
            position[YAW] = k
            files.write(image, image, image, k / FPS, position)
    page.page.get_by_role('link', name='Runs').click()
    page.page.get_by_role('button', name='yes').click()
    page.wait_for("[...document.querySelectorAll('video')].length === 3")
    page.wait_for("[...document.querySelectorAll('video')].every((v) => v.duration > 1.5)")
    page.page.locator('#seek').evaluate(
        "(slider) => { slider.value = 1.2; slider.dispatchEvent(new Event('input')); }")
    page.wait_for("[...document.querySelectorAll('video')].every("
                  '(v) => Math.abs(v.currentTime - 1.2) < 0.051)')
    assert '1.20' in page.page.locator('#clock').text_content()
    page.wait_for("[...document.querySelector('[data-control=\"Head Yaw\"]').parentElement"
                  ".parentElement.querySelectorAll('.control-value')].at(-1).textContent"
                  ".startsWith('12')")
