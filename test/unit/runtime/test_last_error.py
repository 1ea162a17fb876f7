"""The one line that says why a program has crashed."""
import subprocess
import sys

import pytest

from ros_animate import processes
from ros_animate.runtime.last_error import MAX_LENGTH, last_error


def crash(code, tmp_path):
    path = tmp_path / 'plugin.py'
    path.write_text(code)
    done = subprocess.run([sys.executable, str(path)], text=True, capture_output=True)
    return done.stderr.splitlines()


@pytest.mark.parametrize('code, expected', [
    ("def act():\n    return {}['mouth']\nact()", "KeyError: 'mouth' ({path}:2)"),
    ("import json\njson.loads('{')", '{path}:2)'),
    ("try:\n    1 / 0\nexcept Exception:\n    raise ValueError('second')",
     'ValueError: second ({path}:4)'),
    ("raise ValueError('one\\ntwo')", 'ValueError: one ({path}:1)'),
    ('raise ValueError', 'ValueError ({path}:1)'),
    ("import sys; sys.exit('no such robot')", 'no such robot'),
    ("import sys\nprint('ros_animate: error: a\\nlater', file=sys.stderr)", 'a'),
    ('', 'no message')])
def test_type_message_and_place(code, expected, tmp_path):
    assert last_error(crash(code, tmp_path)).endswith(
        expected.format(path=tmp_path / 'plugin.py'))


def test_a_long_message_is_cut(tmp_path):
    assert len(last_error(crash("raise ValueError('x' * 100000)", tmp_path))) <= MAX_LENGTH + 1


@pytest.mark.parametrize('version', [(3, 10), (3, 11)])
def test_a_module_runs_without_the_working_directory(version, tmp_path, monkeypatch):
    monkeypatch.setattr(processes.sys, 'version_info', version)
    (tmp_path / 'random.py').write_text('raise RuntimeError')
    library = tmp_path / 'library'
    library.mkdir()
    (library / 'stand_in.py').write_text(
        'import random, sys\nif __name__ == "__main__": print(sys.argv[1:])')
    done = subprocess.run([*processes.module_command('stand_in'), 'a', '--b'], cwd=tmp_path,
                          text=True, capture_output=True, check=True,
                          env={'PYTHONPATH': str(library)})
    assert done.stdout.strip() == "['a', '--b']"
