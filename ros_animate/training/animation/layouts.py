"""Clips of a folder in any of the known layouts.

These are: video files; sub-folders of frames (also with names of videos: `id1#xyz#0#99.mp4/`, as
the crops of VoxCeleb are kept); images with all frames side by side (UvA-Nemo, Tai-Chi and BAIR
robot pushing, as Monkey-Net takes them); folders of such folders; X2C's `metadata.jsonl`. Folders
`train` and `test` at the top are the two parts of the data; without them a part of the clips is
held out by name, all clips of one person together.
"""
from __future__ import annotations

import pathlib
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ros_animate.camera.base import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from ros_animate.camera.sources.images import natural_key
from ros_animate.documents import DocumentError, member_path, parse_json, read_lines
from ros_animate.training.animation.clip_files import (
    ClipFile,
    ImageClip,
    PartOfClip,
    StripClip,
    VideoClip,
    is_strip,
)
from ros_animate.training.core.pair_folder import METADATA, DataError

# X2C's frames without a sequence are in no order: clips of so many, spread over all, replace one.
X2C_FRAMES = 200
_VOXCELEB = re.compile(r'id\d+$')


@dataclass(frozen=True)
class Layout:
    """The clips of a folder.

    Attributes:
        train: Clips for training.
        held_out: Clips that are never trained on.
        skipped: Files that could not be used, with the reasons.
    """

    train: list[ClipFile]
    held_out: list[ClipFile]
    skipped: list[str] = field(default_factory=list)


def read_layout(folder: str | pathlib.Path, held_out_share: float) -> Layout:
    """The clips of a folder; raises DataError if there are none.

    Args:
        folder: Folder in any of the known layouts.
        held_out_share: Part of the clips that is held out where there is no folder `test`.
    """
    root = pathlib.Path(folder).expanduser()
    if not root.is_dir():
        raise DataError(f"there is no data folder {root}; data are folders, or 'synthetic'")
    skipped: list[str] = []
    train, test = root / 'train', root / 'test'
    if train.is_dir() and test.is_dir():
        layout = Layout(list(_clips(train, train, skipped)), list(_clips(test, test, skipped)),
                        skipped)
    else:
        layout = Layout(*_split(list(_clips(root, root, skipped)), held_out_share), skipped)
    if not layout.train:
        raise DataError(f'{root} holds no clips: expected videos ({", ".join(VIDEO_SUFFIXES)}), a '
                        f'sub-folder of frames for each clip, images of frames side by side, or '
                        f'{METADATA}' + _reasons(skipped))
    return layout


def people(clips: Sequence[ClipFile]) -> list[list[int]]:
    """Indices of the clips, grouped by person where VoxCeleb's names tell it."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, clip in enumerate(clips):
        person = _identity(clip)
        groups[person if _VOXCELEB.match(person) else clip.name].append(index)
    return list(groups.values())


def _identity(clip: ClipFile) -> str:
    """Person or film of a clip: the part of its name before the first #."""
    return pathlib.PurePath(clip.name).name.partition('#')[0]


def _split(clips: list[ClipFile], share: float) -> tuple[list[ClipFile], list[ClipFile]]:
    """Training and held-out clips, at least one of each; a single clip is cut in two."""
    names = sorted({_identity(clip) for clip in clips}, key=_hash)
    if len(names) <= 1:
        whole = clips[:1]
        return ([*clips[1:], *(PartOfClip(f'{c.name} (begin)', c, 0.0, 1 - share) for c in whole)],
                [PartOfClip(f'{c.name} (end)', c, 1 - share, 1.0) for c in whole])
    count = sum(_hash(name) < share for name in names)
    held = set(names[:min(max(count, 1), len(names) - 1)])
    return ([c for c in clips if _identity(c) not in held],
            [c for c in clips if _identity(c) in held])


def _hash(name: str) -> float:
    """Hash in [0, 1), the same on every machine."""
    return zlib.crc32(name.encode()) / 2 ** 32


def _clips(folder: pathlib.Path, root: pathlib.Path, skipped: list[str]) -> Iterator[ClipFile]:
    if (folder / METADATA).is_file():
        yield from _x2c(folder, root, skipped)
        return
    try:
        entries = sorted(folder.iterdir(), key=lambda p: natural_key(p.name))
    except OSError as error:
        skipped.append(f'{folder}: {error.strerror}')
        return
    entries = [entry for entry in entries if not entry.name.startswith('.')]
    yield from _image_clips([e for e in entries if e.suffix.lower() in IMAGE_SUFFIXES
                             and e.is_file()], folder, root, skipped)
    for entry in entries:
        if entry.is_dir():
            yield from _clips(entry, root, skipped)
        elif entry.suffix.lower() in VIDEO_SUFFIXES:
            yield VideoClip(_name(entry, root), entry)


def _image_clips(images: list[pathlib.Path], folder: pathlib.Path, root: pathlib.Path,
                 skipped: list[str]) -> Iterator[ClipFile]:
    """Image files as strips, or as the frames of one clip: the first readable one decides."""
    for number, image in enumerate(images):
        strip = is_strip(image)
        if strip is None:
            skipped.append(f'{_name(image, root)}: cannot be read as an image')
        elif strip:
            yield from (StripClip(_name(p, root), p) for p in images[number:])
            return
        else:
            yield ImageClip(_name(folder, root), tuple(images[number:]))
            return


def _x2c(folder: pathlib.Path, root: pathlib.Path, skipped: list[str]) -> Iterator[ClipFile]:
    """Clips of the sequences, and of the frames without a sequence."""
    sequences: dict[str, list[pathlib.Path]] = defaultdict(list)
    loose: list[pathlib.Path] = []
    for number, line in _lines(folder / METADATA):
        try:
            entry = parse_json(line)
            if not isinstance(entry, dict):
                raise DocumentError('no object with file_name')
            file, sequence = member_path(folder, entry.get('file_name')), entry.get('sequence')
        except DocumentError as error:
            skipped.append(f'{_name(folder / METADATA, root)}:{number}: {error}')
            continue
        (loose if sequence is None else sequences[str(sequence)]).append(file)
    name = _name(folder, root)
    for sequence, files in sequences.items():
        yield ImageClip(f'{name}/{sequence}', tuple(files))
    count = -(-len(loose) // X2C_FRAMES)
    for k in range(count):
        yield ImageClip(f'{name}/frames {k}', tuple(loose[k::count]))


def _lines(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    try:
        yield from read_lines(path)
    except DocumentError as error:
        raise DataError(f'cannot read {path}: {error}') from error


def _name(path: pathlib.Path, root: pathlib.Path) -> str:
    return root.name if path == root else str(path.relative_to(root))


def _reasons(skipped: Sequence[str]) -> str:
    return '' if not skipped else f'; skipped: {"; ".join(skipped[:5])}' + (
        f' and {len(skipped) - 5} more' if len(skipped) > 5 else '')
