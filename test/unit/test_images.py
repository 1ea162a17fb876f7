"""Image files."""
import cv2
import numpy as np
import pytest

from ros_animate.files import WriteError
from ros_animate.images import (
    ImageFileError,
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


def test_a_file_that_is_not_there(tmp_path):
    assert try_read_image(tmp_path / 'a.png') is None
    for path in (tmp_path / 'a.png', tmp_path):
        with pytest.raises(ImageFileError, match='there is no image'):
            read_image(path)


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
