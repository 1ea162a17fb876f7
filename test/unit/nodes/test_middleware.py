"""Environment of ROS for users without a home, a name or a writable folder."""
import os
import pathlib

import pytest

from ros_animate.errors import UserError
from ros_animate.nodes import middleware
from ros_animate.runtime.environment import node_environment


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    (tmp_path / 'tmp').mkdir()
    monkeypatch.setattr(middleware.tempfile, 'gettempdir', lambda: str(tmp_path / 'tmp'))
    return tmp_path / 'tmp'


def test_a_writable_home_is_left_alone(tmp_path):
    defaults = middleware.middleware_defaults({'HOME': str(tmp_path)})
    assert defaults['HOME'] == str(tmp_path)
    assert not {'ROS_HOME', 'ROS_LOG_DIR'} & set(defaults)


def test_a_user_whom_the_system_does_not_know(monkeypatch, temporary):
    monkeypatch.delenv('HOME', raising=False)
    monkeypatch.setattr(middleware.os.path, 'expanduser', lambda path: path)
    monkeypatch.setattr(middleware, '_user_name', lambda: '')
    environment = node_environment({})
    assert pathlib.Path(environment['HOME']).is_relative_to(temporary)
    assert pathlib.Path(environment['ROS_LOG_DIR']).is_relative_to(temporary)
    assert environment['USER'] == str(os.getuid())


def test_a_home_that_cannot_be_written(temporary, monkeypatch, tmp_path):
    monkeypatch.setattr(middleware, '_can_write', lambda folder: False)
    defaults = middleware.middleware_defaults({'HOME': str(tmp_path)})
    assert defaults['HOME'] == str(tmp_path)
    for name in ('ROS_HOME', 'ROS_LOG_DIR'):
        assert pathlib.Path(defaults[name]).is_relative_to(temporary)


def test_an_emergency_stop_in_a_home_that_became_read_only_is_not_forgotten(monkeypatch, tmp_path):
    stop = tmp_path / '.ros' / 'ros_animate' / 'hardware.ameca.estop'
    stop.parent.mkdir(parents=True)
    stop.touch()
    monkeypatch.setattr(middleware, '_can_write', lambda folder: False)
    assert 'ROS_HOME' not in middleware.middleware_defaults({'HOME': str(tmp_path)})


def test_a_temporary_folder_of_somebody_else_is_refused(temporary, monkeypatch, tmp_path):
    (temporary / f'ros_animate-{os.getuid()}').symlink_to(tmp_path)
    monkeypatch.setattr(middleware, '_can_write', lambda folder: False)
    with pytest.raises(UserError, match='somebody else'):
        middleware.middleware_defaults({'HOME': str(tmp_path)})


@pytest.mark.parametrize('value', ['300', '-1', 'x', '1.5', '²', '9' * 500])
def test_a_domain_that_does_not_exist_is_named(value):
    with pytest.raises(UserError, match='ROS_DOMAIN_ID.*0 to 232'):
        node_environment({'ROS_DOMAIN_ID': value})


@pytest.mark.parametrize('value', ['', '0', '232', ' 7 '])
def test_domains(value):
    assert node_environment({'ROS_DOMAIN_ID': value})['ROS_DOMAIN_ID'] == value


def test_the_working_directory_is_not_on_the_path_of_modules():
    assert node_environment({'PYTHONPATH': ':/a::/b:'})['PYTHONPATH'] == '/a:/b'
    assert 'PYTHONPATH' not in node_environment({'PYTHONPATH': ''})
