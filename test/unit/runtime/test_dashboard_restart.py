"""A run that the dashboard starts anew with other plug-ins."""
import importlib.util

import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.runtime.dashboard import dashboard_program, rerun_program
from ros_animate.runtime.live import restarted
from ros_animate.runtime.live_programs import is_repeatable
from ros_animate.settings import RunOptions, load_settings


def test_other_plugins_take_their_default_options():
    settings = load_settings(params=['policy.mouth=1.3', 'camera.plugin=demo'])
    changed = restarted(settings, {'policy': 'bc_z', 'robot': 'ameca', 'camera': 'evil'})
    assert changed.plugin('policy') == 'bc_z' and changed.robot == 'ameca'
    assert changed.plugin('camera') == 'demo'
    assert restarted(settings, {'policy': settings.plugin('policy')}).options('policy') == {
        'mouth': 1.3}


@pytest.mark.parametrize('request_', [{'policy': 'nonsense'}, {'robot': 'nobody'},
                                      {'animation': '../x'}])
def test_impossible_choices_are_refused(request_):
    with pytest.raises(ConfigurationError):
        restarted(load_settings(params=['camera.plugin=demo']), request_)


def test_a_run_that_makes_files_is_not_started_anew(tmp_path):
    assert is_repeatable(RunOptions())
    for options in ({'output': tmp_path}, {'record': tmp_path}, {'limit': 3}, {'duration_s': 1.0}):
        assert not is_repeatable(RunOptions(**options))


def test_the_run_goes_on_without_the_dashboard():
    pytest.importorskip('nicegui')
    assert not dashboard_program('left', restarts=True).vital


@pytest.mark.parametrize('module, start, remedy', [
    ('nicegui', lambda: dashboard_program(''), 'pip install nicegui'),
    ('rerun', lambda: rerun_program('', 'run.rrd'), 'pip install rerun-sdk')])
def test_an_optional_library_that_is_missing_is_named(monkeypatch, module, start, remedy):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec',
                        lambda name, *more: None if name == module else found(name, *more))
    with pytest.raises(UserError, match=remedy):
        start()
