"""`ros_animate prepare`: every fault is found and named; the same set however it runs."""
from __future__ import annotations

import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile

import cv2
import numpy as np
import pytest
from helpers.collection_helpers import ROOT, content
from helpers.raw_videos import CLIPS, COVERED_FRAMES, FAULTS, SETTINGS, make_raw_videos
from helpers.waiting import PATIENCE_S, wait_until

from ros_animate.cli import main
from ros_animate.face.finder import find_face
from ros_animate.preparation.folder import read_objects
from ros_animate.preparation.shards import ClipIndex, open_shard


@pytest.fixture(scope='module')
def raw(tmp_path_factory) -> pathlib.Path:
    return make_raw_videos(tmp_path_factory.mktemp('raw') / 'videos')


@pytest.fixture(scope='module')
def prepared(raw, tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp('prepared') / 'set'
    assert main(arguments(raw, folder)) == 0
    return folder


def arguments(raw, folder, *more: str) -> list[str]:
    return ['prepare', str(raw), '--output', str(folder), '--workers', '1', '--quiet', *more,
            *(f'--set={text}' for text in SETTINGS), '--set=shard_mb=0.2']


def start(*command: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, '-m', 'ros_animate', *command], cwd=ROOT, text=True,
                            stderr=subprocess.PIPE, env={**os.environ, 'OMP_NUM_THREADS': '1'})


def index(folder: pathlib.Path) -> list[dict]:
    return list(read_objects(folder / 'index.jsonl'))


def failures(folder: pathlib.Path) -> list[dict]:
    return list(read_objects(folder / 'failures.jsonl'))


def statistics(folder: pathlib.Path) -> dict:
    return json.loads((folder / 'statistics.json').read_text())


def test_every_fault_is_found_and_named(prepared):
    files = {line['file']: line['reason'] for line in failures(prepared) if 'face' not in line}
    assert files == FAULTS
    assert all(line['message'] for line in failures(prepared))


def test_every_fault_is_counted(prepared):
    found = statistics(prepared)
    assert found['failed_videos'] == {reason: [*FAULTS.values()].count(reason)
                                      for reason in sorted(set(FAULTS.values()))}
    videos = found['videos']
    assert videos['found'] == len(FAULTS) + len(CLIPS) and videos['used'] == len(CLIPS)
    assert (videos['with_cuts'], videos['with_several_faces'],
            videos['with_variable_frame_rate'], videos['other_files']) == (2, 1, 1, 1)
    assert found['faces_in_frames']['covered'] == COVERED_FRAMES


def test_clips_are_faces_by_person_and_time(prepared):
    found: dict[str, list] = {}
    for clip in index(prepared):
        found.setdefault(clip['file'], []).append((clip['face'], clip['frames']))
    assert found == CLIPS
    assert len({clip['key'] for clip in index(prepared)}) == sum(map(len, CLIPS.values()))


def test_identities_are_split(prepared):
    splits: dict[str, set] = {}
    for clip in index(prepared):
        splits.setdefault(clip['identity'], set()).add(clip['split'])
    assert splits == {'covered.mp4': {'train'}, 'cuts.mp4': {'validation'}, 'id00001': {'train'},
                      'id00002': {'train'}}
    assert {clip['file'] for clip in index(prepared) if clip['identity'] == 'id00002'} == {
        'id00002/two.mp4', 'id00002/variable.mp4'}


def test_shards_are_what_webdataset_expects(prepared):
    """A sample is what follows each other with the same name up to the first dot."""
    samples: dict[str, dict[str, bytes]] = {}
    shards = sorted(prepared.glob('*.tar'))
    assert len(shards) > 2
    for path in shards:
        with tarfile.open(path) as shard:
            last = ''
            for member in shard:
                key, _, suffix = member.name.partition('.')
                assert key == last or key not in samples
                last = key
                samples.setdefault(key, {})[suffix] = shard.extractfile(member).read()
        assert path.stat().st_size % 512 == 0
    assert list(samples) == [clip['key'] for name in shards for clip in index(prepared)
                             if clip['shard'] == name.name]
    for clip in index(prepared):
        check_sample(samples[clip['key']], clip)


def check_sample(sample: dict[str, bytes], clip: dict) -> None:
    count = clip['frames']
    assert set(sample) == {'json', 'npz', *(f'{k:03d}.jpg' for k in range(count))}
    entry = json.loads(sample['json'])
    assert entry['file'] == clip['file'] and len(entry['blendshapes']) == 52
    with np.load(io.BytesIO(sample['npz'])) as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
        assert (np.diff(arrays['stamps_s']) > 0).all()
    assert shapes == {'stamps_s': (count,), 'landmarks': (count, 478, 3),
                      'blendshapes': (count, 52), 'rotation': (count, 3, 3),
                      'translation': (count, 3), 'angles_deg': (count, 3)}


def test_frames_are_read_by_offset(prepared):
    clip = index(prepared)[0]
    with open_shard(prepared / clip['shard']) as read:
        found = ClipIndex(read, clip['offset'], clip['key'])
        assert len(found) == clip['frames']
        frame = cv2.imdecode(np.frombuffer(found.frame(3), np.uint8), cv2.IMREAD_COLOR)
        landmarks = np.load(io.BytesIO(found.arrays()))['landmarks'][3]
    assert frame.shape == (64, 64, 3)
    tracked = find_face(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    assert np.abs(tracked - landmarks)[:468, :2].mean() < 2.0


def test_variable_rates_keep_their_times(prepared):
    clip = next(clip for clip in index(prepared) if clip['file'] == 'id00002/variable.mp4')
    with open_shard(prepared / clip['shard']) as read:
        stamps = np.load(io.BytesIO(ClipIndex(read, clip['offset']).arrays()))['stamps_s']
    assert np.diff(stamps) == pytest.approx([0.1, 0.04, 0.2] * 3, abs=2e-3)


def test_the_contact_sheet_shows_the_clips(prepared):
    sheet = cv2.imread(str(prepared / 'contact_sheet.png'))
    assert sheet.shape[1] == 8 * 160 and sheet.std() > 20


def test_what_is_done_is_not_done_again(raw, prepared, monkeypatch):
    before = content(prepared)
    monkeypatch.setattr('ros_animate.preparation.parts.VideoWork._make', None)
    assert main(arguments(raw, prepared)) == 0
    assert content(prepared) == before


@pytest.mark.parametrize(('more', 'message'), [
    (['--set=size=128'], 'was prepared with size 64'), (['--set=size_px=128'], 'size_px'),
    (['--set=min_frames=200'], 'max_frames'), (['--workers=0'], '> 0')])
def test_mistakes_are_one_line(raw, prepared, capsys, more, message):
    command = [*arguments(raw, prepared), *more]
    try:
        status = main(command)
    except SystemExit as exit:
        status = exit.code
    err = capsys.readouterr().err
    assert status == 2 and message in err and err.count('\n') == 1


def test_folders_without_faces_are_refused(tmp_path, capsys):
    (tmp_path / 'raw').mkdir()
    assert main(arguments(tmp_path / 'nowhere', tmp_path / 'a')) == 2
    assert main(arguments(tmp_path / 'raw', tmp_path / 'a')) == 2
    (tmp_path / 'raw' / 'x.mp4').write_text('no video')
    assert main(arguments(tmp_path / 'raw', tmp_path / 'a')) == 2
    err = capsys.readouterr().err
    assert 'no folder' in err and 'no videos' in err and '1 no_video' in err
    assert main(arguments(tmp_path / 'raw', tmp_path / 'raw')) == 2
    assert 'something else' in capsys.readouterr().err


@pytest.mark.slow
def test_two_workers_make_the_same_bytes(raw, prepared, tmp_path):
    with start(*arguments(raw, tmp_path / 'set', '--workers=2')) as process:
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert content(tmp_path / 'set') == content(prepared)


@pytest.mark.slow
@pytest.mark.parametrize(('number', 'workers', 'status'), [
    (signal.SIGKILL, 1, -9), (signal.SIGKILL, 2, -9), (signal.SIGINT, 2, 130)])
def test_a_stopped_run_goes_on(raw, prepared, tmp_path, number, workers, status):
    folder = tmp_path / 'set'
    command = arguments(raw, folder, f'--workers={workers}')
    with start(*command) as process:
        log = folder / 'sources.jsonl'
        wait_until(lambda: log.exists() and b'cuts.mp4' in log.read_bytes(), process)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == status and 'Traceback' not in err
    done = log.read_text().count('\n')
    assert 0 < done < len(FAULTS) + len(CLIPS)
    # As if the kill had come in the middle of the next video.
    for name in ('index.jsonl', 'failures.jsonl', 'sources.jsonl', index(folder)[-1]['shard']):
        with open(folder / name, 'ab') as file:
            file.write(b'{"torn')
    assert main(command) == 0
    assert content(folder) == content(prepared)
