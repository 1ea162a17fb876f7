"""Contact sheet of a prepared set: the middle frames of clips from all over it."""
from __future__ import annotations

import itertools
import pathlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ros_animate.documents import DocumentError
from ros_animate.images import decode_image, write_image
from ros_animate.outputs.panels import caption, fit
from ros_animate.preparation.folder import INDEX, SHEET, FolderError, read_objects
from ros_animate.preparation.shards import ClipIndex, open_shard
from ros_animate.preparation.sources import SPLITS
from ros_animate.types import Image

_TILE, _CAPTION, _COLUMNS, _ROWS = 160, 22, 8, 6  # rows of each split


def write_contact_sheet(folder: pathlib.Path) -> None:
    """Writes the sheet: for each split a title and at most 48 clips, evenly spread."""
    clips = list(read_objects(folder / INDEX))
    strips: list[Image] = []
    for split in SPLITS:
        own = [clip for clip in clips if clip['split'] == split]
        seconds = sum(clip['end_s'] - clip['start_s'] for clip in own)
        people = len({clip['identity'] for clip in own})
        strips.append(caption(f'{split}: {len(own)} clips, {people} identities, {seconds:.0f} s',
                              _COLUMNS * _TILE, 2 * _CAPTION))
        selected = _spread(own, _COLUMNS * _ROWS)
        strips += [_row(folder, selected[k:k + _COLUMNS])
                   for k in range(0, len(selected), _COLUMNS)]
    write_image(folder / SHEET, np.vstack(strips))


def _spread(clips: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    places = np.linspace(0, len(clips) - 1, min(most, len(clips))).round().astype(int)
    return [clips[place] for place in places]


def _row(folder: pathlib.Path, clips: Sequence[dict[str, Any]]) -> Image:
    blank = np.full((_TILE + _CAPTION, _TILE, 3), 255, np.uint8)
    tiles = [_tile(folder, clip) for clip in clips]
    return np.hstack([*tiles, *itertools.repeat(blank, _COLUMNS - len(tiles))])


def _tile(folder: pathlib.Path, clip: dict[str, Any]) -> Image:
    try:
        with open_shard(folder / clip['shard']) as read:
            found = ClipIndex(read, clip['offset'])
            image = decode_image(found.frame(len(found) // 2))
    except (OSError, DocumentError) as error:
        raise FolderError(f'cannot read {folder / clip["shard"]}: {error}') from error
    shown = fit(np.zeros((_TILE, _TILE, 3), np.uint8) if image is None else image, (_TILE, _TILE))
    text = np.full((_CAPTION, _TILE, 3), 255, np.uint8)
    words = f'{clip["identity"].split("/")[-1][:12]} {clip["face"]} {clip["start_s"]:.1f}s'
    cv2.putText(text, words, (3, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([shown, text])
