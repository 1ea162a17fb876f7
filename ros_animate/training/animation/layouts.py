"""Which clips a folder holds.

Known are: video files; sub-folders of frames (also ones named as a video: `id1#xyz#0#99.mp4/`, as
the crops of VoxCeleb are kept); pictures with all frames side by side (UvA-Nemo, Tai-Chi and BAIR
robot pushing, as Monkey-Net takes them); folders of such folders; X2C's `metadata.jsonl`. Folders
`train` and `test` at the top are the two parts of the data; without them a part of the clips is
held out by name, all clips of one person together.
"""
from __future__ import annotations

import json
import pathlib
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ros_animate.camera.base import IMAGE_SUFFIXES
from ros_animate.camera.sources.images import natural_key
from ros_animate.training.animation.clip_files import (
    ClipFile,
    PartOfClip,
    PictureClip,
    StripClip,
    VideoClip,
    is_strip,
)
from ros_animate.training.core.pair_folder import METADATA, DataError

VIDEO_SUFFIXES = ('.mp4', '.m4v', '.avi', '.mov', '.mkv', '.webm', '.mpg', '.mpeg', '.gif')
# Frames of X2C follow no order: clips of so many, spread over the whole, serve as well.
X2C_FRAMES = 200
_VOXCELEB = re.compile(r'id\d+$')


@dataclass(frozen=True)
class Layout:
    """The clips of a folder.

    Attributes:
        train: For training.
        held_out: Never trained on.
        skipped: What could not be used, and why.
    """

    train: list[ClipFile]
    held_out: list[ClipFile]
    skipped: list[str] = field(default_factory=list)


def read_layout(folder: str | pathlib.Path, held_out_share: float) -> Layout:
    """The clips of a folder; raises DataError if there are none.

    Args:
        folder: Any of the known layouts.
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
                        f'sub-folder of frames for each clip, pictures of frames side by side, or '
                        f'{METADATA}' + _reasons(skipped))
    return layout


def people(clips: Sequence[ClipFile]) -> list[list[int]]:
    """Indices of the clips, grouped by person as VoxCeleb names them; else each on its own."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, clip in enumerate(clips):
        person = _identity(clip)
        groups[person if _VOXCELEB.match(person) else clip.name].append(index)
    return list(groups.values())


def _identity(clip: ClipFile) -> str:
    """Whose clip it is, or from which film: what comes before the first # of its name."""
    return pathlib.PurePath(clip.name).name.partition('#')[0]


def _split(clips: list[ClipFile], share: float) -> tuple[list[ClipFile], list[ClipFile]]:
    """Training and held-out clips, one of each at least; a single clip is cut in two."""
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
    """In [0, 1), anywhere, always the same."""
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
    yield from _pictured([e for e in entries if e.suffix.lower() in IMAGE_SUFFIXES
                          and e.is_file()], folder, root, skipped)
    for entry in entries:
        if entry.is_dir():
            yield from _clips(entry, root, skipped)
        elif entry.suffix.lower() in VIDEO_SUFFIXES:
            yield VideoClip(_name(entry, root), entry)


def _pictured(pictures: list[pathlib.Path], folder: pathlib.Path, root: pathlib.Path,
              skipped: list[str]) -> Iterator[ClipFile]:
    """Each picture is a clip, or all are the frames of one: the first one that is whole tells."""
    for number, picture in enumerate(pictures):
        strip = is_strip(picture)
        if strip is None:
            skipped.append(f'{_name(picture, root)}: cannot be read as a picture')
        elif strip:
            yield from (StripClip(_name(p, root), p) for p in pictures[number:])
            return
        else:
            yield PictureClip(_name(folder, root), tuple(pictures[number:]))
            return


def _x2c(folder: pathlib.Path, root: pathlib.Path, skipped: list[str]) -> Iterator[ClipFile]:
    """Sequences of frames, and what belongs to none."""
    sequences: dict[str, list[pathlib.Path]] = defaultdict(list)
    loose: list[pathlib.Path] = []
    for number, line in enumerate(_lines(folder / METADATA), 1):
        try:
            entry = json.loads(line)
            picture, sequence = folder / entry['file_name'], entry.get('sequence')
        except (ValueError, KeyError, TypeError, AttributeError):
            skipped.append(f'{_name(folder / METADATA, root)}:{number}: no object with file_name')
            continue
        (loose if sequence is None else sequences[str(sequence)]).append(picture)
    name = _name(folder, root)
    for sequence, pictures in sequences.items():
        yield PictureClip(f'{name}/{sequence}', tuple(pictures))
    count = -(-len(loose) // X2C_FRAMES)
    for k in range(count):
        yield PictureClip(f'{name}/frames {k}', tuple(loose[k::count]))


def _lines(path: pathlib.Path) -> list[str]:
    try:
        lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
    except OSError as error:
        raise DataError(f'cannot read {path}: {error.strerror}') from error
    return [line for line in lines if line.strip()]


def _name(path: pathlib.Path, root: pathlib.Path) -> str:
    return root.name if path == root else str(path.relative_to(root))


def _reasons(skipped: Sequence[str]) -> str:
    return '' if not skipped else f'; skipped: {"; ".join(skipped[:5])}' + (
        f' and {len(skipped) - 5} more' if len(skipped) > 5 else '')
