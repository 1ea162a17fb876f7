"""Babbling: within all limits, paused with a reason, nothing learned from what is disturbed."""
import numpy as np
import pytest
from helpers.calibration_studio import FPS, Studio

from ros_animate.calibration.journal import JournalError, open_journal
from ros_animate.robot.coupled_limits import CoupledSet

BLOCKS = 5


def assert_limits(studio):
    """Everything that the robot got keeps its ranges and coupled limits, at the reduced speed."""
    spec = studio.spec
    now_s = np.array([at for at, _ in studio.sent])
    path = np.array([position for _, position in studio.sent])
    allowed = CoupledSet(spec, spec.low, spec.high)
    assert (path >= spec.low - 1e-9).all() and (path <= spec.high + 1e-9).all()
    for pose in path:
        projected = pose.copy()
        allowed.project(projected)
        assert np.allclose(projected, pose, atol=1e-6)
    dt = np.diff(now_s)[:, None]
    velocity = np.diff(path, axis=0) / dt
    assert (np.abs(velocity) <= studio.speed * spec.max_velocity * 1.0001).all()
    change = np.diff(velocity, axis=0)
    assert (np.abs(change) <= studio.speed * spec.max_acceleration * dt[1:] * 1.0001).all()


def during(kind, start, stop):
    """A disturbance from one image to another."""
    return lambda number: kind if start <= number < stop else ''


@pytest.fixture
def plain(tmp_path):
    """What is seen without any disturbance."""
    return Studio().babble(tmp_path / 'plain', blocks=BLOCKS)


def test_it_sees_every_pose(plain):
    assert len(plain.blocks) == BLOCKS and not plain.pauses
    assert not any(taken.reason for taken in plain.taken)
    assert len(plain.observations(Studio().spec.names)) == len(plain.taken)


@pytest.mark.parametrize('kind, words', [
    ('no face', 'no face'), ('hand', 'something before the camera'), ('near', 'as large'),
    ('silent', 'no image for'), ('estop', 'emergency stop'), ('stalled', 'stalled'),
    pytest.param('fault', 'motor 7 is hot', marks=pytest.mark.slow)])
def test_it_pauses_with_a_reason_and_learns_nothing_meanwhile(tmp_path, plain, kind, words):
    studio = Studio()
    studio.disturb = during(kind, 60, 330 if kind == 'silent' else 180)
    journal = studio.babble(tmp_path / 'disturbed', blocks=BLOCKS)
    assert any(words in reason for reason in journal.pauses), journal.pauses
    assert any(line == 'going on' for line in studio.said)
    names = studio.spec.names
    undisturbed, after = plain.observations(names), journal.observations(names)
    assert np.allclose(after.controls, undisturbed.controls, atol=1e-3)
    assert np.allclose(after.expression, undisturbed.expression, atol=0.02)
    assert np.allclose(after.angles_deg, undisturbed.angles_deg, atol=0.5)
    assert_limits(studio)
    assert np.allclose(studio.sent[-1][1], studio.spec.neutral)


def test_a_hostile_camera_breaks_no_limit(tmp_path):
    kinds = ('', 'hand', 'no face', '', 'near', 'silent', 'estop', '', 'stalled', 'fault', '')
    studio = Studio('ameca', speed=1.0)
    studio.disturb = lambda number: (kinds[number // 23 % len(kinds)] if 10 < number < 700
                                     else '')
    journal = studio.babble(tmp_path / 'ameca', blocks=4)
    assert len(journal.blocks) == 4 and journal.pauses
    assert_limits(studio)


def test_a_hand_before_the_camera_at_the_beginning_does_not_count_as_neutral(tmp_path, plain):
    studio = Studio()
    studio.disturb = lambda number: 'hand' if number < 30 else ''
    journal = studio.babble(tmp_path / 'disturbed', blocks=BLOCKS)
    assert any('begins again' in line for line in studio.said)
    undisturbed, after = (j.observations(studio.spec.names) for j in (plain, journal))
    assert np.allclose(after.expression, undisturbed.expression, atol=0.02)


def test_the_file_of_the_emergency_stop_stops_it(tmp_path):
    studio, file = Studio(), tmp_path / 'stops' / 'robot.estop'
    studio.stop_file = str(file)

    def check():
        number = int(studio.time.now_s * FPS)
        if number in (40, 41):
            file.touch()
        elif number > 200:
            file.unlink(missing_ok=True)
    studio.check = check
    journal = studio.babble(tmp_path / 'stopped', blocks=BLOCKS)
    assert journal.pauses == ['the emergency stop is in force: reset it']
    held = [position for at, position in studio.sent if 45 / FPS < at < 195 / FPS]
    assert np.ptp(held, axis=0).max() == 0


@pytest.mark.parametrize('tick', [
    151, *(pytest.param(tick, marks=pytest.mark.slow) for tick in (100, 233))])
def test_interrupted_it_goes_to_neutral_and_goes_on_later(tmp_path, plain, tick):
    studio = Studio()

    def check():
        if len(studio.sent) == tick:
            raise KeyboardInterrupt
    studio.check = check
    with pytest.raises(KeyboardInterrupt):
        studio.babble(tmp_path / 'broken', blocks=BLOCKS)
    assert np.allclose(studio.sent[-1][1], studio.spec.neutral)
    again = Studio()
    journal = again.babble(tmp_path / 'broken', blocks=BLOCKS)
    assert len(again.sent) < len(studio.sent) + 600
    before = plain.observations(studio.spec.names)
    after = journal.observations(studio.spec.names)
    assert np.allclose(after.controls, before.controls, atol=1e-3)
    assert np.allclose(after.angles_deg, before.angles_deg, atol=0.5)


def test_a_torn_line_is_taken_again(tmp_path, plain):
    file = plain.folder / 'poses.jsonl'
    file.write_bytes(file.read_bytes()[:-40])
    journal = Studio().babble(plain.folder, blocks=BLOCKS)
    assert len(journal.blocks) == BLOCKS


def test_a_folder_of_another_seed_is_refused(plain):
    with pytest.raises(JournalError, match='begun with seed 0, not 1'):
        Studio().babble(plain.folder, seed=1, blocks=BLOCKS)


def test_a_folder_in_which_nothing_was_learned_is_begun_anew(tmp_path):
    for seed in (0, 1):
        with open_journal(tmp_path / 'begun', {'seed': seed}) as journal:
            journal.note_pause('no face')
            assert journal.pauses == ['no face']
    (tmp_path / 'begun/poses.jsonl').write_text('{"mine": 1}\n')
    with pytest.raises(JournalError), open_journal(tmp_path / 'begun', {'seed': 1}):
        pass
    assert (tmp_path / 'begun/poses.jsonl').read_text() == '{"mine": 1}\n'


def test_a_folder_of_another_robot_is_refused(plain):
    with pytest.raises(JournalError, match="robot 'servo_head', not 'ameca'"):
        Studio('ameca').babble(plain.folder, blocks=BLOCKS)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(JournalError, match='something else'):
        Studio().babble(tmp_path)


@pytest.mark.slow
def test_a_control_that_does_not_follow_is_left_alone(tmp_path):
    studio = Studio()
    dead = studio.spec.index('Jaw')
    studio.dead = (dead,)
    journal = studio.babble(tmp_path / 'dead', count=60)
    assert list(journal.stuck) == ['Jaw'] and any('left alone' in line for line in studio.said)
    observations = journal.observations(studio.spec.names)
    assert np.allclose(observations.controls[:, dead], studio.spec.neutral[dead])
    assert len(observations) > 40
