"""Image messages in every encoding. Needs ROS."""
import array

import cv2
import numpy as np
from sensor_msgs.msg import Image


def encode(encoding, rgb):
    """The buffer of an RGB image in an encoding, written out here once more, pixel by pixel."""
    red, green, blue = (rgb[..., k] for k in range(3))
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    alpha = np.full_like(red, 255)
    if encoding in ('rgb8', 'bgr8', '8UC3'):
        return rgb if encoding == 'rgb8' else rgb[..., ::-1]
    if encoding in ('rgba8', 'bgra8', '8UC4'):
        order = (red, green, blue) if encoding == 'rgba8' else (blue, green, red)
        return np.stack([*order, alpha], -1)
    if encoding in ('mono8', '8UC1'):
        return grey
    if encoding == 'mono16':
        return grey.astype('<u2') * 257
    if encoding.startswith('bayer_'):
        mosaic = np.empty_like(red)
        for k, letter in enumerate(encoding.removeprefix('bayer_').removesuffix('8')):
            rows, columns = slice(k // 2, None, 2), slice(k % 2, None, 2)
            mosaic[rows, columns] = {'r': red, 'g': green, 'b': blue}[letter][rows, columns]
        return mosaic
    if encoding in ('nv12', 'nv21'):
        luma, u, v = yuv(rgb)
        pair = (u, v) if encoding == 'nv12' else (v, u)
        chroma = np.stack([plane[::2, ::2] for plane in pair], -1).reshape(len(rgb) // 2, -1)
        return np.concatenate([luma, chroma]).round().astype(np.uint8)
    luma, u, v = yuv(rgb)
    chroma = np.where(np.arange(rgb.shape[1]) % 2 == 0, u, v)
    pair = (chroma, luma) if encoding in ('yuv422', 'uyvy') else (luma, chroma)
    return np.stack(pair, -1).round().astype(np.uint8)


def yuv(rgb):
    """Planes of an RGB image in BT.601 in limited range."""
    r, g, b = (rgb[..., k].astype(float) for k in range(3))
    luma = 16 + 0.257 * r + 0.504 * g + 0.098 * b
    u = 128 - 0.148 * r - 0.291 * g + 0.439 * b
    v = 128 + 0.439 * r - 0.368 * g - 0.071 * b
    return luma, u, v


def message_of(encoding, rgb, padding=0):
    pixels = np.ascontiguousarray(encode(encoding, rgb))
    rows = pixels.reshape(len(pixels), -1).view(np.uint8)
    data = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    return Image(height=len(rgb), width=rgb.shape[1], encoding=encoding, step=data.shape[1],
                 data=array.array('B', data.tobytes()))
