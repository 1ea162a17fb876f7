"""`ros_animate collect`: the same pairs however it runs, whatever stops it."""
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from helpers.collection_helpers import content, lines, start, values
from helpers.waiting import wait_until

from ros_animate.cli import main
from ros_animate.collection.rendered import RenderedPairs
from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.face.finder import find_face
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')
COUNT = 60


def collect(folder, *arguments, seed=3, size=64, count=COUNT):
    return main(['collect', '--count', str(count), '--seed', str(seed), '--size', str(size),
                 '--output', str(folder), '--quiet', *arguments])


def images(folder):
    return [cv2.imread(str(folder / line['file_name'])) for line in lines(folder)]


@pytest.fixture(scope='module')
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp('collected') / 'data'
    assert collect(folder, '--workers', '1') == 0
    return folder


def test_images_and_values(collected):
    assert values(collected).shape == (COUNT, 30)
    assert all(image.shape == (64, 64, 3) for image in images(collected))
    assert len({image.tobytes() for image in images(collected)}) == COUNT


def test_workers_make_the_same_pairs(collected, tmp_path):
    with start('--count', 25, '--seed', 3, '--size', 64, '--output', tmp_path / 'a',
               '--workers', 2) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert '25 pairs, 25 new' in out and err == ''
    assert np.array_equal(values(tmp_path / 'a'), values(collected)[:25])
    for line in lines(tmp_path / 'a'):
        assert (tmp_path / 'a' / line['file_name']).read_bytes() == (
            collected / line['file_name']).read_bytes()


def test_another_seed_makes_other_pairs(collected, tmp_path):
    collect(tmp_path, seed=4, count=2)
    assert not np.array_equal(values(tmp_path), values(collected)[:2])


@pytest.mark.parametrize('number, status', [(signal.SIGKILL, -9), (signal.SIGINT, 130),
                                            (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_stopped_run_is_a_valid_folder_and_goes_on(collected, tmp_path, number, status):
    arguments = ('--seed', 3, '--size', 64, '--output', tmp_path, '--workers', 2)
    with start('--count', 100000, *arguments) as process:
        metadata = tmp_path / 'metadata.jsonl'
        wait_until(lambda: metadata.exists() and metadata.stat().st_size > 0, process)
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert process.returncode == status and 'Traceback' not in err
    known = lines(tmp_path)
    assert known and all(image is not None for image in images(tmp_path))
    collect(tmp_path)
    assert lines(tmp_path)[:COUNT] == lines(collected)[:max(COUNT, len(known))]
    expected = content(collected)
    for name, data in content(tmp_path).items():
        if name.startswith('images') and name in expected:
            assert data == expected[name]


def test_nothing_slow_is_imported():
    code = ('import sys; from ros_animate.collection import collecting, rendered; '
            "print({'torch', 'mediapipe', 'matplotlib', 'rclpy'} & sys.modules.keys())")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'set()'


@pytest.mark.parametrize('arguments, message', [
    (['--robot', 'nobody'], 'nobody'),
    (['--count', '0'], '> 0'),
    (['--count', 'many'], 'many'),
    (['--seed', '-1'], '>= 0'),
    (['--size', '8'], '64 to 2048'),
    (['--workers', '0'], '> 0'),
    (['--exaggerated', '1.5'], '0 to 1'),
    (['--exaggerated', '0.3', '--images', '/camera/image_raw'], '--exaggerated'),
    (['--animator', 'mesh_wrap'], 'mesh_warp'),
    (['--param', 'animation.size=128'], '--animator'),
    (['--animator', 'mesh_warp', '--param', 'animation.sixe=128'], 'sixe'),
    (['--animator', 'mesh_warp', '--portrait', 'nowhere.png'], 'nowhere.png'),
])
def test_mistakes_are_one_line(arguments, message, tmp_path, capsys):
    given = ['collect', '--count', '3', '--output', str(tmp_path / 'x'), '--workers', '1']
    try:
        status = main([*given, *arguments])
    except SystemExit as exit:
        status = exit.code
    err = capsys.readouterr().err
    assert status == 2 and message in err and err.count('\n') == 1


def test_landmarks_lie_where_a_tracker_finds_them():
    maker = RenderedPairs(load_spec('mock'), seed=5, size=256)
    turned, distances = 0, []
    for pair in maker.make(0, 0, 16):
        image = cv2.cvtColor(cv2.imdecode(np.frombuffer(pair.jpeg, np.uint8), cv2.IMREAD_COLOR),
                             cv2.COLOR_BGR2RGB)
        found = find_face(image)
        if found is None:
            continue
        points = 256 * pair.landmarks
        away = np.linalg.norm(found[list(FEATURE_POINTS), :2] - points, axis=1)
        distances.append(np.median(away) / np.ptp(points[:, 1]))
        turned += abs(pair.values[SPEC.index('Head Roll')]) > 3
    assert len(distances) >= 8 and turned >= 2
    assert np.median(distances) < 0.03
