"""Every known layout is found, and nobody is both trained on and held out."""
import pytest
from helpers.coloured_clips import (
    clip_of,
    frame,
    frame_of,
    write_frames,
    write_image,
    write_strip,
    write_video,
    write_x2c,
)
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.training.animation.clip_files import ImageClip
from ros_animate.training.animation.layouts import (
    X2C_FRAMES,
    _identity,
    _split,
    people,
    read_layout,
)
from ros_animate.training.core.pair_folder import DataError


def contents(clips):
    """{name: [(clip, frame), …]}."""
    return {clip.name: [(clip_of(image), frame_of(image)) for image in clip.images()]
            for clip in clips}


def four(clip):
    return [(clip, number) for number in range(4)]


def test_train_and_test_in_every_form(tmp_path):
    write_video(tmp_path / 'train' / 'id1#a#0#9.mp4', 0)
    write_frames(tmp_path / 'train' / 'id1#b#0#9.mp4', 1)
    write_frames(tmp_path / 'train' / 'id2' / 'c', 2)
    write_strip(tmp_path / 'test' / 'd.png', 3)
    write_strip(tmp_path / 'test' / 'e.png', 4)
    layout = read_layout(tmp_path, 0.1)
    assert contents(layout.train) == {'id1#a#0#9.mp4': four(0), 'id1#b#0#9.mp4': four(1),
                                  'id2/c': four(2)}
    assert contents(layout.held_out) == {'d.png': four(3), 'e.png': four(4)}
    assert layout.skipped == []


def test_frames_are_in_natural_order(tmp_path):
    write_frames(tmp_path / 'train' / 'a', 0, count=12)
    write_frames(tmp_path / 'test' / 'b', 1)
    [clip] = read_layout(tmp_path, 0.1).train
    assert [frame_of(image) for image in clip.images()] == list(range(12))


def test_sequences_of_x2c_are_clips(tmp_path):
    write_x2c(tmp_path, 0, sequences=('one', 'two', 'three'))
    layout = read_layout(tmp_path, 0.3)
    everything = contents([*layout.train, *layout.held_out])
    assert sorted(everything.values()) == [four(0), four(1), four(2)]
    assert layout.held_out


def test_loose_frames_of_x2c_make_clips_that_are_spread_over_all(tmp_path):
    write_x2c(tmp_path, 0, count=5)
    lines = (tmp_path / 'metadata.jsonl').read_text().splitlines()
    (tmp_path / 'metadata.jsonl').write_text('\n'.join(lines * X2C_FRAMES))
    layout = read_layout(tmp_path, 0.2)
    sizes = [len(clip.files) for clip in [*layout.train, *layout.held_out]]
    assert sizes == [X2C_FRAMES] * 5


def test_a_single_clip_is_cut_in_two(tmp_path):
    write_frames(tmp_path, 2, count=10)
    layout = read_layout(tmp_path, 0.2)
    [train], [held_out] = contents(layout.train).values(), contents(layout.held_out).values()
    assert train == [(2, number) for number in range(8)]
    assert held_out == [(2, 8), (2, 9)]


def test_unreadable_files_are_named(tmp_path):
    write_strip(tmp_path / 'b.png', 0)
    write_strip(tmp_path / 'c.png', 1)
    (tmp_path / 'a.png').write_bytes(b'no image')
    write_x2c(tmp_path / 'robot', 2, sequences=('s',))
    metadata = tmp_path / 'robot' / 'metadata.jsonl'
    metadata.write_text(metadata.read_text() + '\n{"file_name": 3}\nnonsense')
    layout = read_layout(tmp_path, 0.3)
    assert len(layout.train) + len(layout.held_out) == 3
    assert [reason.partition(':')[0] for reason in layout.skipped] == (
        ['a.png', 'robot/metadata.jsonl', 'robot/metadata.jsonl'])


@pytest.mark.parametrize('content', [None, 'notes.txt', 'broken.png'])
def test_nothing_usable_is_an_error(tmp_path, content):
    if content:
        (tmp_path / content).write_bytes(b'text')
    with pytest.raises(DataError, match='holds no clips'):
        read_layout(tmp_path, 0.1)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match='no data folder'):
        read_layout(tmp_path / 'gone', 0.1)


@pytest.mark.parametrize('size', [(80, 32), (64, 32), (100, 32)])
def test_images_that_are_no_row_of_squares_are_frames(tmp_path, size):
    write_frames(tmp_path / 'wide', 0, size=size)
    write_frames(tmp_path / 'other', 1)
    layout = read_layout(tmp_path, 0.5)
    assert sorted(map(len, contents([*layout.train, *layout.held_out]).values())) == [4, 4]


NAMES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), min_size=1, max_size=40,
                 unique=True)


@given(NAMES, st.floats(0, 0.5))
def test_no_person_is_in_both_parts(names, share):
    clips = [ImageClip(f'id{person}#{take}', ()) for person, take in names]
    train, held_out = _split(clips, share)
    assert train
    assert held_out
    if len({person for person, _ in names}) > 1:
        assert not {_identity(c) for c in train} & {_identity(c) for c in held_out}
        assert {c.name for c in [*train, *held_out]} == {c.name for c in clips}
        # A further clip moves nobody from one part to the other.
        more, _ = _split([*clips, ImageClip(f'{clips[0].name}x', ())], share)
        assert {c.name for c in train} <= {c.name for c in more}


@given(NAMES)
def test_clips_are_grouped_by_the_people_of_voxceleb(names):
    clips = [ImageClip(f'id{person}#{take}.mp4', ()) for person, take in names]
    groups = people(clips)
    assert sorted(k for group in groups for k in group) == list(range(len(clips)))
    assert len(groups) == len({person for person, _ in names})
    films = [ImageClip(f'film#{person}#{take}', ()) for person, take in names]
    assert people(films) == [[k] for k in range(len(films))]


def test_an_unreadable_image_is_left_out_of_its_clip(tmp_path):
    write_frames(tmp_path / 'train' / 'a', 0)
    write_image(tmp_path / 'test' / 'b' / '0.png', frame(1, 0))
    (tmp_path / 'train' / 'a' / '2.png').write_bytes(b'no image')
    [clip] = read_layout(tmp_path, 0.1).train
    assert [frame_of(image) for image in clip.images()] == [0, 1, 3]
