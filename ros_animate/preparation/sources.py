"""Raw videos of a folder, the identities that their names tell, and the split of these."""
from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from ros_animate.camera.base import VIDEO_SUFFIXES
from ros_animate.configuration import ConfigurationError
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.records import (
    CORRUPT,
    DUPLICATE,
    NO_VIDEO,
    WRONG_EXTENSION,
    Failure,
    RawVideo,
)

SPLITS = ('train', 'validation', 'test')
# Held-out identities come earlier than their shares alone would have it.
_EARLY = {'validation': 0.45, 'test': 0.35, 'train': 0.0}
_VOXCELEB = re.compile(r'id\d+')
_IMAGES = {b'\xff\xd8\xff': 'JPEG', b'\x89PNG': 'PNG', b'BM': 'BMP', b'II*\0': 'TIFF',
           b'MM\0*': 'TIFF'}
_VIDEOS = {b'\x1aE\xdf\xa3': '.mkv', b'\0\0\1\xba': '.mpg', b'\0\0\1\xb3': '.mpg',
           b'FLV\1': '.flv', b'0&\xb2u\x8ef\xcf\x11': '.wmv'}
_MP4_BOXES = (b'ftyp', b'moov', b'mdat', b'wide', b'free', b'skip')
_NO_VIDEO_BRANDS = (b'heic', b'heix', b'mif1', b'avif', b'M4A ')
_CHUNK = 2 ** 20


def find_videos(folder: pathlib.Path, output: pathlib.Path,
                options: PrepareOptions) -> tuple[list[RawVideo], int]:
    """The videos of a folder in the order of their names, and the number of other files.

    Args:
        folder: The raw videos, in sub-folders of any depth.
        output: A folder that is left out if it lies inside.
        options: Options; they tell what an identity is.

    Raises:
        ConfigurationError: There is no such folder, or no file in it may be a video.
    """
    if not folder.is_dir():
        raise ConfigurationError(f'there is no folder {folder}; name the folder of the videos')
    videos, others = [], 0
    for path in _files(folder, output):
        video = _video(path, folder, options)
        if video is None:
            others += 1
        else:
            videos.append(video)
    if not videos:
        raise ConfigurationError(f'{folder} holds no videos ({", ".join(VIDEO_SUFFIXES)})')
    return _without_duplicates(sorted(videos, key=lambda video: video.name)), others


def next_split(splits: Mapping[str, str], options: PrepareOptions) -> str:
    """The split of an identity that is new: the one that lacks most of its share.

    The second identity is for validation, the sixth for the test (by the usual shares): a small set
    has held-out clips as well.

    Args:
        splits: Splits of the identities so far.
        options: Shares of the splits.
    """
    shares = {'validation': options.validation, 'test': options.test,
              'train': 1.0 - options.validation - options.test}
    held = Counter(splits.values())
    return max((split for split in shares if shares[split] > 0), key=lambda split: round(
        shares[split] * (len(splits) + 1) - held[split] + _EARLY[split], 9))


def has_video_signature(start: bytes) -> str:
    """Usual suffix of a video that begins with these 16 bytes; '' if they are not of one."""
    if start[4:8] in _MP4_BOXES:
        return '' if start[8:12] in _NO_VIDEO_BRANDS else '.mp4'
    if start[:4] == b'RIFF' and start[8:12] == b'AVI ':
        return '.avi'
    return next((suffix for mark, suffix in _VIDEOS.items() if start.startswith(mark)), '')


def _files(folder: pathlib.Path, output: pathlib.Path) -> Iterable[pathlib.Path]:
    own = os.path.realpath(output)
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith('.')
                      and os.path.realpath(os.path.join(root, name)) != own]
        yield from (pathlib.Path(root, name) for name in names if not name.startswith('.'))


def _video(path: pathlib.Path, folder: pathlib.Path, options: PrepareOptions) -> RawVideo | None:
    """The file as a video, with a refusal if it cannot be one; None for a file of another kind."""
    is_named = path.suffix.lower() in VIDEO_SUFFIXES
    name = path.relative_to(folder).as_posix()
    try:
        with path.open('rb') as file:
            start = file.read(16)
        size = path.stat().st_size
    except OSError as error:
        if not is_named:
            return None
        refusal = Failure(CORRUPT, f'cannot be read: {error.strerror}')
        return RawVideo(name, path, 0, _identity(name, options), refusal)
    suffix = has_video_signature(start)
    if not is_named and not suffix:
        return None
    return RawVideo(name, path, size, _identity(name, options), _refusal(start, suffix, is_named))


def _refusal(start: bytes, suffix: str, is_named: bool) -> Failure | None:
    if not is_named:
        return Failure(WRONG_EXTENSION, f'holds a video, but is not named as one: rename it to '
                                        f'{suffix}')
    if not start:
        return Failure(NO_VIDEO, 'is empty')
    kind = next((kind for mark, kind in _IMAGES.items() if start.startswith(mark)), '')
    return Failure(NO_VIDEO, f'is an image ({kind}), not a video') if kind else None


def _identity(name: str, options: PrepareOptions) -> str:
    parts = name.split('/')
    if options.identity == 'auto':
        for part in parts:
            if found := _VOXCELEB.match(part):
                return found.group()
    return '/'.join(parts[:-1]) or '.' if options.identity == 'folder' else name


def _without_duplicates(videos: list[RawVideo]) -> list[RawVideo]:
    """The videos; those with the content of an earlier one are refused."""
    by_size: dict[int, list[RawVideo]] = defaultdict(list)
    for video in videos:
        if video.refusal is None:
            by_size[video.size].append(video)
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    for group in by_size.values():
        for video in group if len(group) > 1 else ():
            earlier = first.setdefault(_content(video.path), video.name)
            if earlier != video.name:
                twins[video.name] = earlier
    return [video if video.name not in twins else dataclasses.replace(video, refusal=Failure(
        DUPLICATE, f'has the content of {twins[video.name]}')) for video in videos]


def _content(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()
