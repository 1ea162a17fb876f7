"""Takes retargeted offline: the drawn person drives portrait and robot."""
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from helpers.arkit_faces import moving_face, take_text

from ros_animate import cli
from ros_animate.face.streams.values import FaceValues
from ros_animate.face.tracker_scale import tracker_scale
from ros_animate.outputs.controls_table import read_controls
from ros_animate.robot.descriptions import load_spec
from ros_animate.runtime.source_sections import source_sections

SPEC = load_spec('mock')
RELAXED = FaceValues(dict(tracker_scale('arkit').baseline), (0.0, 0.0, 0.0))


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A take: a relaxed second, three seconds of movement, half a second without a face."""
    folder = tmp_path_factory.mktemp('take')
    faces = [*[RELAXED] * 10, *(moving_face(i / 10) for i in range(30)),
             *[FaceValues(has_face=False)] * 5]
    (folder / 'take.csv').write_text(take_text(faces, 10.0))
    assert cli.main(['retarget', '--source', str(folder / 'take.csv'), '--offline', '--output',
                     str(folder / 'out'), '--quiet', '--param', 'policy.adapt_s=0']) == 0
    return folder / 'out'


def test_a_take_moves_every_group_and_rests_at_neutral(run):
    _, stamps, positions = read_controls(run / 'controls.csv')
    assert len(positions) == 45 and stamps[10] == pytest.approx(1.0, abs=0.01)
    share = (positions - SPEC.neutral) / (SPEC.high - SPEC.low)
    assert np.abs(share[:9]).max() < 0.02
    for group in SPEC.groups:
        moved = [np.ptp(share[:, i]) for i, c in enumerate(SPEC.controls) if c.group == group]
        assert max(moved) > 0.05, group


def test_the_driving_video_is_a_drawn_person_and_the_report_counts_faces(run):
    report = json.loads((run / 'report.json').read_text())
    assert report['frames'] == 45 and report['face_missing'] == 5
    video = cv2.VideoCapture(str(run / 'driving.mp4'))
    images = [image for ok, image in iter(video.read, (False, None)) if ok]
    assert len(images) == 45
    assert np.abs(images[5].astype(int) - images[25]).mean() > 2.0


def test_a_frame_of_the_take_may_be_neutral(run, tmp_path):
    take = tmp_path / 'smiling.csv'
    take.write_text(take_text([FaceValues({**RELAXED.expression, 'mouthSmileLeft': 0.4,
                                           'mouthSmileRight': 0.4})] * 4))
    assert cli.main(['retarget', '--source', str(take), '--offline', '--output',
                     str(tmp_path / 'out.csv'), '--quiet', '--neutral-frame', '0']) == 0
    _, _, positions = read_controls(tmp_path / 'out.csv')
    assert np.allclose(positions, SPEC.neutral, atol=0.02)


@pytest.mark.parametrize(('source', 'expected'), [
    ('live_link_face:', {'plugin': 'live_link_face'}),
    ('live_link_face:11112', {'plugin': 'live_link_face', 'port': 11112}),
    ('vmc:127.0.0.1:39540', {'plugin': 'vmc', 'host': '127.0.0.1', 'port': 39540}),
    ('vmc', {'plugin': 'vmc'}),
    ('ifacialmocap:192.168.1.7', {'plugin': 'ifacialmocap', 'phone': '192.168.1.7'}),
    ('facemotion3d:phone.local', {'plugin': 'ifacialmocap', 'app': 'facemotion3d',
                                  'phone': 'phone.local'}),
    ('some/Take.CSV', {'plugin': 'take', 'path': 'some/Take.CSV'})])
def test_names_of_sources(source, expected):
    assert source_sections(source) == {'motion': expected}


def test_names_of_cameras_stay(tmp_path):
    assert source_sections('demo') == {'camera': {'plugin': 'demo'}}
    assert source_sections('device:1') == {'camera': {'plugin': 'device', 'device': '1'}}


@pytest.mark.parametrize(('arguments', 'reason'), [
    (['--source', 'vmc:99999', '--offline'], 'no port'),
    (['--source', 'missing.csv', '--offline'], 'missing.csv'),
    (['--source', 'live_link_face:', '--offline'], 'is live'),
    (['--source', 'live_link_face:', '--motion', 'mediapipe'], 'gives the motion itself'),
    (['--source', 'vmc:', '--loop'], 'has no end'),
    (['--source', 'take.csv', '--offline', '--neutral-image', 'x.jpg'], 'neutral-image')])
def test_mistakes_are_one_line(arguments, reason, tmp_path, capsys):
    assert cli.main(['retarget', *arguments, '--output', str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err
    assert reason in error and error.count('\n') == 1
