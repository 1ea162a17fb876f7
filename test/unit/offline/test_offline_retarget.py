"""`retarget --offline` end to end, with stages that need no face."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios

import cv2
import numpy as np
import pytest

from ros_animate import cli
from ros_animate.outputs.controls_table import read_controls
from ros_animate.robot.descriptions import load_spec

VIDEOS = ['driving.mp4', 'animated.mp4', 'robot.mp4', 'side_by_side.mp4']
WAVE = [int(128 + 60 * np.sin(k / 3)) for k in range(36)]


@pytest.fixture
def retarget(stubs, stub_config, tmp_path):
    """Function: runs `retarget --offline` with further arguments; the folder with the files."""
    def run(*arguments, folder='out', status=0):
        done = cli.main(['retarget', '--offline', '--config', str(stub_config), '--quiet',
                         '--output', str(tmp_path / folder), *map(str, arguments)])
        assert done == status
        return tmp_path / folder
    return run


def count_frames(path):
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    return count


def report_of(folder):
    return json.loads((folder / 'report.json').read_text())


def jaw_of(folder):
    names, _, positions = read_controls(folder / 'controls.csv')
    return positions[:, names.index('Jaw Pitch')]


def test_every_key_of_the_report_is_documented(retarget, make_clip):
    report = report_of(retarget('--source', make_clip(WAVE[:3]), '--files', 'report'))
    text = (pathlib.Path(__file__).resolve().parents[3] / 'docs' / 'files.md').read_text()
    for key in (*report, *report['stages_ms']):
        assert f'`{key}`' in text, key


def test_controls_alone(make_clip, tmp_path, capsys):
    table = tmp_path / 'new' / 'mine.csv'
    assert cli.main(['retarget', '--source', str(make_clip(WAVE[:5])), '--offline', '--output',
                     str(table)]) == 0
    assert [p.name for p in table.parent.iterdir()] == ['mine.csv']
    assert 'wrote mine.csv' in capsys.readouterr().out
    assert len(read_controls(table)[1]) == 5


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--files', 'csv'], '--output'), (['--files', 'tsv', '--output', 'o'], "'tsv'"),
    (['--files', 'csv', '--output', 'o.csv'], 'one file')])
def test_mistakes_in_the_selection_of_files(arguments, message, make_clip, capsys):
    assert cli.main(['retarget', '--source', str(make_clip(WAVE[:3])), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_all_files_with_one_frame_and_row_per_driving_frame(retarget, make_clip):
    folder = retarget('--source', make_clip(WAVE))
    assert {count_frames(folder / name) for name in VIDEOS} == {36}
    names, stamps, _positions = read_controls(folder / 'controls.csv')
    assert tuple(names) == load_spec('ameca').names
    np.testing.assert_allclose(stamps, np.arange(36) / 30, atol=1e-3)
    assert (folder / 'controls.png').stat().st_size > 10_000
    report = report_of(folder)
    assert report['frames'] == 36 and report['face_missing'] == 0 and report['dropped'] == 0
    assert report['fps'] > 0 and set(report['computing_ms']) == {'p50', 'p95', 'p99'}
    assert list(report['stages_ms']) == ['camera', 'motion', 'animation', 'policy', 'hardware',
                                         'render']


def test_the_robot_follows_the_face(retarget, make_clip):
    jaw = jaw_of(retarget('--source', make_clip(WAVE)))
    wanted = 1 - np.array(WAVE) / 255
    after_takeover = slice(22, None)
    assert np.corrcoef(jaw[after_takeover], wanted[after_takeover])[0, 1] > 0.8


def test_the_same_result_every_time(retarget, make_clip):
    clip = make_clip(WAVE)
    one, two = (retarget('--source', clip, folder=name) for name in ('one', 'two'))
    for name in ('controls.csv', 'robot.mp4', 'animated.mp4', 'side_by_side.mp4'):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_without_a_face_the_robot_stays_neutral(retarget, make_clip):
    folder = retarget('--source', make_clip([0] * 12))
    _, _, positions = read_controls(folder / 'controls.csv')
    np.testing.assert_allclose(positions, np.tile(load_spec('ameca').neutral, (12, 1)), atol=1e-6)
    assert report_of(folder)['face_missing'] == 12
    assert count_frames(folder / 'animated.mp4') == 12


def test_a_lost_face_is_counted_and_the_robot_goes_to_neutral(retarget, make_clip):
    folder = retarget('--source', make_clip([150] * 30 + [0] * 110))
    assert report_of(folder)['face_missing'] == 110
    jaw = jaw_of(folder)
    assert jaw[29] < 0.6
    # First it holds …
    np.testing.assert_allclose(jaw[50:70], jaw[50], atol=0.02)
    # … then it goes back.
    assert jaw[-1] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize('arguments, frames', [
    (['--limit', '7'], 7), (['--duration', '0.5'], 15), (['--limit', '9', '--duration', '0.2'], 6),
    (['--loop', '--limit', '50'], 50), (['--limit', '1'], 1)])
def test_where_it_ends(retarget, make_clip, arguments, frames):
    folder = retarget('--source', make_clip(WAVE), *arguments)
    assert report_of(folder)['frames'] == frames
    assert {count_frames(folder / name) for name in VIDEOS} == {frames}


def test_mirror_exchanges_the_sides_for_policy_and_animator(retarget, make_clip, stubs):
    retarget('--source', make_clip(WAVE), '--mirror', '--limit', '3')
    assert [set(m.expression) for m in stubs.Jaw.inputs + stubs.Tint.inputs] == [{'jawRight'}] * 6


def test_a_policy_of_image_space_sees_the_animated_portrait(retarget, make_clip, stubs):
    jaw = jaw_of(retarget('--source', make_clip([150] * 30), '--policy', 'jaw_of_image'))
    assert {frame.image.shape for frame in stubs.Jaw.inputs} == {(64, 64, 3)}
    assert jaw[-1] == pytest.approx(1 - 150 / 255, abs=0.03)


def test_an_animator_that_sees_otherwise_gets_its_own_extractor(retarget, make_clip, stubs):
    folder = retarget('--source', make_clip([150] * 4), '--motion', 'mediapipe',
                      '--param', 'animation.level=0.5')
    # The policy follows mediapipe, which finds no face; the animator still moves.
    assert report_of(folder)['face_missing'] == 4
    assert [m.confidence for m in stubs.Tint.inputs] == [0.5] * 4


def test_a_real_robot_is_never_driven_offline(retarget, make_clip):
    folder = retarget('--source', make_clip(WAVE), '--robot', 'motor', '--limit', '3',
                      '--param', 'hardware.level=1.0')
    assert count_frames(folder / 'robot.mp4') == 3


def test_options_of_the_safety_layer_stand_with_the_hardware(retarget, make_clip):
    folder = retarget('--source', make_clip([200] * 30), '--param',
                      "hardware.ranges=['Jaw Pitch=0.7:1']")
    assert jaw_of(folder).min() == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize('arguments, needles', [
    (['--source', 'missing.mp4'], ['missing.mp4']),
    (['--source', '{clip}', '--robot', 'amica'], ['amica', 'mock']),
    (['--source', '{clip}', '--animator', 'fom'], ['fom', 'mesh_warp']),
    (['--source', '{clip}', '--policy', 'blendshape'], ['blendshape', 'blendshape_map']),
    (['--source', '{clip}', '--motion', 'x'], ["'x'", 'mediapipe']),
    (['--source', '{clip}', '--config', 'none.yaml'], ['none.yaml']),
    (['--source', '{clip}', '--param', 'smoothing.no_such_option=3'], ['no_such_option']),
    (['--source', '{clip}', '--param', 'hardware.no_such_option=3'], ['no_such_option']),
    (['--source', '{clip}', '--param', 'hardware.stale_s=-1'], ['stale_s', '-1']),
    (['--source', '{clip}', '--param', 'nonsense'], ['nonsense']),
    (['--source', '{clip}', '--portrait', 'nobody.png'], ['nobody.png']),
    (['--source', '{clip}', '--output', '{clip}'], ['clip.mp4']),
    (['--source', '{clip}', '--record', 'bag'], ['--record', '--offline']),
    (['--source', 'topic:/image_raw'], ['--offline']),
    (['--source', 'device', '--loop'], ['--loop', 'device']),
])
def test_a_mistake_is_one_line_that_names_it(retarget, make_clip, capsys, arguments, needles):
    clip = make_clip(WAVE[:3])
    retarget(*(text.format(clip=clip) for text in arguments), status=2)
    error = capsys.readouterr().err
    assert error.startswith('ros_animate: error: ') and error.count('\n') == 1
    assert all(needle in error for needle in needles), error


@pytest.mark.parametrize('content', [b'', b'this is no video'])
def test_a_source_that_is_no_video(stub_config, stub_environment, tmp_path, content):
    """A process of its own: the libraries' own complaints must not reach the terminal either."""
    (tmp_path / 'broken.mp4').write_bytes(content)
    done = subprocess.run(
        [sys.executable, '-m', 'ros_animate', 'retarget', '--offline', '--source',
         str(tmp_path / 'broken.mp4'), '--config', str(stub_config), '--output',
         str(tmp_path / 'out')], env=stub_environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith('ros_animate: error: ') and done.stderr.count('\n') == 1
    assert 'broken.mp4' in done.stderr


def test_offline_needs_a_folder(stubs, capsys):
    assert cli.main(['retarget', '--offline', '--source', 'x']) == 2
    assert '--output' in capsys.readouterr().err


@pytest.mark.parametrize('option, value', [('--limit', '0'), ('--limit', '-3'), ('--limit', 'x'),
                                           ('--duration', '0'), ('--duration', 'nan'),
                                           ('--duration', 'inf')])
def test_numbers_that_are_none(capsys, option, value):
    with pytest.raises(SystemExit) as exit:
        cli.main(['retarget', option, value])
    assert exit.value.code == 2 and option in capsys.readouterr().err


def test_an_error_midway_leaves_what_was_done(retarget, tmp_path, capsys):
    folder = tmp_path / 'shots'
    folder.mkdir()
    for index in range(12):
        cv2.imwrite(str(folder / f'{index}.png'), np.full((48, 64, 3), 100, np.uint8))
    (folder / '9.png').write_bytes(b'broken')
    out = retarget('--source', folder, status=2)
    assert '9.png' in capsys.readouterr().err
    assert {count_frames(out / name) for name in VIDEOS} == {8}
    assert len(read_controls(out / 'controls.csv')[1]) == report_of(out)['frames'] == 8


@pytest.mark.parametrize('number, status', [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_interrupted_it_leaves_valid_files(make_clip, stub_config, stub_environment, tmp_path,
                                           number, status):
    process = subprocess.Popen(
        [sys.executable, '-m', 'ros_animate', 'retarget', '--offline', '--loop', '--source',
         str(make_clip(WAVE)), '--config', str(stub_config), '--output', str(tmp_path / 'out')],
        env=stub_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    table = tmp_path / 'out' / '.part.controls.csv'
    while process.returncode is None and not (table.exists() and table.stat().st_size > 8192):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == status, errors
    assert 'Traceback' not in errors
    out = tmp_path / 'out'
    rows = len(read_controls(out / 'controls.csv')[1])
    assert rows > 10 and report_of(out)['frames'] in (rows, rows - 1)
    assert {count_frames(out / name) for name in VIDEOS} <= {rows, rows - 1}
    assert not list(out.glob('.part.*'))


def test_the_progress_bar_shows_rate_and_time_left(make_clip, stub_config, stub_environment,
                                                   tmp_path):
    """On a terminal; into a file it writes whole lines only."""
    command = [sys.executable, '-m', 'ros_animate', 'retarget', '--offline', '--source',
               str(make_clip(WAVE)), '--config', str(stub_config), '--output', str(tmp_path / 'o')]
    plain = subprocess.run(command, env=stub_environment, capture_output=True, text=True,
                           check=True)
    assert '\r' not in plain.stderr and '36 frames' in plain.stdout
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    process = subprocess.Popen(command, env=stub_environment, stdout=subprocess.DEVNULL,
                               stderr=follower)
    os.close(follower)
    shown = b''
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    assert process.wait(timeout=300) == 0
    os.close(leader)
    assert re.search(r'36/36 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+frame/s\]', shown.decode())
