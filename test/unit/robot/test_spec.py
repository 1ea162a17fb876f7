"""Robot files: what they say, and every mistake in them at once."""
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.robot.descriptions import descriptions, load_spec, robot_names
from ros_animate.robot.reader import check_spec, snake_case

GOOD = """\
name: tiny
transport: mock
groups:
  face: {max_velocity: 5, max_acceleration: 100}
controls:
  - {name: Jaw, range: [0, 60], neutral: 0, unit: deg, group: face}
  - {name: Lip Up, joint: upper_lip, range: [0, 1], neutral: 0.2, park: 0, group: face, jitter: 0.1,
     max_velocity: 9}
coupled:
  - {limiting: {Jaw: 1}, limited: Lip Up, side: upper, map: [[30, 1], [60, 0.5]]}
options: {size: 128}
rig: {anything: [1, 2]}
"""


def section_mistakes(path):
    """(RobotSpec or None, mistakes in the sections), but for sections that GOOD leaves out."""
    spec, mistakes = check_spec(path, sections=True)
    missing = ('`rig` is missing', '`face` is missing', 'rig: `controls` is missing')
    return spec, [mistake for mistake in mistakes if not any(m in mistake for m in missing)]


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / 'robot.yaml'
        path.write_text(text, encoding='utf-8')
        return path
    return write_file


def test_a_robot_file_is_read(write):
    spec = load_spec(write(GOOD))
    np.testing.assert_array_equal(spec.delay_s, [0, 0])
    late = load_spec(write(GOOD.replace('100}', '100, delay_s: 0.1}')
                           .replace('jitter: 0.1', 'jitter: 0.1, delay_s: 0')))
    np.testing.assert_array_equal(late.delay_s, [0.1, 0])
    assert (spec.name, spec.title, spec.transport) == ('tiny', 'tiny', 'mock')
    assert spec.names == ('Jaw', 'Lip Up')
    assert spec.joints == ('jaw', 'upper_lip')
    assert spec.groups == {'face': ('Jaw', 'Lip Up')}
    np.testing.assert_array_equal(spec.max_velocity, [5, 9])
    np.testing.assert_array_equal(spec.max_acceleration, [100, 100])
    np.testing.assert_array_equal(spec.park, [0, 0])
    np.testing.assert_allclose(spec.jitter, [0.4, 0.1])  # at most 0.4 degrees by default
    np.testing.assert_allclose(spec.si, [np.pi / 180, 1])
    assert spec.coupled[0].limiting == (('Jaw', 1.0),)
    assert spec.rig == {'anything': [1, 2]}
    assert spec.options == {'size': 128}
    with pytest.raises(ConfigurationError, match=r"did you mean 'Lip Up'"):
        spec.index('Lip up')
    with pytest.raises(ValueError, match='read-only'):
        spec.low[0] = 5


@pytest.mark.parametrize(('old', 'new', 'line', 'message'), [
    ('name: tiny', 'nme: tiny', 1, "did you mean 'name'"),
    ('name: tiny\n', '', 1, '`name` is missing'),
    ('max_velocity: 5', 'max_velocity: 0', 4, 'must be > 0'),
    ('max_velocity: 5', 'max_velocity: fast', 4, "expected a number, got 'fast'"),
    ('max_velocity: 5', 'max_velocity: 5, delay_s: 0.6', 4, 'between 0 and 0.5, got 0.6'),
    ('unit: deg', 'unit: deg, delay_s: -0.1', 6, 'between 0 and 0.5, got -0.1'),
    ('unit: deg', 'unit: deg, delay_s: late', 6, "expected a number, got 'late'"),
    ('range: [0, 60]', 'range: [60, 0]', 6, '60 is not below 0'),
    ('range: [0, 60]', 'range: 60', 6, 'expected [low, high]'),
    ('neutral: 0,', 'neutral: -1,', 6, 'neutral: -1 is outside the range 0 to 60'),
    ('neutral: 0,', '', 6, "`neutral` is missing in control 'Jaw'"),
    ('unit: deg', 'unit: grad', 6, "unknown unit 'grad'"),
    ('unit: deg, group: face', 'unit: deg, group: fase', 6, "did you mean 'face'"),
    ('joint: upper_lip', 'joint: Upper-Lip', 7, "write 'upper_lip'"),
    ('joint: upper_lip', 'joint: jaw', 7, "joint 'jaw' is given to two controls"),
    ('name: Lip Up', 'name: Jaw', 7, "name 'Jaw' is given to two controls"),
    ('park: 0,', 'park: 2,', 7, 'park: 2 is outside'),
    ('{Jaw: 1}', '{Jaws: 1}', 10, "did you mean 'Jaw'"),
    ('{Jaw: 1}', '{Jaw: one}', 10, "weight of 'Jaw'"),
    ('side: upper', 'side: top', 10, "expected 'lower' or 'upper'"),
    ('[[30, 1], [60, 0.5]]', '[[60, 1], [30, 0.5]]', 10, 'must increase'),
    ('[[30, 1], [60, 0.5]]', '[[30, 1], [40, 0.5]]', 10, 'not concave'),
    ('[[30, 1], [60, 0.5]]', '[[-10, 0.1], [60, 0.1]]', 10, 'the neutral pose breaks it'),
    ('[[30, 1], [60, 0.5]]', '[[30, 1], [60, -0.5]]', 10, 'leave .Lip Up. no value'),
    ('{Jaw: 1}', '{Lip Up: 1}', 10, 'depends on itself'),
    ('name: tiny', 'name: tiny\nname: two', 2, "key 'name' is given twice"),
    ('name: tiny', 'name: [', 3, 'expected'),
    ('rig: {anything: [1, 2]}', 'rig: 5', 12, 'rig: expected keys and values'),
    ('controls:', 'controls: 3\nother:', 5, 'controls: expected a list'),
])
def test_a_mistake_is_named_with_its_line(write, old, new, line, message):
    assert old in GOOD
    path = write(GOOD.replace(old, new))
    with pytest.raises(ConfigurationError, match=message.replace('[', r'\[')) as caught:
        load_spec(path)
    assert f'{path}:{line}: ' in str(caught.value)


def test_all_mistakes_are_reported_at_once(write):
    text = GOOD
    for old, new in (('max_velocity: 5', 'max_velocity: -5'), ('[0, 60]', '[60, 0]'),
                     ('unit: deg', 'unit: grad'), ('side: upper', 'side: top'),
                     ('rig:', 'rigg:')):
        text = text.replace(old, new)
    spec, mistakes = check_spec(write(text))
    assert spec is None
    lines = [int(mistake.split(':')[1]) for mistake in mistakes]
    assert lines == [4, 6, 6, 10, 12]


@pytest.mark.parametrize(('old', 'new', 'line', 'message'), [
    ('transport: mock', 'transport: moc', 2, "did you mean 'mock'"),
    ('options: {size: 128}', 'options: {size_px: 128}', 11, "did you mean 'size'"),
    ('options: {size: 128}', 'options: {size: big}', 11, 'options.size: expected int'),
    ('options: {size: 128}', 'face:\n  controls:\n    Jow: {jaw_open: [0, 0, 1]}', 13,
     "no control 'Jow'; did you mean 'Jaw'"),
    ('options: {size: 128}', 'face:\n  controls:\n    Jaw: {jaw: [0, 0, 1]}', 13, 'no muscle'),
    ('options: {size: 128}', 'face:\n  controls:\n    Jaw: {jaw_open: 1}', 13, 'three numbers'),
    ('options: {size: 128}', 'face:\n  appearance:\n    skn: [1, 2, 3]', 13,
     "did you mean 'skin'"),
    ('options: {size: 128}', 'face: {appearance: 3}', 11, 'expected keys and values'),
    ('rig: {anything: [1, 2]}', 'rig:\n  controls:\n    Jow: {jawOpen: 1}', 14,
     "no control 'Jow'; did you mean 'Jaw'"),
    ('rig: {anything: [1, 2]}', 'rig:\n  controls:\n    Jaw: {jawOpn: 1}', 14,
     "did you mean 'jawOpen'"),
    ('rig: {anything: [1, 2]}', 'rig:\n  baseline:\n    jawOpen: much', 14, 'expected a number'),
    ('rig: {anything: [1, 2]}', 'rig: {controls: {Jaw: 1}}', 12, 'blendshape: number'),
    ('rig: {anything: [1, 2]}', 'rig: {control: {}}', 12, "did you mean 'controls'"),
])
def test_a_mistake_in_a_section_of_a_single_stage_is_named_with_its_line(write, old, new, line,
                                                                         message):
    path = write(GOOD.replace(old, new).replace('rig: {anything: [1, 2]}', ''))
    spec, mistakes = section_mistakes(path)
    assert spec is None
    assert len(mistakes) == 1
    assert mistakes[0].startswith(f'{path}:{line}: ')
    assert message in mistakes[0]


def test_mistakes_of_all_sections_are_reported_beside_the_others(write):
    text = GOOD.replace('[0, 60]', '[60, 0]').replace('size', 'size_px') + 'face: {ears: {}}\n'
    _, mistakes = section_mistakes(write(text))
    assert [int(mistake.split(':')[1]) for mistake in mistakes] == [6, 11, 12, 13]


def test_limits_between_controls_are_checked_beside_mistakes_elsewhere(write):
    text = GOOD.replace('[60, 0.5]', '[40, 0.5]').replace('mock', 'moc').replace('name:', 'nme:', 1)
    _, mistakes = section_mistakes(write(text))
    assert [int(mistake.split(':')[1]) for mistake in mistakes] == [1, 1, 2, 10, 12]


def test_a_neutral_out_of_range_is_one_mistake(write):
    _, mistakes = check_spec(write(GOOD.replace('neutral: 0,', 'neutral: -1,')))
    assert len(mistakes) == 1


@pytest.mark.parametrize('text', ['', '- a\n- b\n', 'just text', 'controls: []', 'name: x'])
def test_a_file_that_is_no_robot_is_a_clear_error(write, text):
    with pytest.raises(ConfigurationError, match='robot.yaml:1: '):
        load_spec(write(text))


def test_unreadable_files_are_clear_errors(tmp_path):
    with pytest.raises(ConfigurationError, match='No such file'):
        load_spec(tmp_path / 'absent.yaml')
    (tmp_path / 'binary.yaml').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(ConfigurationError, match='UTF-8'):
        load_spec(tmp_path / 'binary.yaml')


@pytest.mark.parametrize('name', sorted(descriptions()))
def test_the_descriptions_that_come_with_the_package_are_right(name):
    spec, mistakes = check_spec(descriptions()[name], sections=True)
    assert mistakes == []
    assert spec.name == name


def test_ameca_is_the_documented_robot():
    spec = load_spec('ameca')
    assert len(spec.names) == 30
    assert spec.names[0] == 'Brow Inner Left'
    assert spec.names[13] == 'Jaw Pitch'
    assert spec.names[29] == 'Nose Wrinkle'
    assert (spec.low[8], spec.high[8]) == (-130, 130)
    assert len(spec.coupled) == 5


def test_a_robot_may_be_named_by_its_hardware_plug_in():
    spec = load_spec('ameca_zmq')
    assert (spec.name, spec.transport) == ('ameca', 'ameca_zmq')
    assert 'mock' in robot_names()


def test_an_unknown_robot_lists_the_choices():
    with pytest.raises(ConfigurationError, match='mock'):
        load_spec('amica')


@pytest.mark.parametrize(('name', 'joint'), [('Brow Inner Left', 'brow_inner_left'),
                                             ('Gaze  (deg)', 'gaze_deg'), ('x', 'x')])
def test_joint_names(name, joint):
    assert snake_case(name) == joint
