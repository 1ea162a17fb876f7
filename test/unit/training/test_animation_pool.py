"""The pool of synthetic clips: equal however it is rendered, and kept in its cache."""
import numpy as np
import pytest

from ros_animate.errors import UserError
from ros_animate.training.animation import synthetic
from ros_animate.training.animation.clip_pool import Pool, PoolSize
from ros_animate.training.animation.synthetic import Frames, make_clip

SIZE = PoolSize(seed=4, clips=3, frames=2, size=16)


@pytest.fixture(scope='module')
def kept(tmp_path_factory):
    """A cache, and the pool that was written into it by two processes."""
    cache = tmp_path_factory.mktemp('cache')
    return cache, Pool(SIZE, str(cache), workers=2)


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Frames._fields)


def test_it_holds_the_clips_of_the_seed(kept):
    for number in range(SIZE.clips):
        for name, expected in zip(Frames._fields, make_clip(4, number, 2, 16), strict=True):
            np.testing.assert_allclose(getattr(kept[1], name)[number], expected, atol=1e-4)


@pytest.mark.parametrize('workers', [1, 2])
def test_it_is_the_same_in_memory_and_by_any_number_of_processes(kept, workers):
    assert same(kept[1], Pool(SIZE, workers=workers))


def test_the_cache_is_read_the_next_time(kept):
    cache, pool = kept
    file = next(cache.glob('*/images.npy'))
    before = file.stat().st_mtime_ns
    assert same(pool, Pool(SIZE, str(cache), workers=1))
    assert file.stat().st_mtime_ns == before


def test_another_pool_has_its_own_place(kept, monkeypatch):
    cache, pool = kept
    monkeypatch.setattr(synthetic, '_MOVE', 0.3)
    monkeypatch.setattr(synthetic, '_MOVE_TURNING', 0.3)
    assert not same(pool, Pool(SIZE, str(cache), workers=1))
    assert len(list(cache.iterdir())) == 2


def test_an_interrupted_rendering_is_repeated(tmp_path, kept):
    Pool(SIZE, str(tmp_path), workers=1)
    folder = next(tmp_path.iterdir())
    (folder / 'done').unlink()
    (folder / 'images.npy').write_bytes(b'half')
    assert same(kept[1], Pool(SIZE, str(tmp_path), workers=1))


def test_a_damaged_cache_is_named(tmp_path):
    Pool(SIZE, str(tmp_path), workers=1)
    folder = next(tmp_path.iterdir())
    (folder / 'images.npy').write_bytes(b'half')
    with pytest.raises(UserError, match=folder.name):
        Pool(SIZE, str(tmp_path), workers=1)
