"""Every verb that writes checks its outputs before the work begins, in one line."""
import pathlib
import shutil

import cv2
import numpy as np
import pytest
from helpers.full_disk import file_size_limit

from ros_animate.cli import main
from ros_animate.configuration import resource
from ros_animate.robot.descriptions import load_spec


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with an image, a table of controls, and a copy of weights."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('face.png', np.full((64, 64, 3), 90, np.uint8))
    spec = load_spec('mock')
    rows = [[k / 30, *spec.neutral] for k in range(60)]
    header = ','.join(['stamp_s', *spec.names])
    np.savetxt('controls.csv', rows, '%.6f', ',', header=header, comments='')
    (tmp_path / 'shots').mkdir()
    (tmp_path / 'shots' / 'controls.png').write_bytes(pathlib.Path('face.png').read_bytes())
    shutil.copytree(resource('weights', 'fomm'), tmp_path / 'fomm')
    (tmp_path / 'file').touch()
    (tmp_path / 'taken' / 'robot.mp4').mkdir(parents=True)
    (tmp_path / 'taken.mp4').mkdir()
    return tmp_path


def run(capsys, command):
    try:
        status = main(command.split())
    except SystemExit as error:
        status = error.code
    return status, capsys.readouterr().err


ANIMATE = 'animate --animator mesh_warp --source face.png --driving shots'
SAME = 'would replace the input'


@pytest.mark.parametrize('command, message', [
    ('retarget --offline --source shots --output shots', SAME),
    ('retarget --source shots --output shots', SAME),
    ('retarget --offline --source shots/*.png --output shots', SAME),
    ('retarget --offline --source demo --portrait shots/controls.png --output shots', SAME),
    ('retarget --offline --source demo --output file', 'it is a file'),
    ('retarget --offline --source demo --output taken', 'it is a folder'),
    ('retarget --offline --source demo --output file/deeper', 'Not a directory'),
    (f'{ANIMATE} --grid face.png', SAME),
    (f'{ANIMATE} --grid shots/controls.png', SAME),
    (f'{ANIMATE} --grid grid', 'its suffix'),
    (f'{ANIMATE} --output taken.mp4', 'it is a folder'),
    (f'{ANIMATE} --output file/a.mp4', 'it is a file'),
    (f'{ANIMATE} --output a.mp4 --save-motion a.mp4', 'two outputs'),
    (f'{ANIMATE} --output {"n" * 260}.mp4', 'File name too long'),
    ('smooth controls.csv controls.csv --robot mock', SAME),
    ('smooth controls.csv shots --robot mock', 'it is a folder'),
    ('robots plot controls.csv --robot mock --output controls.csv', 'its suffix'),
    ('robots plot controls.csv --robot mock --output plot', 'its suffix'),
    ('weights convert fomm --output fomm', SAME),
    ('weights convert fomm/weights.safetensors --output fomm', SAME),
    ('weights convert fomm --output file', 'it is a file'),
    ('collect --count 1 --output file', 'is a file'),
    ('evaluate animation --animator mesh_warp --data synthetic --output file', 'it is a file'),
])
def test_refused_in_one_line(folder, capsys, command, message):
    before = {p: p.read_bytes() for p in folder.rglob('*') if p.is_file()}
    status, err = run(capsys, command)
    assert status == 2
    assert message in err and err.count('\n') == 1, err
    assert {p: p.read_bytes() for p in folder.rglob('*') if p.is_file()} == before


def test_a_missing_folder_is_made(folder, capsys):
    assert run(capsys, 'smooth controls.csv a/b/12:30.csv --robot mock') == (0, '')
    assert (folder / 'a' / 'b' / '12:30.csv').read_text().startswith('stamp_s')


@pytest.mark.parametrize('command, output', [
    ('smooth controls.csv smooth.csv --robot mock', 'smooth.csv'),
    ('weights convert fomm --output converted', 'converted/weights.safetensors'),
])
def test_a_full_disk_is_one_line(folder, capsys, command, output):
    with file_size_limit(6000):
        status, err = run(capsys, command)
    assert status == 2
    assert f'cannot write {output}: File too large' in err and err.count('\n') == 1, err


def test_a_table_keeps_its_whole_rows_on_a_full_disk(folder, capsys):
    with file_size_limit(6000):
        run(capsys, 'smooth controls.csv smooth.csv --robot mock')
    table = np.loadtxt(folder / 'smooth.csv', delimiter=',', skiprows=1)
    assert len(table) > 3
    assert [p.name for p in folder.glob('.part*')] == []
