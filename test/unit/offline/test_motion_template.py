"""Motion templates: read as published, written so that they can be read, never executed."""
from __future__ import annotations

import os
import pathlib
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate import limits
from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.face.opening_ratios import EYE_LEFT, EYE_RIGHT, LIPS
from ros_animate.offline import motion_template
from ros_animate.types import Motion

MEDIA = pathlib.Path(__file__).resolve().parents[4] / 'shared' / 'media'


def entry(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return {'scale': np.array([[1.2]], 'f4'), 'R': turn[None].astype('f4'),
            'exp': rng.normal(size=(1, 21, 3)).astype('f4'),
            't': rng.normal(size=(1, 3)).astype('f4')}


def content(frames: int = 3) -> dict[str, Any]:
    return {'n_frames': frames, 'output_fps': 25, 'motion': [entry(i) for i in range(frames)]}


def dump(path: pathlib.Path, value: Any, protocol: int = 4) -> pathlib.Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize(('name', 'frames', 'fps'), [('wink', 57, 25), ('laugh', 54, 25),
                                                     ('d1', 16, 30)])
def test_reads_published_templates(name: str, frames: int, fps: float) -> None:
    path = MEDIA / f'{name}.pkl'
    if not path.exists():
        pytest.skip('no published templates beside the project (shared/media)')
    read = motion_template.read(path)
    assert (len(read.motions), read.fps) == (frames, fps)
    for index, motion in enumerate(read.motions):
        assert motion.stamp_s == pytest.approx(index / fps)
        np.testing.assert_allclose(motion.rotation @ motion.rotation.T, np.eye(3), atol=1e-3)
        assert 0.5 < motion.scale < 3
        assert (EYE_RIGHT in motion.expression) == (name == 'd1')


@pytest.mark.parametrize('protocol', range(6))
def test_reads_every_pickle_protocol(tmp_path: pathlib.Path, protocol: int) -> None:
    wanted = content()
    read = motion_template.read(dump(tmp_path / 'm.pkl', wanted, protocol))
    np.testing.assert_allclose(read.motions[1].rotation.T, wanted['motion'][1]['R'][0])
    np.testing.assert_allclose(read.motions[1].deformations, wanted['motion'][1]['exp'][0])


def test_reads_older_names(tmp_path: pathlib.Path) -> None:
    old = content(2)
    for motion in old['motion']:
        motion['R_d'] = motion.pop('R')
    old['c_d_eyes_lst'] = [np.array([[0.2, 0.3]], 'f4')] * 2
    old['c_d_lip_lst'] = [np.array([[0.1]], 'f4')] * 2
    motion = motion_template.read(dump(tmp_path / 'm.pkl', old)).motions[1]
    assert motion.expression == pytest.approx({EYE_RIGHT: 0.2, EYE_LEFT: 0.3, LIPS: 0.1})


@given(st.integers(1, 4), st.booleans())
@settings(max_examples=15, deadline=None)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, frames: int,
                                 open_eyes: bool) -> None:
    path = tmp_path_factory.mktemp('written') / 'm.pkl'
    source = motion_template.read(dump(path, content(frames)))
    openness = {EYE_RIGHT: 0.25, EYE_LEFT: 0.5, LIPS: 0.125} if open_eyes else {}
    motions = tuple(Motion(m.model, m.stamp_s, rotation=m.rotation, translation=m.translation,
                           scale=m.scale, deformations=m.deformations, expression=openness)
                    for m in source.motions)
    motion_template.write(path, motion_template.Template(motions, 12.5))
    read = motion_template.read(path)
    assert read.fps == 12.5
    for ours, theirs in zip(read.motions, motions, strict=True):
        np.testing.assert_array_equal(ours.rotation, theirs.rotation)
        np.testing.assert_array_equal(ours.deformations, theirs.deformations)
        assert ours.expression == openness


def test_only_plain_arrays_are_written(tmp_path: pathlib.Path) -> None:
    """The authors' own program can load what we write."""
    path = dump(tmp_path / 'm.pkl', content())
    motion_template.write(path, motion_template.read(path))
    loaded = pickle.loads(path.read_bytes())
    assert loaded['n_frames'] == len(loaded['motion']) == 3
    assert loaded['motion'][0]['R'].shape == (1, 3, 3)
    assert loaded['motion'][0]['exp'].dtype == np.float32


def test_other_motion_is_not_written(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match='mediapipe'):
        template = motion_template.Template((Motion('mediapipe', 0.0),), 25)
        motion_template.write(tmp_path / 'm.pkl', template)


class Hostile:
    def __init__(self, marker: pathlib.Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.marker}',)


def test_hostile_templates_do_nothing(tmp_path: pathlib.Path) -> None:
    marker = tmp_path / 'owned'
    for key in ('n_frames', 'output_fps', 'motion', 'c_eyes_lst'):
        wanted = {**content(), 'c_lip_lst': [], key: Hostile(marker)}
        path = dump(tmp_path / f'{key}.pkl', wanted)
        if key == 'c_eyes_lst':
            motion_template.read(path)
        else:
            with pytest.raises(UnreadableFileError, match=rf'{key}\.pkl'):
                motion_template.read(path)
    dump(tmp_path / 'itself.pkl', Hostile(marker))
    with pytest.raises(UnreadableFileError, match='motion'):
        motion_template.read(tmp_path / 'itself.pkl')
    assert not marker.exists()


@pytest.mark.parametrize('change', [
    {'motion': []}, {'n_frames': 5}, {'output_fps': 0}, {'output_fps': 'fast'},
    {'motion': [1, 2, 3]}, {'motion': [{}] * 3}, {'c_eyes_lst': [1], 'c_lip_lst': [1]},
    {'motion': [{**entry(), 'exp': np.zeros(62)}] * 3},
    {'motion': [{**entry(), 't': np.full(3, np.nan)}] * 3}])
def test_what_is_wrong_is_said(tmp_path: pathlib.Path, change: dict[str, Any]) -> None:
    path = dump(tmp_path / 'wrong.pkl', {**content(), **change})
    with pytest.raises(UnreadableFileError, match=r'wrong\.pkl'):
        motion_template.read(path)


@given(st.floats(0, 0.999))
@settings(max_examples=30, deadline=None)
def test_truncated_templates_are_named(tmp_path_factory: pytest.TempPathFactory,
                                       share: float) -> None:
    path = tmp_path_factory.mktemp('cut') / 'cut.pkl'
    whole = pickle.dumps(content())
    path.write_bytes(whole[:int(share * len(whole))])
    with pytest.raises(UnreadableFileError, match=r'cut\.pkl'):
        motion_template.read(path)


def test_absent_templates_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UnreadableFileError, match='nowhere'):
        motion_template.read(tmp_path / 'nowhere.pkl')


def test_one_frame_repeated_without_end_is_refused(tmp_path: pathlib.Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, 'TEMPLATE_FRAMES', 1000)
    endless = {**content(), 'n_frames': 1001, 'motion': [entry()] * 1001}
    with pytest.raises(UnreadableFileError, match='1001 frames, at most 1000'):
        motion_template.read(dump(tmp_path / 'm.pkl', endless))


@given(st.dictionaries(st.integers(0, 1500), st.integers(0, 255), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_damage_is_named_or_harmless(tmp_path_factory: pytest.TempPathFactory,
                                         changes: dict[int, int]) -> None:
    path = tmp_path_factory.mktemp('damaged') / 'm.pkl'
    data = bytearray(pickle.dumps(content(2)))
    for place, value in changes.items():
        data[place % len(data)] = value
    path.write_bytes(bytes(data))
    try:
        template = motion_template.read(path)
    except UnreadableFileError as error:
        assert 'm.pkl' in str(error) and len(str(error)) < 400 + len(str(path))
    else:
        assert all(np.isfinite(motion.translation).all() for motion in template.motions)
