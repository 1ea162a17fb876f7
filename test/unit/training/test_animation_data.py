"""Batches of pairs: a function of seed and step, as the options say."""
import numpy as np
import pytest
import torch

from ros_animate.configuration import ConfigurationError, build
from ros_animate.training.animation.data import AnimationData, DataError, DataOptions
from ros_animate.training.animation.faces import HELD_OUT_SEED, SyntheticFaces
from ros_animate.training.animation.synthetic import EXPRESSION

PLAIN = {'colour': 0.0, 'hue': 0.0, 'driving_colour': 0.0, 'driving_blur': 0.0,
         'driving_jpeg': 0.0, 'driving_noise': 0.0}
SIZE = 16


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp('faces'))


@pytest.fixture
def faces(cache):
    """Data of the same few faces with any other options."""
    def make(**options):
        return AnimationData(['synthetic'], SIZE, DataOptions(
            identities=8, frames=3, workers=1, cache=cache, **options))
    return make


def parts(batch):
    return [*batch[:3], *batch.source_labels, *batch.driving_labels]


def test_shapes_and_ranges(faces):
    batch = faces().batch(0, 5)
    for images in batch[:3]:
        assert images.shape == (5, 3, SIZE, SIZE)
        assert images.dtype == torch.float32
        assert 0 <= images.min() < images.max() <= 1
    for labels in (batch.source_labels, batch.driving_labels):
        assert labels.landmarks.shape == (5, 468, 2)
        assert labels.angles_deg.shape == (5, 3)
        assert labels.expression.shape == (5, len(EXPRESSION))
        assert all(part.dtype == torch.float32 for part in labels)
    assert all(part.device.type == 'meta' for part in parts(batch.to(torch.device('meta'))))


def test_a_step_is_the_same_in_every_process(faces):
    first = faces()
    first.batch(0, 6)
    torch.manual_seed(9)
    np.random.seed(9)  # noqa: NPY002 (it must not matter)
    for one, other in zip(parts(first.batch(7, 6)), parts(faces().batch(7, 6)), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(first.batch(7, 6).source, first.batch(8, 6).source)
    assert not torch.equal(first.batch(7, 6).source, faces(data_seed=1).batch(7, 6).source)


def test_processes_share_a_batch(faces):
    data = faces(**PLAIN)
    whole, *shares = data.batch(3, 6), *(data.batch(3, 6, rank, 2) for rank in range(2))
    for rank, share in enumerate(shares):
        for one, other in zip(parts(whole), parts(share), strict=True):
            assert torch.equal(one[rank::2], other)


def test_without_cross_the_driving_frame_is_the_target(faces):
    batch = faces(cross=0.0, **PLAIN).batch(0, 8)
    torch.testing.assert_close(batch.driving, batch.target, atol=1e-5, rtol=0)
    assert (batch.source - batch.target).abs().mean((1, 2, 3)).min() > 0


def test_with_cross_another_person_shows_the_pose(faces):
    batch = faces(cross=1.0, **PLAIN).batch(0, 8)
    same = faces(cross=0.0, **PLAIN).batch(0, 8)
    torch.testing.assert_close(batch.target, same.target, atol=1e-5, rtol=0)
    assert (batch.driving - batch.target).abs().mean((1, 2, 3)).min() > 0.02
    torch.testing.assert_close(batch.driving_labels.landmarks, same.driving_labels.landmarks)


def test_some_pairs_are_crossed(faces):
    batch = faces(cross=0.5, **PLAIN).batch(0, 40)
    crossed = ((batch.driving - batch.target).abs() > 0.01).flatten(1).any(1).sum()
    assert 8 < crossed < 32


def test_labels_go_with_their_frames(faces):
    """The two frames of a pair are one clip's, and the labels are in the order of the frames."""
    batch = faces(**PLAIN).batch(1, 12)
    pool = SyntheticFaces(SIZE, DataOptions(identities=8, frames=3, workers=1))._rendered()
    for images, labels in ((batch.source, batch.source_labels),
                           (batch.target, batch.driving_labels)):
        for tensor, landmarks, angles in zip(images, *labels[:2], strict=True):
            image = (255 * tensor).round().permute(1, 2, 0).numpy()
            clip, person, frame = np.argwhere((pool.images == image).all((3, 4, 5)))[0]
            np.testing.assert_array_equal(landmarks, pool.landmarks[clip, person, frame])
            np.testing.assert_array_equal(angles, pool.angles_deg[clip, frame])


def test_held_out_people_are_strangers_of_every_training(faces):
    one, other = faces().held_out(3), faces(data_seed=1).held_out(3)
    for a, b in zip(parts(one), parts(other), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(one.driving, one.target)
    with pytest.raises(ConfigurationError, match='data_seed'):
        build(DataOptions, {'data_seed': HELD_OUT_SEED}, 'training')


def test_clips_are_labelled_videos(faces):
    clips = faces().clips()
    clip, following = next(clips), next(clips)
    assert clip.frames.shape == (24, SIZE, SIZE, 3)
    assert clip.labels.landmarks.shape == (24, 468, 2)
    assert clip.name != following.name
    again = next(faces(data_seed=5).clips())
    np.testing.assert_array_equal(clip.frames, again.frames)
    assert not np.array_equal(clip.frames, next(faces().clips('train')).frames)


def test_twins_move_alike():
    one, other = next(SyntheticFaces(SIZE, DataOptions()).twins('held_out'))
    assert torch.equal(one.labels.expression, other.labels.expression)
    assert not np.array_equal(one.frames, other.frames)


@pytest.mark.parametrize('weights', [(1.0, 2.0), (0.0,), (-1.0,)])
def test_weights_must_fit_the_data_sets(weights):
    with pytest.raises(DataError, match='1 data sets'):
        AnimationData(['synthetic'], SIZE, DataOptions(weights=weights))


def test_data_must_be_named():
    with pytest.raises(DataError, match='synthetic'):
        AnimationData([], SIZE, DataOptions())
    with pytest.raises(DataError, match='no data folder /nowhere'):
        AnimationData(['/nowhere'], SIZE, DataOptions())
