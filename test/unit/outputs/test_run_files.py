"""The folder of a run."""
import json
import pathlib

import cv2
import numpy as np
import pytest
from helpers.full_disk import file_size_limit
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ros_animate.configuration import ConfigurationError
from ros_animate.files import WriteError
from ros_animate.outputs.controls_table import ControlsTable, read_controls
from ros_animate.outputs.file_names import FILES, selected_files
from ros_animate.outputs.panels import side_by_side
from ros_animate.outputs.paths import make_folder
from ros_animate.outputs.report import Report, faces_found, percentiles_ms, write_report
from ros_animate.outputs.run_files import (
    RunFiles,
    keep_partial_files,
    remove_partial_files,
)
from ros_animate.robot.descriptions import load_spec

NAMES = ['driving.mp4', 'animated.mp4', 'robot.mp4', 'side_by_side.mp4', 'controls.csv',
         'controls.png']


@pytest.fixture(scope='module')
def spec():
    return load_spec('ameca')


def write_some(outputs, spec, count=8):
    grey = np.full((60, 80, 3), 128, np.uint8)
    for index in range(count):
        outputs.write(grey, grey[:, :60], grey[:48, :48], index / 30, spec.neutral + 0.001 * index)


def count_frames(path):
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    return count


def test_every_file_with_a_frame_and_a_row_for_each_write(tmp_path, spec):
    with RunFiles(tmp_path, spec, 30) as outputs:
        write_some(outputs, spec)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(NAMES)
    for name in NAMES[:4]:
        assert count_frames(tmp_path / name) == 8
    names, stamps, positions = read_controls(tmp_path / 'controls.csv')
    assert tuple(names) == spec.names
    np.testing.assert_allclose(stamps, np.arange(8) / 30, atol=1e-6)
    np.testing.assert_allclose(positions[7], spec.neutral + 0.007, atol=1e-6)
    assert cv2.imread(str(tmp_path / 'controls.png')).shape[1] >= 1200


def test_ctrl_c_leaves_every_file_complete(tmp_path, spec):
    with pytest.raises(KeyboardInterrupt), RunFiles(tmp_path, spec, 30) as outputs:
        write_some(outputs, spec, 5)
        raise KeyboardInterrupt
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(NAMES)
    assert {count_frames(tmp_path / name) for name in NAMES[:4]} == {5}
    assert len(read_controls(tmp_path / 'controls.csv')[1]) == 5


def test_other_files_are_left_alone_and_ours_replaced(tmp_path, spec):
    (tmp_path / 'mine.txt').write_text('mine')
    (tmp_path / 'controls.csv').write_text('earlier')
    with RunFiles(tmp_path, spec, 30) as outputs:
        write_some(outputs, spec, 2)
    assert (tmp_path / 'mine.txt').read_text() == 'mine'
    assert (tmp_path / 'controls.csv').read_text().startswith('stamp_s,')


def test_a_run_without_frames_leaves_an_empty_table(tmp_path, spec):
    with RunFiles(tmp_path, spec, 30):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ['controls.csv']
    assert len(read_controls(tmp_path / 'controls.csv')[1]) == 0


def test_a_folder_is_made_with_its_parents(tmp_path):
    assert make_folder(tmp_path / 'a' / 'b').is_dir()
    assert list((tmp_path / 'a' / 'b').iterdir()) == []


@pytest.mark.parametrize('inside', ['', 'below'])
def test_a_file_cannot_be_a_folder(tmp_path, inside):
    (tmp_path / 'a_file').touch()
    with pytest.raises(ConfigurationError, match='a_file'):
        make_folder(tmp_path / 'a_file' / inside)


@pytest.mark.parametrize('shapes', [[(512, 512)] * 3, [(1, 1), (2160, 3840), (64, 64)],
                                    [(4000, 10), (10, 4000), (333, 77)]])
def test_side_by_side_takes_any_sizes(shapes):
    image = side_by_side(*(np.full((*shape, 3), 200, np.uint8) for shape in shapes))
    assert image.shape[0] == 552 and image.shape[1] <= 3 * 910


finite = st.floats(-1e3, 1e3)


@settings(max_examples=25)
@given(values=npst.arrays(float, st.tuples(st.integers(0, 5), st.integers(1, 4)),
                          elements=finite))
def test_a_table_is_read_as_it_was_written(values, tmp_path_factory):
    path = tmp_path_factory.mktemp('t') / 'controls.csv'
    names = [f'Control, "{k}"' for k in range(values.shape[1])]
    table = ControlsTable(path, names)
    for index, row in enumerate(values):
        table.write(index / 7, row)
    table.close()
    table.close()
    read_names, stamps, positions = read_controls(path)
    assert read_names == names
    np.testing.assert_allclose(stamps, np.arange(len(values)) / 7, atol=1e-6)
    np.testing.assert_allclose(positions, values, atol=1e-6)


@pytest.mark.parametrize('text, message', [
    ('', 'not a table'), ('a,b\n1,2\n', 'stamp_s'), ('stamp_s,a\n1\n', 'not a table'),
    ('stamp_s,a\n1,x\n', "'x'")])
def test_what_is_no_table_is_refused(text, message, tmp_path):
    (tmp_path / 't.csv').write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_controls(tmp_path / 't.csv')


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match='t.csv'):
        read_controls(tmp_path / 't.csv')


def test_the_report_counts(tmp_path, spec):
    report = Report()
    for index in range(100):
        report.add({'motion': 0.010, 'policy': 0.001 * index}, face=index % 10 != 0,
                   computing_s=0.001 * index)
    report.dropped = 3
    figures = report.figures()
    assert figures['frames'] == 100 and figures['face_missing'] == 10 and figures['dropped'] == 3
    assert figures['fps'] > 0
    assert figures['stages_ms'] == {'motion': 10.0, 'policy': 49.5}
    assert figures['computing_ms'] == pytest.approx({'p50': 49.5, 'p95': 94.05, 'p99': 98.01})
    write_report(tmp_path / 'report.json', figures)
    assert json.loads(pathlib.Path(tmp_path / 'report.json').read_text()) == figures


@pytest.mark.parametrize(('text', 'names'), [
    ('csv', ['controls.csv']), ('robot,csv', ['controls.csv', 'robot.mp4']),
    ('plot', ['controls.csv', 'controls.png']), ('driving.mp4, side_by_side',
                                                 ['driving.mp4', 'side_by_side.mp4'])])
def test_only_the_selected_files_are_written(tmp_path, spec, text, names):
    with RunFiles(tmp_path, spec, 30, selected_files(text)) as outputs:
        write_some(outputs, spec)
    assert sorted(p.name for p in tmp_path.iterdir()) == names


def test_the_table_may_have_a_name_of_its_own(tmp_path, spec):
    with RunFiles(tmp_path, spec, 30, ['mine.csv']) as outputs:
        write_some(outputs, spec)
    assert [p.name for p in tmp_path.iterdir()] == ['mine.csv']
    assert len(read_controls(tmp_path / 'mine.csv')[1]) == 8


def test_a_file_that_there_is_not_is_named():
    with pytest.raises(ConfigurationError, match="'rowbot'; did you mean 'robot'"):
        selected_files('csv,rowbot')
    assert selected_files(','.join(FILES)) == FILES


def test_words_about_faces():
    assert faces_found(0, 9) == 'a face in each' and faces_found(2, 9) == 'no face in 2'
    assert 'min_detection' in faces_found(9, 9)


def test_nothing_measured_is_null():
    assert percentiles_ms([]) == {'p50': None, 'p95': None, 'p99': None}
    assert json.loads(json.dumps(Report().figures()))['fps'] == 0


def test_what_a_killed_run_leaves_is_kept_or_removed(tmp_path):
    for name in ('.part.controls.csv', '.part.driving.mp4', '.part.controls.png'):
        (tmp_path / name).write_bytes(b'stamp_s,Jaw\n0.0,1.0\n0.1,0.')
    keep_partial_files(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ['controls.csv']
    assert (tmp_path / 'controls.csv').read_text() == 'stamp_s,Jaw\n0.0,1.0\n'
    (tmp_path / '.part.robot.mp4').touch()
    remove_partial_files(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ['controls.csv']


def test_a_full_disk_keeps_all_files_as_far_as_they_go(tmp_path, spec):
    rng = np.random.default_rng(0)
    with file_size_limit(250_000), pytest.raises(WriteError, match='File too large'), \
            RunFiles(tmp_path, spec, 30.0) as files:
        for k in range(100):
            image = rng.integers(0, 255, (64, 64, 3), np.uint8)
            files.write(image, image, image, k / 30, spec.neutral)
    assert not list(tmp_path.glob('.part*'))
    rows = len(read_controls(tmp_path / 'controls.csv')[1])
    assert 2 < rows < 100
    assert count_frames(tmp_path / 'robot.mp4') >= 2
