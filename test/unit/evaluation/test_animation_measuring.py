"""Protocols, and the measures of animations whose quality is known."""
from __future__ import annotations

import json
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from helpers.played_faces import clip

from ros_animate.errors import UserError
from ros_animate.evaluation.animation.identity import FaceTexture
from ros_animate.evaluation.animation.measurement import evaluate
from ros_animate.evaluation.animation.measures import MEASURES
from ros_animate.evaluation.animation.methods import AnimatedClip, RepeatedSource
from ros_animate.evaluation.animation.results import Evaluation
from ros_animate.evaluation.animation.table import summary, table
from ros_animate.evaluation.animation.tasks import (
    Clip,
    Task,
    imitations,
    reconstructions,
    transfers,
)
from ros_animate.evaluation.animation.tracking import FaceTracker


class Perfect:
    """Knows the truth."""

    name = 'perfect'

    def animate(self, task: Task) -> AnimatedClip | None:
        return AnimatedClip(task.target, np.full(len(task.target), 0.02))

    def close(self) -> None: ...


class Faceless(Perfect):
    """Shows a grey wall."""

    name = 'faceless'

    def animate(self, task: Task) -> AnimatedClip | None:
        return AnimatedClip(np.full_like(task.target, 128), np.full(len(task.target), 0.5))


class Choosy(Perfect):
    """Animates no clip but the first."""

    name = 'choosy'

    def animate(self, task: Task) -> AnimatedClip | None:
        return super().animate(task) if task.name == 'person 0' else None


@pytest.fixture(scope='module')
def tracker() -> Iterator[FaceTracker]:
    with FaceTracker() as one:
        yield one


@pytest.fixture(scope='module')
def reconstruction() -> Evaluation:
    return evaluate([Perfect(), Faceless(), Choosy(), RepeatedSource()],
                    reconstructions([clip(0), clip(1)]))


def test_a_perfect_reconstruction(reconstruction: Evaluation) -> None:
    values = reconstruction.of('perfect')
    assert {m: values[m] for m in ('l1', 'akd', 'mkr', 'aed', 'pose_deg')} == dict.fromkeys(
        ('l1', 'akd', 'mkr', 'aed', 'pose_deg'), 0)
    assert values['expr_r'] == pytest.approx(1) and values['gain'] == pytest.approx(1)
    assert values['pose_r'] == pytest.approx(1) and values['fps'] == pytest.approx(50)
    assert values['frechet_pictures'] == pytest.approx(0, abs=1e-6)
    assert values['jitter'] == reconstruction.jitter
    assert (reconstruction.size, reconstruction.clips, reconstruction.frames) == (128, 2, 24)
    assert reconstruction.faceless == 0


def test_the_source_repeated(reconstruction: Evaluation) -> None:
    values = reconstruction.of('source repeated')
    frames = clip(0).frames.astype(float), clip(1).frames.astype(float)
    expected = np.mean([np.abs(f - f[0]).mean() / 255 for f in frames])
    assert values['l1'] == pytest.approx(expected, rel=1e-4)
    assert values['akd'] > 2 and values['mkr'] == 0 and values['jitter'] == 0
    assert values['expr_r'] == 0 and values['gain'] == 0 and values['fps'] is None
    assert values['pose_deg'] > 2
    assert values['aed'] < reconstruction.strangers / 2


def test_images_without_a_face(reconstruction: Evaluation) -> None:
    values = reconstruction.of('faceless')
    assert values['mkr'] == 1
    assert [values[m] for m in ('akd', 'aed', 'pose_deg', 'jitter')] == [None] * 4
    assert values['l1'] > 0.1 and values['fps'] == pytest.approx(2)


def test_clips_that_a_method_cannot_animate(reconstruction: Evaluation) -> None:
    choosy = next(p for p in reconstruction.methods if p.name == 'choosy')
    assert choosy.refused == 1 and list(choosy.clips) == ['person 0'] and choosy.values['l1'] == 0
    assert 'choosy could not animate the source of 1 clips' in table(reconstruction, 'any')
    assert [set(sample.generated) for sample in reconstruction.samples] == [
        {'perfect', 'faceless', 'choosy', 'source repeated'},
        {'perfect', 'faceless', 'source repeated'}]


def test_the_report_is_json_with_every_clip(reconstruction: Evaluation) -> None:
    report = json.loads(json.dumps(reconstruction.figures()))
    perfect = report['performers']['perfect']
    assert set(perfect) == {*MEASURES, 'refused', 'clips'}
    assert set(perfect['clips']) == {'person 0', 'person 1'}
    still = report['performers']['source repeated']
    assert np.mean([c['l1'] for c in still['clips'].values()]) == pytest.approx(still['l1'])


def test_a_transfer_has_no_true_frames() -> None:
    result = evaluate([Perfect(), RepeatedSource()], transfers([clip(0), clip(1)]))
    copied, still = result.of('perfect'), result.of('source repeated')
    assert copied['l1'] is None and copied['akd'] is None
    assert copied['expr_r'] == pytest.approx(1) and copied['pose_deg'] == 0
    # The driving face itself is no animation of the source, and its embedding says so.
    assert copied['aed'] > 0.7 * result.strangers and still['aed'] < 0.1 * result.strangers
    assert 'L1' not in summary(result)
    with pytest.raises(UserError, match='needs two'):
        evaluate([RepeatedSource()], transfers([clip(0)]))


def test_who_drives_whom() -> None:
    clips = [Clip(name, np.full((2, 4, 4, 3), k, np.uint8)) for k, name in enumerate('abc')]
    pairs = [(t.name, t.source[0, 0, 0], t.driving[0, 0, 0, 0]) for t in transfers(clips)]
    assert pairs == [('a by b', 0, 1), ('b by c', 1, 2), ('c by a', 2, 0)]
    task, = imitations([(clips[0], clips[1])])
    assert (task.source[0, 0, 0], task.driving[0, 0, 0, 0]) == (0, 1)
    assert task.truth is clips[0].frames and task.target is task.truth
    assert not list(transfers([]))


def test_landmarks_are_in_pixels_of_the_frames(tracker: FaceTracker) -> None:
    small, large = clip(0).frames[:3], clip(0, size=256).frames[:3]
    found, expected = tracker.track(small).landmarks, tracker.track(large).landmarks
    away = np.linalg.norm(2 * found[..., :2] - expected[..., :2], axis=2).mean()
    assert away < 2  # of 256


def test_frames_that_are_alike_show_the_same_face(tracker: FaceTracker) -> None:
    frames = clip(0).frames[[0, 0, 3, 3, 3, 0]]
    found = tracker.track(frames).landmarks
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[2], found[4])
    assert not np.array_equal(found[1], found[2])
    assert np.abs(found[5] - found[0]).max() < 6
    blank = tracker.track(np.zeros((2, 64, 64, 3), np.uint8))
    assert np.isnan(blank.landmarks).all() and blank.landmarks.shape == (2, 478, 3)


def test_a_trembling_face_is_seen_to_tremble(tracker: FaceTracker) -> None:
    face = clip(0).frames[0]
    moved = np.float32([[1, 0, 3], [0, 1, 0]])
    other = cv2.warpAffine(face, moved, (128, 128), borderMode=cv2.BORDER_REPLICATE)
    x = tracker.track(np.stack([face, other] * 4)).landmarks[:, :, 0].mean(1)
    np.testing.assert_allclose(np.abs(np.diff(x)), 3, atol=0.6)


def test_the_embedding_knows_people_by_their_faces(tracker: FaceTracker) -> None:
    people = []
    for person in range(5):
        frames = clip(person).frames[::4]
        people.append(FaceTexture()(frames, tracker.track(frames)))
    rows = np.concatenate(people)
    distance = np.linalg.norm(rows[:, None] - rows, axis=2)
    who = np.repeat(np.arange(5), 3)
    same = who[:, None] == who
    assert distance[same & ~np.eye(15, dtype=bool)].mean() < 0.4 * distance[~same].mean()
    np.fill_diagonal(distance, np.inf)
    assert (who[distance.argmin(1)] == who).mean() >= 0.9
