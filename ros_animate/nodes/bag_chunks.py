"""Decompression of the chunks in MCAP files, which never yields more than a chunk claims."""
from __future__ import annotations

from lz4.frame import LZ4FrameDecompressor
from rosbags.rosbag2 import storage_mcap
from rosbags.rosbag2.storage_mcap import zstd

from ros_animate.limits import BAG_CHUNK_BYTES


def bound_decompression() -> None:
    """Replaces the decompressors of `rosbags`, which take whatever a chunk grows to."""
    storage_mcap.DECOMPRESSORS.update(lz4=decompress_lz4, zstd=decompress_zstd)


def decompress_zstd(data: bytes, size: int) -> bytes:
    """The `size` bytes of a chunk; raises ValueError if it claims or holds more."""
    _check(size)
    return _checked(zstd.ZstdDecompressor().decompress(data, max_length=size + 1), size)


def decompress_lz4(data: bytes, size: int) -> bytes:
    """The `size` bytes of a chunk; raises ValueError if it claims or holds more."""
    _check(size)
    return _checked(LZ4FrameDecompressor().decompress(data, max_length=size + 1), size)


def _check(size: int) -> None:
    if size > BAG_CHUNK_BYTES:
        raise ValueError(f'a chunk of {size} bytes; at most {BAG_CHUNK_BYTES} are read')


def _checked(data: bytes, size: int) -> bytes:
    if len(data) > size:
        raise ValueError(f'a chunk is larger than the {size} bytes that it claims')
    return data
