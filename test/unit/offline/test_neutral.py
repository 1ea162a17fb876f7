"""The person's neutral face of an offline run: a frame of the source, or an image."""
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate import cli
from ros_animate.offline.neutral import NeutralChoice, parse_neutral_frame

LEVELS = [100] * 10 + [150] * 10 + [0] * 10


@pytest.fixture
def calibrations(stubs, monkeypatch):
    """Observations that the policy and the animator were calibrated with, before frame 0."""
    seen = {'policy': [], 'animator': []}

    def keep(name):
        def calibrate(self, observation):
            assert not stubs.Jaw.inputs
            seen[name].append(observation)
        return calibrate
    monkeypatch.setattr(stubs.Jaw, 'calibrate', keep('policy'))
    monkeypatch.setattr(stubs.Tint, 'calibrate', keep('animator'))
    return seen


@pytest.fixture
def retarget(calibrations, stub_config, make_clip, tmp_path, capsys):
    """Function: runs `retarget --offline` with further arguments; (status, error text)."""
    clip = make_clip(LEVELS)

    def run(*arguments):
        status = cli.main(['retarget', '--offline', '--config', str(stub_config), '--quiet',
                           '--limit', '3', '--output', str(tmp_path / 'out'), '--source',
                           str(clip), *arguments])
        return status, capsys.readouterr().err
    return run


@pytest.mark.parametrize('text, level', [('0', 100), ('12', 150), ('0.2', 100), ('0.5s', 150)])
def test_a_frame_of_the_source(retarget, calibrations, text, level):
    assert retarget('--neutral-frame', text)[0] == 0
    for motions in calibrations.values():
        assert [m.expression['jawLeft'] for m in motions] == [pytest.approx(level / 255, abs=0.03)]


def test_an_image(retarget, calibrations, tmp_path):
    cv2.imwrite(str(tmp_path / 'neutral.png'), np.full((48, 64, 3), 51, np.uint8))
    assert retarget('--neutral-image', str(tmp_path / 'neutral.png'))[0] == 0
    assert calibrations['policy'][0].expression['jawLeft'] == pytest.approx(0.2)


def test_a_policy_of_image_space_gets_the_neutral_portrait(retarget, calibrations):
    assert retarget('--policy', 'jaw_of_image', '--neutral-frame', '12')[0] == 0
    assert calibrations['policy'][0].image.mean() == pytest.approx(150, abs=8)


def test_by_default_nothing_is_calibrated(retarget, calibrations):
    assert retarget()[0] == 0
    assert calibrations == {'policy': [], 'animator': []}


@pytest.mark.parametrize('arguments, complaint', [
    (['--neutral-frame', '500'], 'the source ends after 30 frames, at 0.97 s'),
    (['--neutral-frame', '9.5'], 'the source ends after 30 frames'),
    (['--neutral-frame', '25'], 'there is no face in the frame that is to be neutral'),
    (['--neutral-frame', 'x'], "got 'x'"), (['--neutral-frame', '-1'], "got '-1'"),
    (['--neutral-frame', 'nan'], "got 'nan'"), (['--neutral-frame', '9' * 400], "got '999"),
    (['--neutral-image', 'missing.png'], 'missing.png')])
def test_a_mistake_is_one_line_that_names_it(retarget, arguments, complaint):
    status, error = retarget(f'{arguments[0]}={arguments[1]}')
    assert status == 2
    assert error.count('\n') == 1 and complaint in error and len(error) < 300


def test_a_live_run_names_the_verb_instead(capsys):
    assert cli.main(['retarget', '--source', 'demo', '--neutral-frame', '3']) == 2
    assert 'ros_animate calibrate-neutral' in capsys.readouterr().err


@given(st.one_of(st.text(max_size=30), st.floats().map(str), st.integers().map(str)))
def test_any_text_is_a_choice_or_a_value_error(text):
    try:
        choice = parse_neutral_frame(text)
    except ValueError:
        return
    assert isinstance(choice, NeutralChoice) and choice.image is None
    assert (choice.frame is None) != (choice.second is None)
    assert choice.frame is None or choice.frame >= 0
    assert choice.second is None or 0 <= choice.second < float('inf')
