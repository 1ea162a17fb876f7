"""Images: ROS messages to RGB arrays and back.

Inside the program an image is RGB uint8 (H, W, 3); every other layout ends here. A message that
contradicts itself raises MessageError with the numbers that disagree.
"""
from __future__ import annotations

import array
from dataclasses import dataclass

import cv2
import numpy as np
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
        channels: Values per pixel.
        to_rgb: OpenCV code that converts to RGB, None if it is RGB.
        dtype: Type of a value.
        even: 'width' or 'both' where pixels are coded in pairs.
    """

    channels: int
    to_rgb: int | None = None
    dtype: type = np.uint8
    even: str = ''


# ROS names a Bayer pattern by its first row, OpenCV by the second and third pixel of the second.
_LAYOUTS = {
    'rgb8': _Layout(3),
    'bgr8': _Layout(3, cv2.COLOR_BGR2RGB),
    '8UC3': _Layout(3, cv2.COLOR_BGR2RGB),
    'rgba8': _Layout(4, cv2.COLOR_RGBA2RGB),
    'bgra8': _Layout(4, cv2.COLOR_BGRA2RGB),
    '8UC4': _Layout(4, cv2.COLOR_BGRA2RGB),
    'mono8': _Layout(1, cv2.COLOR_GRAY2RGB),
    '8UC1': _Layout(1, cv2.COLOR_GRAY2RGB),
    'mono16': _Layout(1, cv2.COLOR_GRAY2RGB, np.uint16),
    'yuv422': _Layout(2, cv2.COLOR_YUV2RGB_UYVY, even='width'),
    'uyvy': _Layout(2, cv2.COLOR_YUV2RGB_UYVY, even='width'),
    'yuv422_yuy2': _Layout(2, cv2.COLOR_YUV2RGB_YUY2, even='width'),
    'yuyv': _Layout(2, cv2.COLOR_YUV2RGB_YUY2, even='width'),
    'bayer_rggb8': _Layout(1, cv2.COLOR_BayerBG2RGB, even='both'),
    'bayer_bggr8': _Layout(1, cv2.COLOR_BayerRG2RGB, even='both'),
    'bayer_gbrg8': _Layout(1, cv2.COLOR_BayerGR2RGB, even='both'),
    'bayer_grbg8': _Layout(1, cv2.COLOR_BayerGB2RGB, even='both'),
}
ENCODINGS = tuple(_LAYOUTS)


def image_from_message(message: ImageMessage | CompressedImage) -> Image:
    """The image as (H, W, 3) uint8 RGB; a view of the message's memory where that is possible.

    Raises:
        MessageError: Unknown encoding, no pixels, or a buffer that does not fit the size.
    """
    if isinstance(message, CompressedImage):
        return image_from_compressed(message)
    layout = _layout(message)
    pixels = _pixels(message, layout)
    if layout.dtype is np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if layout.to_rgb is None:
        return np.ascontiguousarray(pixels)
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
    height, width = image.shape[:2]
    # rclpy copies an array.array as a whole and looks at every element of anything else.
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(image).data)
    return ImageMessage(header=header, height=height, width=width, encoding='rgb8',
                        is_bigendian=0, step=3 * width, data=data)


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


def _pixels(message: ImageMessage, layout: _Layout) -> np.ndarray:
    """The buffer as (H, W) or (H, W, channels), rows without padding, native byte order."""
    item = np.dtype(layout.dtype).newbyteorder('>' if message.is_bigendian else '<')
    row = message.width * layout.channels * item.itemsize
    what = f'{message.encoding} image of {message.width}x{message.height}'
    if message.step < row:
        raise MessageError(f'{what}: a row is {row} bytes, but step is {message.step}')
    expected = message.step * message.height
    if len(message.data) != expected:
        raise MessageError(f'{what}: expected {expected} bytes of data (step '
                           f'{message.step}), got {len(message.data)}')
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)[:, :row]
    shape = (message.height, message.width, layout.channels)
    pixels = np.ascontiguousarray(rows).view(item).reshape(shape)
    return pixels[:, :, 0] if layout.channels == 1 else pixels
