"""Formats of faces as numbers: what they hold, and that nothing else gets through."""
from __future__ import annotations

import contextlib
import io
import math
import struct

import numpy as np
import pytest
from helpers.arkit_faces import COUNT, NAMES, ifacialmocap_text, moving_face, take_text
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.streams import ifacialmocap, live_link_face, take, vmc
from ros_animate.face.streams.values import ARKIT, FaceValues, PacketError

FACE = moving_face(1.3)
LIVE = live_link_face.encode(FACE, 90)
TEXT = ifacialmocap_text(FACE)
OSC = vmc.encode(FACE.expression, FACE.head_deg, FACE.eyes_deg)


def parse_vmc(data: bytes) -> FaceValues | None:
    return vmc.Decoder().decode(data)


PARSERS = {'live_link_face': (live_link_face.parse, LIVE),
           'ifacialmocap': (ifacialmocap.parse, TEXT),
           'facemotion3d': (ifacialmocap.parse, ifacialmocap_text(FACE, '&')),
           'vmc': (parse_vmc, OSC)}


def assert_usable(face: FaceValues | None) -> None:
    """A face that got through is finite, within bounds and small."""
    if face is None or not face.has_face:
        return
    assert all(0.0 <= value <= 1.0 for value in face.expression.values())
    assert all(math.isfinite(angle) for angle in face.head_deg or ())
    assert len(face.expression) <= 1000 and len(face.subject) <= 1000


@pytest.mark.parametrize('name', PARSERS)
def test_a_face_survives_its_format(name):
    parse, data = PARSERS[name]
    face = parse(data)
    tolerance = 1e-6 if name in ('live_link_face', 'vmc') else 0.006  # whole numbers in the text
    assert {n: face.expression[n] for n in ARKIT} == pytest.approx(FACE.expression, abs=tolerance)
    assert face.head_deg == pytest.approx(FACE.head_deg, abs=1e-4)
    assert np.allclose(face.eyes_deg, FACE.eyes_deg, atol=1e-4)


@pytest.mark.parametrize('name', PARSERS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_packets_raise_packet_errors_only(name, data):
    parse, good = PARSERS[name]
    kind = data.draw(st.sampled_from(('any', 'cut', 'padded', 'changed')))
    if kind == 'any':
        packet = data.draw(st.binary(max_size=400))
    elif kind == 'cut':
        packet = good[:data.draw(st.integers(0, len(good) - 1))]
    elif kind == 'padded':
        packet = good + data.draw(st.binary(min_size=1, max_size=40))
    else:
        at = data.draw(st.integers(0, len(good) - 4))
        packet = good[:at] + data.draw(st.binary(min_size=4, max_size=4)) + good[at + 4:]
    with contextlib.suppress(PacketError):
        assert_usable(parse(packet))


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_live_link_face_refuses_numbers_that_are_not_finite(value):
    packet = LIVE[:-4 * COUNT] + struct.pack(f'>{COUNT}f', *[0.1] * (COUNT - 1), value)
    if len(packet) == len(LIVE):
        assert live_link_face.parse(packet[:-4] + struct.pack('>f', 0.1)).has_face
    first = LIVE[:-4 * COUNT] + struct.pack('>f', value) + LIVE[len(LIVE) - 4 * (COUNT - 1):]
    with pytest.raises(PacketError, match='finite'):
        live_link_face.parse(first)


@pytest.mark.parametrize('length', [121, 2 ** 31, 2 ** 32 - 1])
def test_live_link_face_refuses_huge_lengths(length):
    with pytest.raises(PacketError, match='device id of'):
        live_link_face.parse(LIVE[:1] + struct.pack('>I', length) + LIVE[5:])


@pytest.mark.parametrize('count', [1, 52, 60, 62, 255])
def test_live_link_face_refuses_another_count(count):
    head = LIVE[:-4 * COUNT - 1]
    with pytest.raises(PacketError):
        live_link_face.parse(head + bytes([count]) + bytes(4 * count))
    with pytest.raises(PacketError):
        live_link_face.parse(head + bytes([count]) + LIVE[-4 * COUNT:] + bytes(count != COUNT))


def test_live_link_face_tells_a_phone_that_sees_no_face():
    face = live_link_face.parse(live_link_face.encode(FaceValues(subject='p', has_face=False), 9))
    assert not face.has_face and face.subject == 'p' and face.time_s == pytest.approx(9 / 60)


def test_live_link_face_has_left_before_right_where_its_csv_has_not():
    assert NAMES.index('jawLeft') + 1 == NAMES.index('jawRight')
    assert NAMES.index('mouthLeft') + 1 == NAMES.index('mouthRight')
    header = take.take_header()
    assert header.index('JawRight') + 1 == header.index('JawLeft')


def test_signs_of_angles_are_those_of_the_person():
    values = dict.fromkeys(live_link_face.ORDER, 0.0)
    values.update(headYaw=0.1, headPitch=0.2, headRoll=0.3, leftEyeYaw=0.1, leftEyePitch=0.2)
    face = live_link_face.face_values(values)
    assert face.head_deg == pytest.approx(np.degrees([0.1, -0.2, 0.3]))
    # The left eye that looks to the person's right looks inwards.
    assert face.eyes_deg[0] == pytest.approx(np.degrees([-0.1, 0.2]))


def test_eyes_without_blendshapes_of_the_gaze_give_them():
    face = ifacialmocap.parse(b'jawOpen-50|leftEye#10,16,0|rightEye#10,16,0|')
    assert face.expression['eyeLookOutLeft'] == pytest.approx(0.5)
    assert face.expression['eyeLookInRight'] == pytest.approx(0.5)
    assert face.expression['eyeLookDownLeft'] > 0.2 and not face.expression['eyeLookUpRight']


def test_facemotion3d_ignores_values_of_its_own():
    face = ifacialmocap.parse(b'FM_lookUp&50|mouthSmileLeft&40|')
    assert face.expression == {'mouthSmileLeft': 0.4}


@pytest.mark.parametrize('text', [b'', b'|||', b'hello', b'jawOpen-x|', b'=head#1,2|jawOpen-1|',
                                  b'jawOpen-nan|', b'jawOpen-1|' * 600, b'\xff\xfe',
                                  b'jawOpen-1|=head#1e9,0,0,0,0,0|'])
def test_ifacialmocap_refuses_what_is_no_frame(text):
    with pytest.raises(PacketError):
        ifacialmocap.parse(text)


@given(sizes=st.lists(st.integers(1, 700), max_size=30))
@settings(max_examples=40, deadline=None)
def test_tcp_frames_are_put_together_from_pieces(sizes):
    stream = (TEXT + ifacialmocap.SEPARATOR) * 5
    splitter, frames, at = ifacialmocap.FrameSplitter(), [], 0
    for size in [*sizes, len(stream)]:
        frames += splitter.feed(stream[at:at + size])
        at += size
    assert frames == [TEXT] * 5 and not splitter.dropped


def test_a_tcp_stream_without_separators_takes_bounded_memory():
    splitter = ifacialmocap.FrameSplitter()
    for _ in range(100):
        assert not list(splitter.feed(b'x' * 10_000))
    assert splitter.dropped and len(splitter._rest) <= ifacialmocap.FRAME_BYTES + 10_000
    assert list(splitter.feed(ifacialmocap.SEPARATOR + TEXT + ifacialmocap.SEPARATOR))[-1] == TEXT


def test_vmc_translates_the_moods_of_senders_without_perfect_sync():
    decoder = vmc.Decoder()
    assert decoder.decode(vmc._message(vmc.BLEND, 'Blink_L', 0.9).dgram) is None
    assert decoder.decode(vmc._message(vmc.BLEND, 'A', 1.0).dgram) is None
    face = decoder.decode(vmc._message(vmc.APPLY).dgram)
    assert face.expression['eyeBlinkLeft'] == pytest.approx(0.9)
    assert 'eyeBlinkRight' not in face.expression and face.expression['jawOpen'] > 0.5


def test_vmc_refuses_bundles_in_bundles_without_end():
    inner = b'#bundle\0' + bytes(8)
    for _ in range(2000):
        inner = b'#bundle\0' + bytes(8) + struct.pack('>I', len(inner)) + inner
    with pytest.raises(PacketError, match='bundles'):
        vmc.Decoder().decode(inner)


def test_vmc_keeps_a_bounded_number_of_names():
    decoder = vmc.Decoder()
    with pytest.raises(PacketError, match='more than'):
        for i in range(2000):
            decoder.decode(vmc._message(vmc.BLEND, f'shape{i}', 0.5).dgram)


def test_vmc_neck_and_head_turn_together():
    decoder = vmc.Decoder()
    half = math.sin(math.radians(5)), math.cos(math.radians(5))
    for bone in ('Neck', 'Head'):
        decoder.decode(vmc._message(vmc.BONE, bone, 0., 0., 0., 0., half[0], 0., half[1]).dgram)
    # Unity's positive turn about the vertical axis is one to the character's right.
    assert decoder.decode(vmc._message(vmc.APPLY).dgram).head_deg[0] == pytest.approx(-20, abs=1e-3)


FACES = [moving_face(i / 60) for i in range(90)]


def parse_text(text: str, fps: float = 0.0) -> take.Take:
    return take.parse_take(io.StringIO(text), fps)


def test_a_take_survives_its_format():
    recorded = parse_text(take_text(FACES))
    assert len(recorded.faces) == 90 and recorded.tracker == 'arkit' and not recorded.damaged
    assert recorded.faces[50].expression == pytest.approx(FACES[50].expression, abs=1e-6)
    assert recorded.faces[50].head_deg == pytest.approx(FACES[50].head_deg, abs=1e-4)
    assert recorded.fps == pytest.approx(60, rel=0.1)
    assert recorded.stamps_s[0] == 0.0 and recorded.stamps_s[60] == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize('rate,step', [(60, 1), (60, 2), (30, 1), (24, 1)])
def test_frames_in_a_timecode_count_by_its_rate(rate, step):
    header = ','.join(take.take_header())
    codes = [f'23:59:{58 + i * step // rate:02}:{i * step % rate:02}.500'.replace(':60:', ':00:')
             for i in range(2 * rate // step)]
    rows = [','.join([code, '61', *['0.5'] * 61]) for code in codes]
    recorded = parse_text('\n'.join([header, *rows]))
    assert np.allclose(np.diff(recorded.stamps_s), step / rate, atol=1e-6)


def test_a_take_goes_on_after_midnight():
    header = ','.join(take.take_header())
    rows = [f'{code},61,{",".join(["0.5"] * 61)}'
            for code in ('23:59:59.950', '23:59:59.983', '00:00:00.016', '00:00:00.050')]
    recorded = parse_text('\n'.join([header, *rows]))
    assert np.allclose(np.diff(recorded.stamps_s), 1 / 30, atol=2e-3)


def test_columns_are_found_by_their_names():
    recorded = parse_text('smile,JawLeft,jawright,timestamp\nx,0.25,0.5,7.0\nx,0.1,0.2,7.1\n')
    assert recorded.faces[0].expression == {'jawLeft': 0.25, 'jawRight': 0.5}
    assert recorded.stamps_s == pytest.approx((0.0, 0.1))


def test_rows_without_a_face_and_damaged_ones():
    lines = take_text(FACES[:6]).splitlines()
    empty = [lines[2].split(',')[0], '0', *[''] * 61]
    lines[2] = ','.join(empty)
    lines[3] = lines[3][:200]
    lines[4] = lines[4].replace(lines[4].split(',')[5], 'nan', 1)
    recorded = parse_text('\n'.join(lines))
    assert [face.has_face for face in recorded.faces] == [True, False, True, True]
    assert recorded.damaged == 2


def test_the_face_landmarkers_column_tells_its_scale():
    assert '_neutral' in BLENDSHAPES
    assert parse_text('_neutral,jawOpen\n0,0.5\n').tracker == 'mediapipe'


@pytest.mark.parametrize('text,reason', [
    ('', 'names no blendshape'), ('a,b\n1,2\n', 'names no blendshape'),
    ('jawOpen\n', 'holds no face'), ('jawOpen\nx\n', 'holds no face'),
    ('jawOpen,' + 'x' * 70_000 + '\n1\n', 'characters'), ('jawOpen' + ',a' * 2000, 'columns')])
def test_what_is_no_take_is_refused_with_a_reason(text, reason):
    with pytest.raises(take.TakeError, match=reason):
        parse_text(text)


@given(text=st.one_of(st.text(max_size=300), st.binary(max_size=300).map(
    lambda data: take_text(FACES[:2])[:700] + data.decode('latin-1'))))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_take_or_refused(text):
    try:
        recorded = parse_text(text)
    except take.TakeError:
        return
    assert np.all(np.diff(recorded.stamps_s) > 0)
    for face in recorded.faces:
        assert_usable(face)


@given(times=st.lists(st.one_of(st.just(''), st.floats(allow_nan=True).map(str), st.from_regex(
    r'[0-2][0-9]:[0-5][0-9]:[0-5][0-9](:[0-9]{2}\.[0-9]{3}|\.[0-9]{3})', fullmatch=True)),
    min_size=1, max_size=20))
@example(times=['', '-4e-188', '0.0'])
@settings(max_examples=100, deadline=None)
def test_stamps_increase_whatever_the_times(times):
    recorded = parse_text('Timecode,jawOpen\n' + ''.join(f'{time},0.5\n' for time in times))
    assert len(recorded.stamps_s) == len(times) and np.all(np.diff(recorded.stamps_s) > 0)
    assert np.isfinite(recorded.stamps_s).all()
