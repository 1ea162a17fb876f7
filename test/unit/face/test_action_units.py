"""Action units, landmarks of REP-155 and named expressions, there and back."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError
from ros_animate.face.action_units import COUNT, action_units, blendshapes, turn_deg
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.expressions import NEUTRAL, read_expressions
from ros_animate.face.face_mesh import canonical_mesh
from ros_animate.face.head_angles import head_angles_deg, rotation_of
from ros_animate.face.ibug import IBUG, head_pose, ibug_landmarks
from ros_animate.face.region import face_bounds, face_square
from ros_animate.face.usual_face import UsualFace
from ros_animate.face.virtual import HUMAN, Camera, VirtualFace

NAMES = ['neutral', 'angry', 'sad', 'happy', 'surprised', 'disgusted', 'scared', 'pleading',
         'vulnerable', 'despaired', 'guilty', 'disappointed', 'embarrassed', 'horrified',
         'skeptical', 'annoyed', 'furious', 'suspicious', 'rejected', 'bored', 'tired', 'asleep',
         'confused', 'amazed', 'excited']
RELAXED = read_expressions().relaxed
units = st.floats(0, 1)
angles = st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.floats(-40, 40)).map(np.array)


@given(st.lists(units, min_size=COUNT, max_size=COUNT), angles)
def test_units_come_back_from_blendshapes(values, turn):
    first = action_units(blendshapes(np.array(values), RELAXED), turn, RELAXED)
    shapes = blendshapes(first, RELAXED)
    assert set(shapes) <= set(BLENDSHAPES) and all(0 <= v <= 1 for v in shapes.values())
    np.testing.assert_allclose(action_units(shapes, turn, RELAXED), first, atol=1e-9)
    np.testing.assert_allclose(turn_deg(first), turn, atol=1e-6)


def test_a_unit_is_the_mean_of_both_sides_and_what_is_unknown_says_so():
    values = action_units({'mouthSmileLeft': 0.8, 'mouthSmileRight': 0.4, 'eyeBlinkLeft': 1.0,
                           'jawOpen': 0.5, 'mouthClose': 0.2}, None, {})
    assert values[12] == pytest.approx(0.6) and values[46] == 1.0 and values[43] == 0.0
    assert values[25] == pytest.approx(0.3) and values[26] == 0.5
    assert np.isnan(values[[0, 3, 23, 51, 58, 98]]).all()
    assert turn_deg(values) is None


@pytest.mark.parametrize('turn, unit', [((20, 0, 0), 51), ((-20, 0, 0), 52), ((0, -20, 0), 53),
                                        ((0, 20, 0), 54), ((0, 0, -20), 55), ((0, 0, 20), 56)])
def test_turns_of_the_head(turn, unit):
    values = action_units(RELAXED, np.array(turn), RELAXED)
    assert not np.nan_to_num(values[:51]).any()
    assert values[unit] == pytest.approx(20 / 45)
    assert np.count_nonzero(np.nan_to_num(values[51:59])) == 1


@given(angles)
def test_rotations_have_their_angles(turn):
    rotation = rotation_of(turn)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(head_angles_deg(rotation), turn, atol=1e-6)


def test_landmarks_are_where_rep_155_has_them():
    face = VirtualFace(HUMAN, Camera((400, 400), 30.0))
    points = ibug_landmarks(face.landmarks({'jaw_open': 0.3}))
    assert points.shape == (70, 2) and len(set(IBUG)) == 70
    x, y = points.T
    # The person's right is at the left of the image; y points down.
    assert (np.diff(x[:17]) > 0).all() and y[8] == y.max()
    assert (np.diff(x[17:27]) > 0).all() and (np.diff(y[27:31]) > 0).all()
    assert (np.diff(x[31:36]) > 0).all()
    assert x[36] < x[39] < x[42] < x[45]
    assert max(y[37], y[38]) < min(y[40], y[41]) and max(y[43], y[44]) < min(y[46], y[47])
    assert x[48] == x[48:68].min() and x[54] == x[48:68].max()
    assert y[51] < y[62] < y[66] < y[57]
    assert x[36] < x[68] < x[39] and x[42] < x[69] < x[45]
    symmetric = np.abs(x[:17] + x[16::-1] - 400).max()
    assert symmetric < 4


@given(angles, st.floats(-0.2, 0.2), st.floats(0.4, 2.0))
def test_the_pose_of_the_head_from_landmarks(turn, side_m, distance_m):
    turn = turn / 2
    vertices = np.concatenate([canonical_mesh().vertices, np.zeros((10, 3))])[list(IBUG)]
    points = vertices @ rotation_of(turn).T * 0.01 + (side_m, 0.05, -distance_m)
    pixels = np.stack([320 - 640 * points[:, 0] / points[:, 2],
                       240 + 640 * points[:, 1] / points[:, 2]], 1)
    rotation, translation = head_pose(pixels, (640, 480))
    np.testing.assert_allclose(head_angles_deg(rotation), turn, atol=0.5)
    np.testing.assert_allclose(translation, (side_m, 0.05, -distance_m), atol=0.02)


def test_points_that_are_no_head_have_no_pose():
    assert head_pose(np.full((70, 2), np.nan), (640, 480)) is None


def test_every_expression_of_rep_155_is_there_and_recognised():
    expressions = read_expressions()
    assert sorted(expressions.names) == sorted(NAMES)
    for name in NAMES:
        shown = expressions.recognise(expressions.named(name).shapes)
        # Closed eyes are a blink, and a lowered head a look.
        assert shown.name == (NEUTRAL if name == 'asleep' else name)
        assert -1 <= shown.valence <= 1 and -1 <= shown.arousal <= 1 and 0 <= shown.confidence <= 1
    happy = expressions.recognise({'mouthSmileLeft': 0.6, 'mouthSmileRight': 0.6})
    assert happy.name == 'happy' and happy.valence > 0.3
    assert expressions.recognise({'mouthSmileLeft': 0.04}).name == NEUTRAL
    assert expressions.recognise({}).name == NEUTRAL


def test_valence_and_arousal_mix_what_lies_near():
    expressions = read_expressions()
    pleasant, unpleasant = expressions.mixed(0.8, 0.3), expressions.mixed(-0.7, -0.4)
    assert pleasant.shapes['mouthSmileLeft'] > 0.5 > pleasant.shapes['browDownLeft']
    assert unpleasant.shapes['mouthFrownLeft'] > 0.4 > unpleasant.shapes['mouthSmileLeft']
    assert not expressions.mixed(0.0, 0.0).shapes


@pytest.mark.parametrize('text, complaint', [
    ('happy: 1', 'expected `expressions:`'),
    ('expressions: {happy: 3}', 'happy: expected valence'),
    ('expressions: {happy: {colour: red}}', "'colour'"),
    ('expressions: {happy: {shapes: {mouthSmle: 1}}}', "'mouthSmle'.*mouthSmile"),
    ('expressions: {happy: {shapes: {mouthSmile: 2}}}', 'number of -1 to 1, got 2'),
    ('expressions: {happy: {valence: .nan}}', 'valence: expected a number'),
    ('expressions: {happy: {shapes: {headYaw: 90}}}', 'number of -45 to 45'),
    ('expressions: {3: {}}', '3 is not the name')])
def test_mistakes_in_a_file_are_named(tmp_path, text, complaint):
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=complaint) as error:
        read_expressions(str(path))
    assert 'mine.yaml' in str(error.value)


def test_a_name_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match="did you mean 'happy'"):
        read_expressions().named('hapy')


def test_the_usual_face_follows_slowly_and_not_far():
    usual = UsualFace({'eyeSquintLeft': 0.35})
    squint = {'eyeSquintLeft': 0.5}
    assert usual.deviation(squint, 0.0)['eyeSquintLeft'] == pytest.approx(0.15)
    for k in range(1, 30 * 60):
        late = usual.deviation(squint, k / 30)['eyeSquintLeft']
    assert abs(late) < 0.01
    for k in range(30 * 600):
        late = usual.deviation({'eyeSquintLeft': 1.0}, 60 + k / 30)['eyeSquintLeft']
    assert late == pytest.approx(0.35, abs=1e-6)


def test_the_part_of_the_image_that_a_face_fills():
    face = VirtualFace(HUMAN, Camera((400, 400), 40.0))
    for roll in (0.0, 20.0):
        landmarks = face.landmarks({'head_roll': roll})
        left, top, right, bottom = face_bounds(landmarks, (400, 400))
        assert 0 < left < 0.5 < right < 1 and 0 < top < bottom < 1
        box = face_square(landmarks, level=True)
        assert abs(np.degrees(box.angle_rad)) == pytest.approx(roll, abs=2)
        assert face_square(landmarks, level=False).angle_rad == 0.0
        low, high = box.corners().min(0), box.corners().max(0)
        assert (low < landmarks[:468, :2].min(0) + 1).all() and (
            high > landmarks[:468, :2].max(0) - 1).all()
