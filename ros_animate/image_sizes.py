"""Width and height in the header of an image file, read before the image is decoded."""
from __future__ import annotations

import re
import struct

# Markers of JPEG that begin a frame: SOF0 to SOF15 without DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers of JPEG without a length
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323  # tags of TIFF
# A marker within the data of a scan; FF00 is a number, FFD0 to FFD7 restart the decoder.
_END_OF_SCAN = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')
_MOST_TAGS, _MOST_SEGMENTS, _CHUNK = 4096, 10_000, 65_536


def image_size(data: bytes | memoryview) -> tuple[int, int] | None:
    """(width, height) of a JPEG, PNG, WebP, TIFF, BMP, GIF or PNM file.

    Args:
        data: The content of the file; the image behind the header need not be complete.

    Returns:
        None if it is no such file. Of contradicting sizes the largest counts.
    """
    view = memoryview(data).cast('B')
    head = bytes(view[:32])
    try:
        if head.startswith(b'\xff\xd8\xff'):
            return _jpeg(view)
        if head.startswith(b'\x89PNG\r\n\x1a\n') and head[12:16] == b'IHDR':
            return _pair('>II', view, 16)
        if head.startswith(b'RIFF') and head[8:12] == b'WEBP':
            return _webp(view)
        if head[:4] in (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+'):
            return _tiff(view)
        if head.startswith(b'BM'):
            return _bmp(view)
        if head[:6] in (b'GIF87a', b'GIF89a'):
            return _pair('<HH', view, 6)
        if head[:1] == b'P' and head[1:2] in b'123456':
            return _pnm(view)
    except (struct.error, ValueError, IndexError):
        return None
    return None


def has_jpeg_end(data: bytes | memoryview) -> bool:
    """False for a JPEG whose last scan does not end (a part of a file); True for other files."""
    view = memoryview(data).cast('B')
    at = 2
    while view[:2] == b'\xff\xd8' and at + 4 <= len(view):
        marker = view[at + 1]
        if view[at] != 0xFF:
            return True  # damaged rather than incomplete: for the decoder
        if marker == 0xD9:
            return True
        if marker in _ALONE or marker in (0, 0xFF):
            at += 1 if marker == 0xFF else 2
            continue
        at += 2 + max(struct.unpack_from('>H', view, at + 2)[0], 2)
        if marker == 0xDA:
            end = _END_OF_SCAN.search(view, at)
            at = len(view) if end is None else end.start()
    return view[:2] != b'\xff\xd8' or bytes(view[at:at + 2]) == b'\xff\xd9'


def _pair(form: str, view: memoryview, offset: int) -> tuple[int, int]:
    width, height = struct.unpack_from(form, view, offset)
    return abs(width), abs(height)


def _jpeg(view: memoryview) -> tuple[int, int] | None:
    """The largest frame before the first scan; None if it is not within _MOST_SEGMENTS."""
    at, found = 2, None
    for _ in range(_MOST_SEGMENTS):
        if at + 4 > len(view) or (view[at + 1] in (0xDA, 0xD9) and view[at] == 0xFF):
            return found  # at the end, a scan, or the end of the image
        marker = view[at + 1]
        if view[at] != 0xFF or marker == 0xFF:
            at += 1 + max(bytes(view[at + 1:at + _CHUNK]).find(0xFF), 0)
        elif marker in _ALONE or marker == 0:
            at += 2
        else:
            length = struct.unpack_from('>H', view, at + 2)[0]
            if marker in _FRAMES:
                height, width = struct.unpack_from('>HH', view, at + 5)
                found = max(found or (0, 0), (width, height), key=lambda size: size[0] * size[1])
            at += 2 + max(length, 2)
    return None


def _webp(view: memoryview) -> tuple[int, int] | None:
    kind = bytes(view[12:16])
    if kind == b'VP8X':
        width, height = (1 + int.from_bytes(view[at:at + 3], 'little') for at in (24, 27))
        return width, height
    if kind == b'VP8L':
        bits = struct.unpack_from('<I', view, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b'VP8 ':
        width, height = struct.unpack_from('<HH', view, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _bmp(view: memoryview) -> tuple[int, int]:
    header = struct.unpack_from('<I', view, 14)[0]
    return _pair('<HH' if header == 12 else '<ii', view, 18)


def _tiff(view: memoryview) -> tuple[int, int] | None:
    """The first directory; a tile may be larger than the image."""
    order = '<' if view[0] == ord('I') else '>'
    is_big = 43 in (view[2], view[3])
    entry, count_form, value_form = (20, 'Q', 'Q') if is_big else (12, 'H', 'I')
    at = struct.unpack_from(f'{order}{value_form}', view, 8 if is_big else 4)[0]
    count = struct.unpack_from(f'{order}{count_form}', view, at)[0]
    at += 8 if is_big else 2
    values = {}
    for number in range(min(count, _MOST_TAGS)):
        start = at + number * entry
        tag, kind = struct.unpack_from(f'{order}HH', view, start)
        form = {3: 'H', 4: 'I', 16: 'Q'}.get(kind)
        if form and tag in (_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT):
            offset = start + (12 if is_big else 8)
            values[tag] = struct.unpack_from(f'{order}{form}', view, offset)[0]
    if _WIDTH not in values or _HEIGHT not in values:
        return None
    return (max(values[_WIDTH], values.get(_TILE_WIDTH, 0)),
            max(values[_HEIGHT], values.get(_TILE_HEIGHT, 0)))


def _pnm(view: memoryview) -> tuple[int, int] | None:
    lines = bytes(view[2:4096]).split(b'\n')
    words = b' '.join(line.partition(b'#')[0] for line in lines).split()[:2]
    width, height = (int(word[:12]) for word in words)
    return width, height
