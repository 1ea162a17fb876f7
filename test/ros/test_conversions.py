"""Images in every encoding and size; messages that contradict themselves."""
import array

import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')

import cv2
import numpy as np
from helpers.encoded_images import message_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from ros_animate.nodes.conversions import (
    ENCODINGS,
    MessageError,
    image_from_compressed,
    image_from_message,
    image_to_message,
)

COLOR = np.array([200, 120, 40], np.uint8)
# Tolerances: chroma is rounded, and grey keeps only the lightness.
TOLERANCE = 4


def solid(size):
    return np.broadcast_to(COLOR, (*size, 3)).copy()


def expected(encoding, rgb):
    if 'mono' in encoding or encoding == '8UC1':
        return cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return rgb


@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_every_encoding_becomes_rgb(encoding, padding):
    rgb = solid((64, 48))
    image = image_from_message(message_of(encoding, rgb, padding))
    assert image.shape == rgb.shape and image.dtype == np.uint8
    assert np.abs(image.astype(int) - expected(encoding, rgb)).max() <= TOLERANCE


@pytest.mark.parametrize('encoding', [e for e in ENCODINGS if 'bayer' not in e])
def test_left_stays_left_and_top_stays_top(encoding):
    rgb = solid((64, 64))
    rgb[:32] = 20
    rgb[:, :32] = 250
    image = image_from_message(message_of(encoding, rgb))
    assert np.abs(image.astype(int) - expected(encoding, rgb)).max() <= TOLERANCE


@pytest.mark.parametrize('size', [(64, 64), (480, 640), (1080, 1920), (2160, 3840), (2, 2)])
def test_sizes(size):
    rgb = solid(size)
    np.testing.assert_array_equal(image_from_message(image_to_message(rgb, Header())), rgb)


# Each encoding by OpenCV alone: reshaped to these channels, converted by this code.
RAW = {'bgr8': (3, cv2.COLOR_BGR2RGB), '8UC3': (3, cv2.COLOR_BGR2RGB),
       'rgba8': (4, cv2.COLOR_RGBA2RGB), 'bgra8': (4, cv2.COLOR_BGRA2RGB),
       '8UC4': (4, cv2.COLOR_BGRA2RGB), 'mono8': (1, cv2.COLOR_GRAY2RGB),
       '8UC1': (1, cv2.COLOR_GRAY2RGB), 'yuv422': (2, cv2.COLOR_YUV2RGB_UYVY),
       'uyvy': (2, cv2.COLOR_YUV2RGB_UYVY), 'yuv422_yuy2': (2, cv2.COLOR_YUV2RGB_YUYV),
       'yuyv': (2, cv2.COLOR_YUV2RGB_YUYV), 'bayer_rggb8': (1, cv2.COLOR_BayerRGGB2RGB),
       'bayer_bggr8': (1, cv2.COLOR_BayerBGGR2RGB), 'bayer_gbrg8': (1, cv2.COLOR_BayerGBRG2RGB),
       'bayer_grbg8': (1, cv2.COLOR_BayerGRBG2RGB), 'nv12': (1, cv2.COLOR_YUV2RGB_NV12),
       'nv21': (1, cv2.COLOR_YUV2RGB_NV21)}


def converted(encoding, rgb):
    """The image of `message_of(encoding, rgb)` without padding, by OpenCV and NumPy alone."""
    data = message_of(encoding, rgb).data
    if encoding == 'rgb8':
        return rgb
    if encoding == 'mono16':
        high_bytes = np.frombuffer(data, np.uint8)[1::2].reshape(rgb.shape[:2])
        return np.repeat(high_bytes[..., None], 3, axis=2)
    channels, code = RAW[encoding]
    return cv2.cvtColor(np.frombuffer(data, np.uint8).reshape(-1, rgb.shape[1], channels), code)


@pytest.mark.parametrize('is_bigendian', [0, 1])
@pytest.mark.parametrize('padding', [0, 1, 6])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_every_encoding_gives_exactly_the_image_of_opencv(encoding, padding, is_bigendian):
    rgb = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
    message = message_of(encoding, rgb, padding)
    if is_bigendian:
        message.is_bigendian = 1
        if encoding == 'mono16':
            rows = np.frombuffer(message.data, np.uint8).reshape(48, -1).copy()
            rows[:, :128] = rows[:, :128].reshape(48, 64, 2)[..., ::-1].reshape(48, -1)
            message.data = array.array('B', rows.tobytes())
    np.testing.assert_array_equal(image_from_message(message), converted(encoding, rgb))


def test_an_rgb8_message_is_not_copied():
    message = message_of('rgb8', solid((48, 64)))
    assert np.shares_memory(image_from_message(message), np.frombuffer(message.data, np.uint8))


def test_big_endian_mono16():
    message = message_of('mono16', solid((4, 4)))
    message.data = array.array('B', np.frombuffer(message.data, '<u2').astype('>u2').tobytes())
    message.is_bigendian = 1
    grey = expected('mono16', solid((4, 4)))
    np.testing.assert_array_equal(image_from_message(message), grey)


@pytest.mark.parametrize('change, complaint', [
    ({'width': 0}, '0x48'), ({'height': 0}, '64x0'), ({'step': 10}, 'step is 10'),
    ({'data': array.array('B')}, 'got 0'), ({'data': array.array('B', [1, 2])}, 'got 2'),
    ({'encoding': 'nv24'}, "'nv24'.*rgb8"), ({'encoding': ''}, "''"),
    ({'width': 10 ** 6}, 'a row is'), ({'height': 49}, 'expected'), ({'step': 2 ** 32 - 1}, 'got')])
def test_contradictions_are_named(change, complaint):
    message = image_to_message(solid((48, 64)), Header())
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError, match=complaint):
        image_from_message(message)


def test_odd_sizes_of_encodings_that_have_pairs():
    for encoding in ('yuv422', 'bayer_rggb8', 'nv12'):
        message = message_of(encoding, solid((4, 4)))
        message.width, message.step = 3, message.step // 4 * 3
        message.data = message.data[:3 * message.step // 3 * 4]
        with pytest.raises(MessageError, match='even size'):
            image_from_message(message)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 200), st.binary(max_size=2000),
       st.sampled_from([*ENCODINGS, 'nonsense']), st.integers(0, 1))
def test_any_message_is_a_image_or_an_error(height, width, step, data, encoding, big):
    message = Image(height=height, width=width, step=step, encoding=encoding, is_bigendian=big,
                    data=array.array('B', data))
    try:
        image = image_from_message(message)
    except MessageError:
        return
    assert image.shape == (height, width, 3) and image.dtype == np.uint8


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 5), st.sampled_from(ENCODINGS))
def test_any_honest_message_is_an_image(half_height, half_width, padding, encoding):
    size = (2 * half_height, 2 * half_width)
    image = image_from_message(message_of(encoding, solid(size), padding))
    assert image.shape == (*size, 3)


@pytest.mark.parametrize('suffix, tolerance', [('.jpg', 6), ('.png', 0)])
def test_compressed_images(suffix, tolerance):
    data = cv2.imencode(suffix, solid((48, 64))[..., ::-1])[1].tobytes()
    image = image_from_compressed(CompressedImage(format=suffix[1:], data=data))
    assert image.shape == (48, 64, 3)
    assert np.abs(image.astype(int) - COLOR).max() <= tolerance


@pytest.mark.parametrize('data', [b'', b'no image', b'\xff\xd8\xff\xe0' + bytes(20)])
def test_compressed_rubbish_is_named(data):
    with pytest.raises(MessageError, match=f'{len(data)} bytes of .jpeg'):
        image_from_compressed(CompressedImage(format='jpeg', data=data))


def test_a_image_is_copied_as_a_whole():
    message = image_to_message(solid((48, 64)), Header(frame_id='camera'))
    assert isinstance(message.data, array.array) and message.data.typecode == 'B'
    assert (message.encoding, message.step, message.header.frame_id) == ('rgb8', 192, 'camera')


def test_a_image_that_is_a_view_is_published_as_it_looks():
    rgb = np.random.default_rng(1).integers(0, 255, (10, 20, 3), np.uint8)[:, ::-1]
    np.testing.assert_array_equal(image_from_message(image_to_message(rgb, Header())), rgb)


def test_an_image_that_claims_to_be_huge_is_refused_before_memory_is_taken():
    jpeg = bytearray(cv2.imencode('.jpg', np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    at = jpeg.index(b'\xff\xc0')
    jpeg[at + 5:at + 9] = b'\x7f\xc0\x7f\xc0'  # 32704 x 32704
    for message in (CompressedImage(format='jpeg', data=bytes(jpeg)),
                    Image(width=60_000, height=60_000, step=180_000, encoding='rgb8')):
        with pytest.raises(MessageError, match='too large; at most'):
            image_from_message(message)
