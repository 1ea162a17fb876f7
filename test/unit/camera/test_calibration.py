"""Calibration files of cameras: right ones, wrong ones, rubbish."""
import pytest
import yaml

from ros_animate.camera.calibration import CalibrationError, read_calibration

CONTENT = {
    'image_width': 640, 'image_height': 480, 'camera_name': 'head_camera',
    'camera_matrix': {'rows': 3, 'cols': 3, 'data': [600, 0, 320, 0, 601.5, 240, 0, 0, 1]},
    'distortion_model': 'plumb_bob',
    'distortion_coefficients': {'rows': 1, 'cols': 5, 'data': [0.1, -0.2, 0, 0, 0.05]},
    'rectification_matrix': {'rows': 3, 'cols': 3, 'data': [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    'projection_matrix': {'rows': 3, 'cols': 4, 'data': [590, 0, 321, 0, 0, 595, 241, 0, 0, 0, 1,
                                                         0]}}


def written(tmp_path, content):
    path = tmp_path / 'camera.yaml'
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_a_file_of_camera_calibration_is_read(tmp_path):
    calibration = read_calibration(written(tmp_path, CONTENT))
    assert (calibration.width, calibration.height) == (640, 480)
    assert calibration.distortion_model == 'plumb_bob'
    assert calibration.distortion == (0.1, -0.2, 0.0, 0.0, 0.05)
    assert calibration.camera_matrix[4] == 601.5 and calibration.projection[6] == 241.0
    assert calibration.rectification == (1, 0, 0, 0, 1, 0, 0, 0, 1)


@pytest.mark.parametrize('change, complaint', [
    ({'image_width': '640'}, "image_width: expected an integer of 1 to 65535, got '640'"),
    ({'image_height': 0}, 'image_height: .* got 0'),
    ({'distortion_model': 3}, 'distortion_model: expected a name, got 3'),
    ({'camera_matrix': {'data': [1, 2]}}, r'camera_matrix: expected 9 numbers \(3 x 3\), got 2'),
    ({'projection_matrix': None}, 'projection_matrix.data: expected finite numbers, got None'),
    ({'rectification_matrix': {'data': [float('nan')] * 9}}, 'rectification_matrix.data: .*nan'),
    ({'camera_matrix': {'data': [10 ** 80] * 9}}, 'camera_matrix.data: expected finite numbers'),
    ({'camera_matrix': {'data': [True] * 9}}, 'camera_matrix.data: .*True'),
    ({'distortion_coefficients': {'data': [0.0] * 15}}, '15 numbers; at most 14')])
def test_wrong_entries_are_named(tmp_path, change, complaint):
    path = written(tmp_path, {**CONTENT, **change})
    with pytest.raises(CalibrationError, match=f'camera_info_url: {path}: .*{complaint}'):
        read_calibration(path)


@pytest.mark.parametrize('text', ['', '[1, 2]', 'text', '{', 'a: !!python/object:os.system 1'])
def test_rubbish_is_one_line(tmp_path, text):
    with pytest.raises(CalibrationError, match='camera.yaml: ') as caught:
        read_calibration(written(tmp_path, text))
    assert '\n' not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CalibrationError, match='none.yaml: No such file'):
        read_calibration(tmp_path / 'none.yaml')
