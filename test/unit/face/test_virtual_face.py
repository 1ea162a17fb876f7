"""The virtual face: every control shows, in its place, in its direction, and on its side."""
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError
from ros_animate.face.face_mesh import LEFT_EYE, LEFT_IRIS, LIPS_INNER, RIGHT_EYE, RIGHT_IRIS
from ros_animate.face.virtual import HUMAN, MUSCLES, Appearance, Camera, VirtualFace
from ros_animate.face.virtual.anatomy import canonical_anatomy
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap

SPEC = load_spec('mock')
FACE_MAP = FaceMap(SPEC)
FACE = VirtualFace(FACE_MAP.appearance)


def skin(muscles):
    """(468, 2) pixels."""
    return FACE.landmarks(muscles)[:468, :2]


NEUTRAL = skin(FACE_MAP.muscles(SPEC.neutral))
CENTRE_X = FACE.camera.size[0] / 2
# Vertical bands of the image in which a group's controls may show: from the first to the second
# landmark of the neutral face.
BANDS = {'brow': (10, 145), 'lid': (10, 205), 'gaze': (105, 50), 'mouth': (4, None),
         'nose': (10, 17), 'head': (None, None)}


def test_landmarks_are_the_trackers_in_number_and_axes():
    """Z points away from the camera at the scale of x; the ring of an iris starts at its right."""
    at = FACE.landmarks({})
    assert at.shape == (478, 3)
    assert at[4, 2] < at[RIGHT_EYE[0], 2] < at[127, 2]  # nose, corner of the eye, ear
    turned = FACE.landmarks({'head_yaw': 30.0})
    width = [np.linalg.norm(p[RIGHT_EYE[0]] - p[LEFT_EYE[0]]) for p in (at, turned)]
    assert width[1] == pytest.approx(width[0], rel=0.06)  # a plane of dots: 0.87
    for middle, right, top, left, bottom in (RIGHT_IRIS, LEFT_IRIS):
        assert at[right, 0] > at[middle, 0] + 3 > at[middle, 0] - 3 > at[left, 0]
        assert at[top, 1] < at[middle, 1] - 3 < at[middle, 1] + 3 < at[bottom, 1]


@pytest.mark.parametrize('azimuth, elevation', [(0, 0), (20, 0), (-20, 8), (10, -8)])
@pytest.mark.parametrize('turned', [{}, {'head_yaw': 15.0, 'head_roll': -8.0, 'neck_pitch': 6.0}])
def test_irises_are_where_they_are_drawn(azimuth, elevation, turned):
    camera = Camera((512, 512), FACE.camera.view_cm)
    blue = VirtualFace(Appearance(iris=(0, 0, 255), light=(0, 1, 0.2)), camera)
    muscles = {'gaze_azimuth': azimuth, 'gaze_elevation': elevation, **turned}
    muscles |= {f'eyelid_{a}_{b}': 1.3 for a in ('upper', 'lower') for b in ('left', 'right')}
    image = blue.render(muscles).astype(int)
    points = blue.landmarks(muscles)[[RIGHT_IRIS[0], LEFT_IRIS[0]], :2]
    assert points[0, 0] < points[1, 0]  # the right eye is on the image's left
    for x, y in points:
        rows, columns = np.mgrid[:512, :512]
        iris = (image[..., 2] - image[..., 0] > 100) & (np.hypot(columns - x, rows - y) < 40)
        # Seen from where the lids leave it open: left and right ends of each row of it.
        widths = [np.flatnonzero(iris[row]) for row in range(int(y) - 3, int(y) + 4)]
        middle = np.mean([(w[0] + w[-1] + 1) / 2 for w in widths])
        assert abs(middle - x) < 2.5


def pose(**values):
    position = SPEC.neutral.copy()
    for name, value in values.items():
        position[SPEC.index(name.replace('_', ' '))] = value
    return FACE_MAP.muscles(position)


def difference(position):
    """Where the image changes against the neutral one: (H, W) in 0 to 255."""
    changed = FACE.render(FACE_MAP.muscles(position)).astype(int)
    return np.abs(changed - FACE.render(FACE_MAP.muscles(SPEC.neutral))).max(2)


def both_ends(index):
    for end in (SPEC.low[index], SPEC.high[index]):
        if end != SPEC.neutral[index]:
            position = SPEC.neutral.copy()
            position[index] = end
            yield position


@pytest.mark.parametrize('index', range(30), ids=SPEC.names)
def test_every_control_shows_in_its_place(index):
    control = SPEC.controls[index]
    top, bottom = BANDS[control.group]
    for position in both_ends(index):
        rows, columns = np.nonzero(difference(position) > 25)
        assert len(rows) > 30, 'nothing to be seen'
        if top is not None:
            assert np.quantile(rows, .02) >= NEUTRAL[top, 1] - 3
        if bottom is not None:
            assert np.quantile(rows, .98) <= NEUTRAL[bottom, 1] + 3
        if control.name.endswith('Left'):
            assert np.quantile(columns, .15) >= CENTRE_X - 25, "the robot's left is on the right"
        if control.name.endswith('Right'):
            assert np.quantile(columns, .85) <= CENTRE_X + 25


def test_no_two_controls_look_the_same():
    changes = []
    for index in range(30):
        for position in both_ends(index):
            moved = skin(FACE_MAP.muscles(position)) - NEUTRAL
            gaze = SPEC.controls[index].group == 'gaze'
            change = np.zeros(2) if not gaze else position[8:10] - SPEC.neutral[8:10]
            vector = np.concatenate([moved.ravel(), change])
            changes.append((SPEC.names[index], vector / np.linalg.norm(vector)))
    alike = [(a, b, round(float(u @ v), 2)) for k, (a, u) in enumerate(changes)
             for b, v in changes[:k] if a != b and u @ v > .95]
    # Head and neck turn the whole head about two nearby points, as on the robot.
    assert {frozenset((a, b)) for a, b, _ in alike} <= {
        frozenset(('Head Pitch', 'Neck Pitch')), frozenset(('Head Roll', 'Neck Roll'))}


@pytest.mark.parametrize(('muscles', 'landmark', 'direction'), [
    ({'brow_inner_left': 1}, 285, (0, -1)), ({'brow_outer_right': 1}, 53, (0, -1)),
    ({'eyelid_upper_left': 0}, 386, (0, 1)), ({'eyelid_lower_right': 0}, 145, (0, -1)),
    ({'jaw_open': 1}, 152, (0, 1)), ({'jaw_sideways': 1}, 152, (1, 0)),
    ({'lip_corner_raise_left': 1}, 291, (0, -1)), ({'lip_corner_stretch_right': 1}, 61, (-1, 0)),
    ({'lip_top_raise_middle': 1}, 13, (0, -1)), ({'lip_bottom_depress_middle': 1}, 14, (0, 1)),
    ({'nose_wrinkle': 1}, 358, (0, -1)), ({'head_yaw': 20}, 4, (1, 0)),
    ({'head_pitch': 15}, 4, (0, 1)), ({'neck_pitch': 15}, 4, (0, 1)),
    ({'head_roll': 15}, 10, (-1, 0)), ({'neck_roll': 15}, 10, (-1, 0)),
], ids=str)
def test_directions(muscles, landmark, direction):
    moved = skin(muscles)[landmark] - skin({})[landmark]
    assert moved @ np.array(direction) > 2.0


@pytest.mark.parametrize(('muscles', 'direction'), [
    ({'gaze_azimuth': 25}, (1, 0)), ({'gaze_azimuth': -25}, (-1, 0)),
    ({'gaze_elevation': 20}, (0, -1)), ({'gaze_elevation': -20}, (0, 1))], ids=str)
def test_gaze_moves_the_dark_of_the_eye(muscles, direction):
    wide = {f'eyelid_{a}_{b}': 2.0 for a in ('upper', 'lower') for b in ('left', 'right')}

    def pupil(state, ring):
        image = FACE.render({**wide, **state})
        opening = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(opening, [skin(wide)[list(ring)].astype(np.int32)], 1)
        ys, xs = np.nonzero((opening > 0) & (image.max(2) < 25))
        return np.array([np.median(xs), np.median(ys)])

    for ring in (LEFT_EYE, RIGHT_EYE):
        assert (pupil(muscles, ring) - pupil({}, ring)) @ np.array(direction) > 1.5


def test_closed_lids_hide_the_eye():
    closed = skin({f'eyelid_{a}_{b}': 0.0 for a in ('upper', 'lower') for b in ('left', 'right')})
    opened = skin({})
    for ring in (LEFT_EYE, RIGHT_EYE):
        areas = [cv2.contourArea(x[list(ring)].astype(np.float32)) for x in (closed, opened)]
        assert areas[0] < 0.12 * areas[1]


def test_open_mouth_shows_a_dark_cavity_and_teeth():
    state = {'jaw_open': .6, 'lip_top_raise_left': .5, 'lip_top_raise_right': .5,
             'lip_top_raise_middle': .5}
    mouth = np.zeros(FACE.camera.size[::-1], np.uint8)
    cv2.fillPoly(mouth, [skin(state)[list(LIPS_INNER)].astype(np.int32)], 1)
    inside = FACE.render(state)[mouth > 0].max(1)
    assert (inside < 70).mean() > .2
    assert (inside > 165).mean() > .1


def test_halves_are_mirror_images():
    mirror = canonical_anatomy().mirror
    left = {n: .8 for n in MUSCLES if n.endswith('_left') and not n.startswith('eyelid')}
    right = {n.replace('_left', '_right'): v for n, v in left.items()}
    seen = skin(left)[mirror]
    seen[:, 0] = FACE.camera.size[0] - seen[:, 0]
    assert np.abs(seen - skin(right)).max() < 1.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=30, max_size=30))
def test_any_pose_can_be_drawn(shares):
    position = SPEC.low + np.array(shares) * (SPEC.high - SPEC.low)
    image = FACE.render(FACE_MAP.muscles(position))
    assert image.shape == (384, 384, 3)
    assert image.dtype == np.uint8
    assert np.isfinite(skin(FACE_MAP.muscles(position))).all()


@pytest.mark.parametrize('size', [(64, 64), (320, 240), (800, 600)])
def test_any_size_and_look(size):
    image = VirtualFace(HUMAN, Camera(size)).render({'jaw_open': .5})
    assert image.shape == (size[1], size[0], 3)
    assert image.std() > 20


def test_the_tracker_knows_the_face():
    from ros_animate import plugins
    from ros_animate.types import Frame
    tracker = plugins.load('motion', 'mediapipe')
    rng = np.random.default_rng(3)
    found = 0
    for k in range(12):
        position = SPEC.low + rng.uniform(.2, .8, 30) * (SPEC.high - SPEC.low)
        position[8:13] = SPEC.neutral[8:13] + rng.uniform(-15, 15, 5)
        motion = tracker.extract(Frame(FACE.render(FACE_MAP.muscles(position)), k / 30))
        found += motion is not None
    tracker.close()
    assert found == 12


def test_unknown_muscle_is_named():
    with pytest.raises(ConfigurationError, match='ear_wiggle'):
        FACE.render({'ear_wiggle': 1.0})


@pytest.mark.parametrize(('face', 'message'), [
    ({'controls': {'Brow Inner Left': {'brow_iner_left': [-1, 0, 1]}}}, 'brow_inner_left'),
    ({'controls': {'Brow Iner Left': {'brow_inner_left': [-1, 0, 1]}}}, 'Brow Inner Left'),
    ({'controls': {'Brow Inner Left': {'brow_inner_left': [-1, 1]}}}, 'three numbers'),
    ({'appearance': {'skn': [1, 2, 3]}}, 'skin'),
    ({'control': {}}, 'controls'),
])
def test_mistakes_in_the_face_section(face, message):
    import dataclasses
    with pytest.raises(ConfigurationError, match=message):
        FaceMap(dataclasses.replace(SPEC, face=face))
