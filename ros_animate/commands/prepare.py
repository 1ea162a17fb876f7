"""Prepares a training set of face clips from a folder of raw videos.

Every video is cut into scenes, and the faces of each scene are tracked. A stretch in which a face
stays in sight, sharp, large enough and uncovered becomes a clip: the square around the face as the
animators crop it, with landmarks, blendshapes and head pose of each frame. Identities are divided
into train, validation and test.

The folder receives shards in the layout of WebDataset (train-000000.tar, …: KEY.json, KEY.npz and
KEY.000.jpg, … of each clip), index.jsonl, failures.jsonl (every file and stretch that is not used,
and why), statistics.json and contact_sheet.png. `ros_animate train animation --data` reads it.

The same command goes on after Ctrl-C or a crash, and takes in videos that have been added. The
result does not depend on the number of workers. docs/preparing.md explains files and options.
"""
from __future__ import annotations

import argparse
import pathlib
from typing import Any

from ros_animate.commands.arguments import add_workers, chosen_workers, positive

HELP = 'prepare a training set of face clips from raw videos'
EXAMPLES = """\
examples:
  ros_animate prepare videos --output data/faces
  ros_animate prepare VoxCeleb/mp4 --output data/vox --size 256 --workers 16
  ros_animate prepare films --output data/films --set identity=folder --set min_square=200
  ros_animate train animation --animator fomm --data data/faces --output runs/fomm"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('videos', type=pathlib.Path, metavar='VIDEOS',
                        help='folder of raw videos, in sub-folders of any depth')
    parser.add_argument('--output', type=pathlib.Path, required=True, metavar='DIR',
                        help='folder of the training set')
    parser.add_argument('--size', type=positive(int), metavar='PX',
                        help='width and height of the crops in pixels (default: 256)')
    add_workers(parser)
    parser.add_argument('--set', metavar='KEY=VALUE', action='append', default=[], help=(
        'an option of tracking, filters, split or shards (docs/preparing.md); may be repeated'))
    parser.add_argument('--quiet', action='store_true', help='no progress and no summary')


def run(args: argparse.Namespace) -> int:
    from ros_animate.configuration import build
    from ros_animate.outputs.paths import expand, make_folder
    from ros_animate.preparation.options import PrepareOptions
    from ros_animate.preparation.preparing import PrepareRequest, prepare
    options = build(PrepareOptions, _settings(args), '--set')
    videos = expand(args.videos)
    output = expand(args.output)
    make_folder(output.parent)
    statistics = prepare(PrepareRequest(videos, output, options, chosen_workers(args), args.quiet))
    if not args.quiet:
        print('\n'.join(_summary(output, statistics)))
    return 0


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    from ros_animate.configuration import parse_assignment
    settings = dict(parse_assignment(text, '--set key=value') for text in args.set)
    return settings if args.size is None else {**settings, 'size': args.size}


def _summary(output: pathlib.Path, statistics: dict[str, Any]) -> list[str]:
    """Lines that say what the set holds and what is missing."""
    clips, videos = statistics['clips'], statistics['videos']
    parts = ', '.join(f'{split} {values["clips"]}'
                      for split, values in statistics['splits'].items())
    lines = [f'{output}: {clips["clips"]} clips of {clips["identities"]} identities, '
             f'{clips["seconds"]:.0f} s, from {videos["used"]} of {videos["found"]} videos '
             f'({parts})']
    for name, words in (('failed_videos', 'videos without a clip'),
                        ('dropped_parts', 'stretches that are not used')):
        if counts := statistics[name]:
            reasons = ', '.join(f'{count} {reason}' for reason, count in counts.items())
            lines.append(f'{words}: {reasons} (failures.jsonl)')
    return lines
