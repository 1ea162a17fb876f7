"""Images: ROS messages to RGB arrays and back.

Inside the program an image is RGB uint8 (H, W, 3); every other layout ends here. cv_bridge converts
what all of its versions know; the table has the rest, so that a message gives the same image with
each. A message that contradicts itself, which cv_bridge does not notice or answers with a crash,
raises MessageError with the numbers that disagree. Compressed images go through the reader of
image files, which looks at the claimed size before it decodes.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from cv_bridge import CvBridge
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.errors import shown
from ros_animate.images import ImageSizeError, decode_image
from ros_animate.limits import FRAME_PIXELS
from ros_animate.types import Image


class MessageError(ValueError):
    """A message contradicts itself, or has a format that is not supported."""


@dataclass(frozen=True)
class _Layout:
    """Memory layout of one encoding.

    Attributes:
        channels: Values per pixel in a row of the buffer.
        bridged: Name under which cv_bridge converts it; '' if OpenCV does so here.
        to_rgb: OpenCV code that converts to RGB.
        dtype: Type of a value.
        even: 'width' or 'both' where pixels are coded in pairs.
        has_chroma_rows: True if half as many rows with colours follow those with brightness.
    """

    channels: int
    bridged: str = ''
    to_rgb: int = 0
    dtype: type = np.uint8
    even: str = ''
    has_chroma_rows: bool = False


_UYVY = _Layout(2, to_rgb=cv2.COLOR_YUV2RGB_UYVY, even='width')
_YUYV = _Layout(2, to_rgb=cv2.COLOR_YUV2RGB_YUY2, even='width')
_LAYOUTS = {
    'rgb8': _Layout(3, 'rgb8'),
    'bgr8': _Layout(3, 'bgr8'),
    '8UC3': _Layout(3, 'bgr8'),
    'rgba8': _Layout(4, 'rgba8'),
    'bgra8': _Layout(4, 'bgra8'),
    '8UC4': _Layout(4, 'bgra8'),
    'mono8': _Layout(1, 'mono8'),
    '8UC1': _Layout(1, 'mono8'),
    'bayer_rggb8': _Layout(1, 'bayer_rggb8', even='both'),
    'bayer_bggr8': _Layout(1, 'bayer_bggr8', even='both'),
    'bayer_gbrg8': _Layout(1, 'bayer_gbrg8', even='both'),
    # Versions of cv_bridge lack these, or scale mono16 otherwise. OpenCV names a Bayer pattern by
    # the second and third pixel of its second row.
    'bayer_grbg8': _Layout(1, to_rgb=cv2.COLOR_BayerGB2RGB, even='both'),
    'mono16': _Layout(1, to_rgb=cv2.COLOR_GRAY2RGB, dtype=np.uint16),
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV,
    'yuyv': _YUYV,
    'nv12': _Layout(1, to_rgb=cv2.COLOR_YUV2RGB_NV12, even='both', has_chroma_rows=True),
    'nv21': _Layout(1, to_rgb=cv2.COLOR_YUV2RGB_NV21, even='both', has_chroma_rows=True),
}
ENCODINGS = tuple(_LAYOUTS)
_BRIDGE = CvBridge()


@dataclass(frozen=True)
class _CheckedImage:
    """A checked message as cv_bridge reads it: without padding, of which not all versions know."""

    height: int
    width: int
    encoding: str
    step: int
    data: Any
    is_bigendian: int = 0


def image_from_message(message: ImageMessage | CompressedImage) -> Image:
    """The image as (H, W, 3) uint8 RGB; a view of the message's memory where that is possible.

    Raises:
        MessageError: Unknown encoding, no pixels, or a buffer that does not fit the size.
    """
    if isinstance(message, CompressedImage):
        return image_from_compressed(message)
    layout = _layout(message)
    rows = _rows(message, layout)
    if layout.bridged:
        checked = _CheckedImage(message.height, message.width, layout.bridged, rows.shape[1],
                                rows.reshape(-1))
        # Newer versions copy where nothing is to be converted, unless told to pass it through.
        return _BRIDGE.imgmsg_to_cv2(
            checked, 'passthrough' if layout.bridged == 'rgb8' else 'rgb8')
    pixels = _pixels(rows, layout, bool(message.is_bigendian))
    return cv2.cvtColor(pixels, layout.to_rgb)


def image_from_compressed(message: CompressedImage) -> Image:
    """The image of a JPEG, PNG or other file that OpenCV reads, as (H, W, 3) uint8 RGB.

    Raises:
        MessageError: The bytes are no such file, are cut short, or claim too many pixels.
    """
    try:
        image = decode_image(message.data)
    except ImageSizeError as error:
        raise MessageError(str(error)) from error
    if image is None:
        raise MessageError(f'cannot decode {len(message.data)} bytes of {shown(message.format)}')
    return image


def image_to_message(image: Image, header: Header) -> ImageMessage:
    """The rgb8 message of a (H, W, 3) uint8 RGB image."""
    message = _BRIDGE.cv2_to_imgmsg(image, 'rgb8')
    message.header = header
    return message


def _layout(message: ImageMessage) -> _Layout:
    layout = _LAYOUTS.get(message.encoding)
    if layout is None:
        raise MessageError(f'image encoding {shown(message.encoding)} is not supported; '
                           f'supported: {", ".join(ENCODINGS)}')
    size = f'{message.width}x{message.height}'
    if not message.width or not message.height:
        raise MessageError(f'an image of {size} pixels')
    if message.width * message.height > FRAME_PIXELS:
        raise MessageError(f'an image of {size} pixels is too large; at most '
                           f'{FRAME_PIXELS / 1e6:.0f} million are taken')
    if (layout.even and message.width % 2) or (layout.even == 'both' and message.height % 2):
        raise MessageError(f'{shown(message.encoding)} needs an even size, got {size}')
    return layout


def _rows(message: ImageMessage, layout: _Layout) -> np.ndarray:
    """The buffer as (rows, bytes of a row) uint8 without padding; raises MessageError."""
    row = message.width * layout.channels * np.dtype(layout.dtype).itemsize
    what = f'{message.encoding} image of {message.width}x{message.height}'
    if message.step < row:
        raise MessageError(f'{what}: a row is {row} bytes, but step is {message.step}')
    count = message.height * 3 // 2 if layout.has_chroma_rows else message.height
    expected = message.step * count
    if len(message.data) != expected:
        raise MessageError(f'{what}: expected {expected} bytes of data (step '
                           f'{message.step}), got {len(message.data)}')
    rows = np.frombuffer(message.data, np.uint8).reshape(count, message.step)
    return np.ascontiguousarray(rows[:, :row])


def _pixels(rows: np.ndarray, layout: _Layout, is_bigendian: bool) -> np.ndarray:
    """(rows, W) or (rows, W, channels) uint8 of rows without padding."""
    if layout.dtype is np.uint16:
        values = rows.view(np.dtype(np.uint16).newbyteorder('>' if is_bigendian else '<'))
        return (values >> 8).astype(np.uint8)
    return rows if layout.channels == 1 else rows.reshape(len(rows), -1, layout.channels)
