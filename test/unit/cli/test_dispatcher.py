"""The dispatcher: what every verb gets from it."""
import dataclasses
import os
import subprocess
import sys
import textwrap

import pytest

from ros_animate import cli, plugins
from ros_animate.errors import UserError

HEAVY = {'cv2', 'mediapipe', 'torch', 'rclpy', 'av', 'matplotlib'}


def in_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, '-c', textwrap.dedent(code)], text=True,
                          capture_output=True, check=True)
    return done.stdout.strip()


def test_help_imports_nothing_heavy():
    loaded = in_fresh_process(f"""
        import sys
        from ros_animate import cli
        cli.make_parser(cli.verbs())
        print(sorted({HEAVY!r} & sys.modules.keys()))""")
    assert loaded == '[]'


def test_without_arguments_it_says_what_it_can_do(capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert 'examples:' in out
    for verb in cli.verbs():
        assert f'  {verb}' in out


@pytest.mark.parametrize('verb', cli.verbs())
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main([verb, '--help'])
    assert exit.value.code == 0
    assert f'ros_animate {verb}' in capsys.readouterr().out


def test_an_unknown_verb_is_one_line_with_the_choices(capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(['retarte'])
    err = capsys.readouterr().err
    assert exit.value.code == 2
    assert err.startswith('ros_animate: error: ') and err.count('\n') == 1
    assert 'retarte' in err and 'plugins' in err


@pytest.mark.parametrize('error, status, message', [
    (UserError('no such face'), 2, 'ros_animate: error: no such face\n'),
    (KeyboardInterrupt(), 130, ''),
])
def test_exit_status_of_what_a_verb_raises(error, status, message, monkeypatch, capsys):
    from ros_animate.commands import plugins

    def fail(args):
        raise error
    monkeypatch.setattr(plugins, 'run', fail)
    assert cli.main(['plugins', 'list']) == status
    assert capsys.readouterr().err == message


def test_a_defect_keeps_its_traceback(monkeypatch):
    from ros_animate.commands import plugins

    def fail(args):
        raise ZeroDivisionError
    monkeypatch.setattr(plugins, 'run', fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(['plugins', 'list'])


@pytest.mark.parametrize('unbuffered', ['', '1'])
def test_a_reader_that_leaves_is_no_error(unbuffered):
    process = subprocess.Popen([sys.executable, '-m', 'ros_animate', 'plugins', 'list'],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, 'PYTHONUNBUFFERED': unbuffered})
    process.stdout.close()
    assert process.stderr.read() == ''
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_plugins_list_names_every_stage(capsys):
    assert cli.main(['plugins', 'list']) == 0
    out = capsys.readouterr().out
    assert [line.rstrip(':') for line in out.splitlines() if line[0] != ' '] == [
        'camera', 'motion', 'animation', 'policy', 'smoothing', 'hardware']


def test_plugins_list_of_an_unknown_stage(capsys):
    assert cli.main(['plugins', 'list', 'moton']) == 2
    assert "'moton'" in capsys.readouterr().err


@pytest.mark.parametrize('stage, name', [(stage, name) for stage in plugins.STAGES
                                         for name in plugins.available(stage)])
def test_every_plugin_can_be_shown(stage, name, capsys):
    assert cli.main(['plugins', 'show', stage, name]) == 0
    shown = capsys.readouterr().out
    config = plugins.find(stage, name).Config
    for field in dataclasses.fields(config):
        assert f'{stage}.{field.name} = ' in shown and field.metadata['help'] in shown
    assert config() is not None, 'every option has a default'


def test_an_unknown_plugin_is_refused_with_the_choices(capsys):
    assert cli.main(['plugins', 'show', 'motion', 'mediapip']) == 2
    assert 'mediapipe' in capsys.readouterr().err
