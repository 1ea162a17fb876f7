"""Image files."""
import pathlib
import resource
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros_animate.files import WriteError
from ros_animate.image_sizes import has_jpeg_end, image_size
from ros_animate.images import (
    ImageFileError,
    ImageSizeError,
    decode_image,
    encode_jpeg,
    read_image,
    try_read_image,
    write_image,
)


@pytest.fixture
def image():
    """(30, 40, 3): red left, blue right."""
    image = np.zeros((30, 40, 3), np.uint8)
    image[:, :20, 0] = image[:, 20:, 2] = 200
    return image


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.tiff'])
def test_a_written_image_is_read_again(tmp_path, image, suffix):
    path = tmp_path / f'image{suffix}'
    write_image(path, image)
    for found in (read_image(path), read_image(str(path)), try_read_image(path)):
        assert found.dtype == np.uint8 and found.flags.c_contiguous
        np.testing.assert_array_equal(found, image)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_grey_sixteen_bit_and_transparent_images_become_rgb(tmp_path):
    cv2.imwrite(str(tmp_path / 'grey.png'), np.full((4, 6), 77, np.uint8))
    cv2.imwrite(str(tmp_path / 'deep.png'), np.full((4, 6, 4), 0x4D4D, np.uint16))
    for name in ('grey', 'deep'):
        np.testing.assert_array_equal(read_image(tmp_path / f'{name}.png'),
                                      np.full((4, 6, 3), 77, np.uint8))


def test_jpeg_is_encoded_and_decoded(image):
    data = encode_jpeg(image, 95)
    assert data.startswith(b'\xff\xd8')
    assert len(encode_jpeg(image, 20)) < len(data)
    for content in (data, np.frombuffer(data, np.uint8)):
        decoded = decode_image(content)
        assert decoded.shape == image.shape
        assert np.abs(decoded.astype(int) - image)[:, :16].mean() < 3


@pytest.mark.parametrize('content', [b'', b'not an image', b'\xff\xd8\xff\xe0' + bytes(20)])
def test_content_that_is_not_an_image(tmp_path, content):
    path = tmp_path / 'a.png'
    path.write_bytes(content)
    assert decode_image(content) is None
    assert try_read_image(path) is None
    with pytest.raises(ImageFileError, match=r'a\.png cannot be read as an image; give a JPEG'):
        read_image(path)


KINDS = {'baseline': ('.jpg', []), 'progressive': ('.jpg', [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
         'restarts': ('.jpg', [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]), 'png': ('.png', []),
         'bmp': ('.bmp', []), 'tiff': ('.tiff', []), 'webp': ('.webp', [])}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('share', [0.3, 0.6, 0.95])
def test_a_part_of_an_image_is_refused_by_name(kind, share, tmp_path):
    noise = np.random.default_rng(1).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    content = cv2.imencode(KINDS[kind][0], noise, KINDS[kind][1])[1].tobytes()
    assert decode_image(content).shape == decode_image(content + b'trailer').shape == noise.shape
    part = content[:round(share * len(content))]
    path = tmp_path / 'part.img'
    # An image without a mark of its end cannot be told from one whose rest is black.
    padded = [part + bytes(len(content) - len(part))] if kind in ('baseline', 'png') else []
    for damaged in (part, *padded):
        path.write_bytes(damaged)
        if KINDS[kind][0] == '.jpg':
            assert not has_jpeg_end(damaged)
        with pytest.raises(ImageFileError, match=r'part\.img .*cannot be read'):
            read_image(path)


def test_a_thumbnail_is_not_the_end_of_a_jpeg(image):
    content, thumbnail = encode_jpeg(image, 90), encode_jpeg(image[:8, :8], 90)
    segment = b'\xff\xe1' + struct.pack('>H', len(thumbnail) + 2) + thumbnail
    content = content[:2] + segment + content[2:]
    assert has_jpeg_end(content) and decode_image(content) is not None
    assert not has_jpeg_end(content[:-40])


def test_a_file_that_is_not_there(tmp_path):
    assert try_read_image(tmp_path / 'a.png') is None
    for path in (tmp_path / 'a.png', tmp_path):
        with pytest.raises(ImageFileError, match='there is no image'):
            read_image(path)


def test_a_file_that_may_not_be_read_is_named_with_the_reason(tmp_path, image, monkeypatch):
    write_image(tmp_path / 'a.png', image)

    def refuse(*_):
        raise PermissionError(13, 'Permission denied')
    monkeypatch.setattr(pathlib.Path, 'read_bytes', refuse)
    with pytest.raises(ImageFileError, match=r'cannot read .*a\.png: Permission denied'):
        read_image(tmp_path / 'a.png')
    assert try_read_image(tmp_path / 'a.png') is None


def test_an_image_larger_than_opencv_allows(tmp_path, image, monkeypatch):
    write_image(tmp_path / 'a.png', image)
    monkeypatch.setattr(cv2, 'imdecode', _refuse)
    assert try_read_image(tmp_path / 'a.png') is None


def test_a_path_that_cannot_be_written(tmp_path, image):
    with pytest.raises(ImageFileError, match='its suffix'):
        write_image(tmp_path / 'image.text', image)
    with pytest.raises(WriteError, match='cannot write'):
        write_image(tmp_path / 'no folder' / 'image.png', image)
    assert not list(tmp_path.iterdir())


def _refuse(*_):
    raise cv2.error('(-215:Assertion failed) pixels <= CV_IO_MAX_IMAGE_PIXELS')


def _chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def _png(width, height):
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + _chunk(b'IHDR', header)
            + _chunk(b'IDAT', zlib.compress(bytes(1000))) + _chunk(b'IEND', b''))


def _jpeg(width, height):
    """A small JPEG whose header claims another size."""
    data = bytearray(encode_jpeg(np.zeros((8, 8, 3), np.uint8), 90))
    at = data.index(b'\xff\xc0')
    data[at + 5:at + 9] = struct.pack('>HH', height, width)
    return bytes(data)


def _tiff(width, height, tile=None):
    tags = [(256, width), (257, height)] + ([(322, tile), (323, tile)] if tile else [])
    return b'II*\0' + struct.pack('<IH', 8, len(tags)) + b''.join(
        struct.pack('<HHII', tag, 4, 1, value) for tag, value in tags) + bytes(40)


HUGE = {
    'jpeg': _jpeg(32704, 32704), 'jpeg at most': _jpeg(65000, 65000), 'png': _png(32704, 32704),
    'png at most': _png(2 ** 31 - 1, 2 ** 31 - 1), 'tiff': _tiff(60000, 60000),
    'tiff of huge tiles': _tiff(64, 64, 100_000),
    'bmp': b'BM' + bytes(12) + struct.pack('<Iii', 40, 50_000, -50_000) + bytes(60),
    'webp': b'RIFF\0\0\1\0WEBPVP8X\n\0\0\0' + bytes(4) + b'\xff\xff\x7f' * 2 + bytes(9),
    'ppm': b'P6 50000 50000 255\n' + bytes(9), 'gif': b'GIF89a' + struct.pack('<HH', 65535, 65535),
    'jpeg of two frames': _jpeg(8, 8)[:2] + _jpeg(60000, 60000)[2:],
}


@pytest.mark.parametrize('name', HUGE)
def test_an_image_that_claims_to_be_huge_is_refused_before_it_is_decoded(name, tmp_path):
    path = tmp_path / 'huge.img'
    path.write_bytes(HUGE[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageSizeError, match='too large; at most'):
        decode_image(HUGE[name])
    with pytest.raises(ImageSizeError, match=r'huge\.img: an image of'):
        read_image(path)
    assert try_read_image(path) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.bmp', '.tif', '.webp', '.ppm', '.gif'])
def test_the_size_stands_in_the_header(suffix):
    data = cv2.imencode(suffix, np.zeros((37, 53, 3), np.uint8))[1].tobytes()
    assert image_size(data) == (53, 37)


@given(data=st.binary(max_size=60) | st.builds(
    lambda content, places, end: bytes(
        places.get(k, byte) for k, byte in enumerate(content[:end])),
    st.sampled_from([*HUGE.values(), _jpeg(8, 8), _png(8, 8)]),
    st.dictionaries(st.integers(0, 60), st.integers(0, 255), max_size=8), st.integers(0, 800)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_an_image_or_not(data):
    try:
        image = decode_image(data, 10 ** 6)
    except ImageSizeError:
        return
    assert image is None or (image.ndim == 3 and image.dtype == np.uint8)
