"""Layers of configuration: who wins, and what is refused."""
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError, parse_assignment
from ros_animate.plugins import STAGES
from ros_animate.settings import TOP_LEVEL, load_settings, overlay, parse_param


def write(path, text):
    path.write_text(text)
    return path


def test_the_defaults():
    settings = load_settings()
    assert settings.robot == 'mock' and settings.mirror is False
    assert settings.plugin('motion') == 'mediapipe'
    assert settings.plugin('hardware') == 'mock'
    assert set(settings.stages) == set(STAGES)
    settings.check(['camera', 'motion', 'hardware'])


def test_later_layers_win(tmp_path):
    one = write(tmp_path / '1.yaml', 'motion: {takeover: 3, min_presence: 0.25}\nmirror: true\n')
    two = write(tmp_path / '2.yaml', 'motion: {takeover: 4}\n')
    settings = load_settings([one, two], ['motion.min_tracking=0.75'], robot='ameca')
    assert settings.options('motion') == {'takeover': 4, 'min_presence': 0.25,
                                          'min_tracking': 0.75}
    assert settings.mirror is True and settings.robot == 'ameca'


def test_options_go_with_the_plugin_they_belong_to(tmp_path):
    file = write(tmp_path / 'a.yaml', 'camera: {plugin: device, width: 1280}\n')
    settings = load_settings([file], camera={'plugin': 'video', 'path': 'a.mp4'})
    assert settings.options('camera') == {'path': 'a.mp4'}
    same = load_settings([file], camera={'plugin': 'device', 'height': 720})
    assert same.options('camera') == {'width': 1280, 'height': 720}


def test_params_belong_to_the_plugin_that_is_selected_beside_them():
    settings = load_settings(params=['camera.fps=12'], camera={'plugin': 'images', 'path': 'p'})
    assert settings.options('camera') == {'path': 'p', 'fps': 12}


def test_an_empty_section_changes_nothing(tmp_path):
    file = write(tmp_path / 'a.yaml', 'motion:\n')
    assert load_settings([file]).plugin('motion') == 'mediapipe'


@pytest.mark.parametrize('text, named', [
    ('smoothin: {}\n', 'smoothin'),
    ('smoothing: 3\n', 'smoothing'),
    ('robot: 3\n', 'robot'),
    ('mirror: 1\n', 'mirror'),
    ('motion: {1: 2}\n', 'motion'),
])
def test_a_mistake_in_a_file_names_file_and_key(tmp_path, text, named):
    with pytest.raises(ConfigurationError, match=rf'bad\.yaml: .*{named}'):
        load_settings([write(tmp_path / 'bad.yaml', text)])


@pytest.mark.parametrize('section, stage, named', [
    ({'no_such_option': 3}, 'motion', 'no_such_option'),
    ({'plugin': 'mediapip'}, 'motion', "did you mean 'mediapipe'"),
    ({'plugin': 3}, 'motion', 'motion.plugin'),
    ({'plugin': None}, 'motion', 'motion.plugin'),
    ({'takeover': 'two'}, 'motion', 'takeover'),
    ({'takeover': 0}, 'motion', 'takeover'),
])
def test_check_names_what_is_wrong(section, stage, named):
    with pytest.raises(ConfigurationError, match=named):
        load_settings(**{stage: section}).check([stage])


def test_an_unknown_robot_lists_the_choices():
    with pytest.raises(ConfigurationError, match=r'amica.*mock'):
        load_settings(robot='amica').check(['hardware'])


@pytest.mark.parametrize('text, expected', [
    ('motion.takeover=3', {'motion': {'takeover': 3}}),
    ('hardware.address=tcp://127.0.0.1:16666', {'hardware': {'address': 'tcp://127.0.0.1:16666'}}),
    ('mirror=true', {'mirror': True}),
    ('camera.path=a=b.mp4', {'camera': {'path': 'a=b.mp4'}}),
])
def test_parse_param(text, expected):
    assert parse_param(text) == expected


@pytest.mark.parametrize('text', ['motion', 'motion.takeover', 'a.b.c=1', '.x=1', 'x.=1', '=1',
                                  'motion.x=[1'])
def test_a_malformed_param_is_named(text):
    with pytest.raises(ConfigurationError) as error:
        parse_param(text)
    assert text in str(error.value)


@given(st.text())
def test_any_param_parses_or_is_refused(text):
    try:
        parsed = parse_param(text)
    except ConfigurationError:
        return
    assert len(parsed) == 1


values = st.one_of(st.integers(), st.booleans(), st.text(), st.none())
sections = st.one_of(st.none(), st.dictionaries(st.sampled_from(['plugin', 'a', 'b']), values))
layers = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(STAGES, sections),
    'robot': st.text(), 'mirror': st.booleans()})


@given(layers, layers)
def test_overlay_lets_the_upper_layer_win_and_keeps_the_rest(below, above):
    merged = overlay(overlay({}, below, ''), above, '')
    for key in TOP_LEVEL:
        if key in above:
            assert merged[key] == above[key]
    for stage in STAGES:
        assert (above.get(stage) or {}).items() <= (merged.get(stage) or {}).items()
        if stage not in above:
            assert (merged.get(stage) or {}) == (below.get(stage) or {})


def test_settings_survive_a_file(tmp_path):
    settings = load_settings(params=['motion.takeover=3', 'mirror=true'], robot='ameca')
    file = write(tmp_path / 's.yaml', yaml.safe_dump(settings.as_mapping()))
    again = load_settings([file])
    assert again.as_mapping() == settings.as_mapping()


def test_options_of_a_node_are_left_to_the_node():
    settings = load_settings(params=['motion.silence_s=3', 'motion.min_presence=0.25'])
    settings.check(['motion'], node_options=True)
    with pytest.raises(ConfigurationError, match='silence_s'):
        settings.check(['motion'])
    wrong = load_settings(params=['motion.silence_s=3', 'motion.min_presence=7'])
    with pytest.raises(ConfigurationError, match='min_presence'):
        wrong.check(['motion'], node_options=True)


@pytest.mark.parametrize('text, value', [
    ('a=1', 1), ('a=1e-3', 1e-3), ('a=1.5e3', 1500.0), ('a=-.5E+2', -50.0), ('a=true', True),
    ('a=', None), ('a=[1, x]', [1, 'x']), ('a=1e', '1e'), ('a=e5', 'e5'), ('a=nan', 'nan'),
    ('a=x=1', 'x=1')])
def test_assignments_hold_yaml_and_scientific_numbers(text, value):
    key, found = parse_assignment(text)
    assert (key, found) == ('a', value) and type(found) is type(value)


@pytest.mark.parametrize('text', ['a', '', '=1', ' =1', 'a=[', 'a=2001-99-99'])
def test_a_malformed_assignment_is_named(text):
    with pytest.raises(ConfigurationError, match=r'name=value|not valid YAML') as error:
        parse_assignment(text, 'name=value')
    assert text in str(error.value)
