"""The parts of the set-up that decide: environment, repair of the wheels, pinned versions."""
import json
import os
import subprocess
import sys

import environment
import lock
import prerequisites
import pytest
import ros_wheels
import steps
from hypothesis import given
from hypothesis import strategies as st

FOLDERS = st.lists(st.sampled_from(['/a', '/b', '/c', '/d']), unique=True)


@given(FOLDERS, FOLDERS)
def test_completed_environment_is_complete_and_stays(present, wanted):
    before = {'LD_LIBRARY_PATH': ':'.join(present)}
    after = {**before, **environment.changes(before, {'LD_LIBRARY_PATH': wanted}, {})}
    folders = [folder for folder in after['LD_LIBRARY_PATH'].split(':') if folder]
    assert set(folders) == {*present, *wanted} and len(folders) == len(set(folders))
    assert [f for f in folders if f in present] == present, "the user's order is kept"
    # Otherwise an interpreter would replace itself without end.
    assert environment.changes(after, {'LD_LIBRARY_PATH': wanted}, {}) == {}


def test_defaults_do_not_override_the_user():
    defaults = {'FASTRTPS_DEFAULT_PROFILES_FILE': 'ours.xml', 'NEW': '1'}
    mine = {'FASTRTPS_DEFAULT_PROFILES_FILE': 'mine.xml'}
    assert environment.changes(mine, {}, defaults) == {'NEW': '1'}


def test_interpreter_replaces_itself_once_and_keeps_its_arguments(root, tmp_path):
    (tmp_path / 'ros_animate_environment.json').write_text(json.dumps(
        {'prepend': {'LD_LIBRARY_PATH': [str(tmp_path)]}, 'default': {}}))
    (tmp_path / 'environment.py').write_text((root / 'scripts/environment.py').read_text())
    code = ('import environment, os, sys; environment.apply(); '
            'print(os.environ["LD_LIBRARY_PATH"], sys.argv[1:])')
    bare = {name: value for name, value in os.environ.items() if name != 'LD_LIBRARY_PATH'}
    done = subprocess.run([sys.executable, '-S', '-c', code, 'an argument', ''], cwd=tmp_path,
                          env=bare, text=True, capture_output=True, check=True)
    assert done.stdout == f"{tmp_path} ['an argument', '']\n"


@pytest.mark.parametrize('foreign, here', [
    ('/opt/python/cp311-cp311/include/python3.11', '/inc'),
    ('/opt/python/cp310-cp310/lib/python3.10/site-packages/numpy/_core/include',
     '/site/numpy/_core/include'),
    ('${_IMPORT_PREFIX}/include/std_msgs;/opt/python/cp313-cp313/include/python3.13',
     '${_IMPORT_PREFIX}/include/std_msgs;/inc'),
    ('/opt/python-docs', '/opt/python-docs'),
])
def test_foreign_folders_of_the_wheels_become_ours(foreign, here):
    assert ros_wheels.repaired(foreign, '/inc', '/site') == here


def test_repair_counts_the_files_it_changed(tmp_path):
    folder = tmp_path / 'share' / 'a' / 'cmake'
    folder.mkdir(parents=True)
    (folder / 'aExport.cmake').write_text('"/opt/python/cp311-cp311/include/python3.11"')
    (folder / 'other.cmake').write_text('nothing')
    assert ros_wheels.repair(tmp_path, '/inc', '/site') == 1
    assert (folder / 'aExport.cmake').read_text() == '"/inc"'
    assert ros_wheels.repair(tmp_path, '/inc', '/site') == 0


def test_versions_of_several_pythons_become_ranges():
    assert lock.merge({'3.9': {'a': '1', 'b': '1'}, '3.10': {'a': '1', 'b': '2', 'pip': '24'},
                       '3.11': {'a': '1'}, '3.12': {'a': '1', 'b': '3'}}) == [
        'a==1',
        "b==1 ; python_version < '3.10'",
        "b==2 ; python_version >= '3.10' and python_version < '3.12'",
        "b==3 ; python_version >= '3.12'"]


def test_nothing_sourced_means_no_ros(root):
    # The project's own environment sets AMENT_PREFIX_PATH, which is no installation of ROS.
    assert prerequisites.ros_variables({'AMENT_PREFIX_PATH': '/x'}, root) == {}


def test_own_installation_is_not_taken_for_ros(root):
    own = f'{root}/install/ros_animate'
    found = prerequisites.ros_variables(
        {'ROS_DISTRO': 'jazzy', 'AMENT_PREFIX_PATH': f'{own}:/opt/ros/jazzy',
         'PATH': f'/usr/bin:{own}/bin:/opt/ros/jazzy/bin'}, root)
    assert found['AMENT_PREFIX_PATH'] == '/opt/ros/jazzy'
    assert found['PATH'] == '/opt/ros/jazzy/bin'


def test_stamp_survives_half_a_file(tmp_path):
    stamp = steps.Stamp(tmp_path, 'x')
    assert stamp.read() is None
    stamp.write({'a': 1})
    assert stamp.read() == {'a': 1}
    (tmp_path / 'stamps' / 'x').write_text('{"a": ')
    assert stamp.read() is None


@pytest.mark.parametrize('output, reason', [
    (['one', 'last', '  detail'], 'last'),
    (['one', '  a.c:3: error: no such file', 'Summary: 1 package failed'],
     'a.c:3: error: no such file'),
])
def test_failed_command_names_its_reason_and_the_log(tmp_path, monkeypatch, output, reason):
    monkeypatch.setattr(steps, 'LOG', tmp_path / 'log' / 'setup.log')
    code = f'print({chr(10).join(output)!r}); raise SystemExit(3)'
    with pytest.raises(prerequisites.Problem) as problem:
        steps.run('trying', [sys.executable, '-S', '-c', code])
    assert str(problem.value) == f'trying failed: {reason} (all of it is in {steps.LOG})'
    assert steps.LOG.read_text().splitlines() == output
