#!/usr/bin/env python3
"""`ros_animate prepare` on rendered clips with known faults: is every fault found and named?

    .venv/bin/python benchmarks/prepare_faults.py --work DIR [--clips 500] [--seed 0]
        [--seconds 600] [--workers 1]

Makes short videos of rendered people in DIR/raw, each of one kind (KINDS: fine ones, with cuts, two
people, a variable frame rate or a covered face, and those that give no clip), prepares them in
DIR/set and compares what was found with what was made. After --seconds the script stops, and the
same command goes on. The status is 1 unless everything was found, counted and named.
"""
from __future__ import annotations

import argparse
import collections
import functools
import json
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from ros_animate.evaluation.people_scenes import Place, people_image
from ros_animate.images import encode_jpeg
from ros_animate.outputs.machine import machine
from ros_animate.outputs.video import VideoFile
from ros_animate.preparation.folder import FAILURES, INDEX, LOG, STATISTICS, read_objects
from ros_animate.types import Image

FPS, PEOPLE = 10.0, 40
FRAMES, SCENE, SHORT = 12, 9, 5  # of a video, of a scene between two cuts, of one that is too short
COVERED = 5  # frames in the middle of which a face is covered
SETTINGS = ('min_frames=8', 'max_frames=24', 'size=64')
BLUR_PX = 6.0  # where it is more than 8, the tracker finds no face
COLUMNS = (260.0, 380.0)


class Kind(NamedTuple):
    """What a video of a kind gives.

    Attributes:
        share: Part of the videos.
        reason: Of a file without a clip; '' for others.
        clips: Number of clips.
        scenes: Number of scenes between cuts.
        faces: Number of faces, of all scenes together.
        variable: True if the frame rate varies.
    """

    share: int
    reason: str = ''
    clips: int = 0
    scenes: int = 1
    faces: int = 1
    variable: bool = False


KINDS = {
    'plain': Kind(6, clips=1), 'cuts': Kind(3, clips=3, scenes=3, faces=3),
    'two_people': Kind(3, clips=2, faces=2), 'variable': Kind(2, clips=1, variable=True),
    'covered': Kind(1, clips=2), 'nobody': Kind(2, 'no_face'), 'zeros': Kind(1, 'corrupt'),
    'cut_off': Kind(1, 'corrupt'), 'wrong_name': Kind(1, 'wrong_extension'),
    'text': Kind(1, 'no_video'), 'photo': Kind(1, 'no_video'), 'empty': Kind(1, 'no_video'),
    'copy': Kind(1, 'duplicate'), 'short': Kind(1, 'too_short'), 'blurred': Kind(2, 'blurred'),
    'tiny': Kind(2, 'too_small'), 'flicker': Kind(1, 'cuts')}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--work', type=pathlib.Path, required=True, help='folder of both sets')
    parser.add_argument('--clips', type=int, default=500)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--seconds', type=float, default=600.0, help='time of this call')
    parser.add_argument('--workers', type=int, default=1)
    args = parser.parse_args()
    end_s = time.monotonic() + args.seconds
    raw, prepared = args.work / 'raw', args.work / 'set'
    made = make(raw, kinds(args.clips, args.seed), args.seed, end_s)
    if made is None or not prepare(raw, prepared, args.workers, end_s):
        print('give the same command again to go on')
        return 1
    return report(made, prepared)


def kinds(count: int, seed: int) -> list[str]:
    """The kind of each video, in an order by chance; the first one is plain."""
    whole = [name for name, kind in KINDS.items() for _ in range(kind.share)]
    many = [whole[k % len(whole)] for k in range(count - 1)]
    return ['plain', *np.random.default_rng((seed, 0)).permutation(many).tolist()]


def make(raw: pathlib.Path, names: Sequence[str], seed: int,
         end_s: float) -> dict[str, str] | None:
    """Makes the videos that are missing; their kinds, or None if the time is over."""
    raw.mkdir(parents=True, exist_ok=True)
    made = {}
    for number, kind in enumerate(names):
        path = raw / f'{number:04d}{".dat" if kind == "wrong_name" else ".mp4"}'
        if not path.exists():
            if time.monotonic() > end_s:
                print(f'{number} of {len(names)} videos are made')
                return None
            write(path, kind, np.random.default_rng((seed, 1, number)))
        made[path.name] = kind
    return made


def write(path: pathlib.Path, kind: str, rng: np.random.Generator) -> None:
    """Writes a video of a kind."""
    part = path.with_name('.' + path.name)  # a hidden one, if the script is stopped here
    if kind == 'text':
        part.write_text(f'Takes of day {rng.integers(1000)}.\n')
    elif kind == 'photo':
        part.write_bytes(encode_jpeg(scene(rng, 1)[0], 90))
    elif kind == 'empty':
        part.touch()
    elif kind == 'copy':
        part.write_bytes((path.parent / '0000.mp4').read_bytes())
    else:
        video = part.with_suffix('.mp4')
        encode(video, frames(kind, rng), steps(kind, rng))
        content = video.read_bytes()
        video.unlink()
        part.write_bytes(content[:40] + bytes(len(content)) if kind == 'zeros' else
                         content[:int(0.6 * len(content))] if kind == 'cut_off' else content)
    part.replace(path)


def encode(path: pathlib.Path, images: Iterable[Image], stamps_s: Sequence[float] | None) -> None:
    with VideoFile(path, FPS) as video:
        for number, image in enumerate(images):
            video.write(image, None if stamps_s is None else float(stamps_s[number]))


def steps(kind: str, rng: np.random.Generator) -> Sequence[float] | None:
    """Times of the frames; None for a constant rate."""
    if kind != 'variable':
        return None
    durations_s = np.resize(rng.permutation([0.1, 0.04, 0.2]), FRAMES - 1)
    return [0.0, *np.cumsum(durations_s).tolist()]


def frames(kind: str, rng: np.random.Generator) -> list[Image]:
    """The images of a video of a kind."""
    if kind == 'two_people':
        return scene(rng, FRAMES, columns=(170.0, 470.0), view_cm=70.0)
    if kind in ('cuts', 'flicker'):
        return [image for person in rng.choice(PEOPLE, 3, replace=False)
                for image in scene(rng, SCENE if kind == 'cuts' else 4, (int(person),))]
    if kind == 'nobody':
        shift = int(rng.integers(40))
        return [room(shift, number) for number in range(FRAMES)]
    if kind == 'covered':
        images = scene(rng, 2 * SCENE + COVERED, columns=(320.0,))
        return [board(image) if SCENE <= number < SCENE + COVERED else image
                for number, image in enumerate(images)]
    images = scene(rng, SHORT if kind == 'short' else FRAMES,
                   view_cm=250.0 if kind == 'tiny' else 60.0)
    return [cv2.GaussianBlur(image, (0, 0), BLUR_PX) if kind == 'blurred' else image
            for image in images]


def scene(rng: np.random.Generator, count: int, people: Sequence[int] | None = None,
          columns: Sequence[float] | None = None, view_cm: float = 60.0) -> list[Image]:
    """Images of people who act, one in each column."""
    columns = columns or (float(rng.uniform(*COLUMNS)),)
    if people is None:
        people = rng.choice(PEOPLE, len(columns), replace=False).tolist()
    start_s = float(rng.uniform(0.0, 20.0))
    places = [Place(person, x, view_cm) for person, x in zip(people, columns, strict=True)]
    return [people_image(places, start_s + number / FPS) for number in range(count)]


def room(shift: int, number: int) -> Image:
    """A wall and a ball that moves."""
    image = np.full((480, 640, 3), 120, np.uint8)
    return np.asarray(cv2.circle(image, (60 + shift + 20 * number, 240), 40, (200, 60, 60),
                                 -1))


def board(image: Image) -> Image:
    """The lower part of a face in the middle behind a blue board."""
    covered = image.copy()
    covered[255:345, 230:410] = 40, 70, 150
    return covered


def prepare(raw: pathlib.Path, prepared: pathlib.Path, workers: int, end_s: float) -> bool:
    """Runs `ros_animate prepare`; False if the time is over before it is done."""
    command = [sys.executable, '-m', 'ros_animate', 'prepare', str(raw), '--output', str(prepared),
               '--workers', str(workers), '--quiet', *(f'--set={text}' for text in SETTINGS)]
    with subprocess.Popen(command) as process:
        try:
            process.wait(max(1.0, end_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
            done = sum(1 for _ in read_objects(prepared / LOG)) if (prepared / LOG).exists() else 0
            print(f'{done} videos are prepared')
            return False
    if process.returncode:
        raise SystemExit(f'prepare has failed: {" ".join(command)}')
    return True


def report(made: Mapping[str, str], prepared: pathlib.Path) -> int:
    """Compares; prints figures and what is wrong."""
    log = {line['file']: line for line in read_objects(prepared / LOG)}
    failed = {line['file']: line for line in read_objects(prepared / FAILURES)
              if 'face' not in line}
    clips = collections.Counter(clip['file'] for clip in read_objects(prepared / INDEX))
    wrong = [text for file, kind in made.items()
             for text in differences(file, kind, log.get(file), failed.get(file), clips[file])]
    wrong += miscounted(made, json.loads((prepared / STATISTICS).read_text()))
    bad = {text.split(' ', 1)[0] for text in wrong}
    print(f'{machine()}\n{len(made)} videos, {sum(clips.values())} clips, '
          f'{len(failed)} files without a clip')
    for kind, count in sorted(collections.Counter(made.values()).items()):
        right = sum(made[file] == kind and file not in bad for file in made)
        print(f'{kind:12}{KINDS[kind].reason or f"{KINDS[kind].clips} clips":16}{right:4} of '
              f'{count:3}')
    print('\n'.join(wrong) or 'every fault was found, counted and named')
    return 1 if wrong else 0


def differences(file: str, kind: str, line: Any, failure: Any, clips: int) -> list[str]:
    """What was found in a video and is not in it, or the other way round."""
    expected = KINDS[kind]
    if line is None:
        return [f'{file} ({kind}) was not looked at']
    found = failure['reason'] if failure else ''
    wrong = [] if found == expected.reason else [
        f'{file} ({kind}) should have {expected.reason or "clips"}, got {found or "clips"}']
    if failure and not failure['message']:
        wrong.append(f'{file} ({kind}) has no message')
    if not expected.reason:
        wrong += [f'{file} ({kind}) should have {key} {value}, got {got}' for key, value, got in (
            ('clips', expected.clips, clips), ('scenes', expected.scenes, line['scenes']),
            ('faces', expected.faces, line['faces']),
            ('variable_rate', expected.variable, line['variable_rate'])) if value != got]
        if kind == 'covered' and not line['face_frames'].get('covered'):
            wrong.append(f'{file} ({kind}) has no covered frames')
    return wrong


def miscounted(made: Mapping[str, str], statistics: Mapping[str, Any]) -> list[str]:
    """Counts of the statistics that are not those of the videos that were made."""
    of = collections.Counter(made.values())
    reasons = collections.Counter(KINDS[kind].reason for kind in made.values())
    del reasons['']
    videos, total = statistics['videos'], functools.partial(_total, of)
    return [f'statistics: {name} should be {expected}, got {got}' for name, expected, got in (
        ('failed_videos', dict(sorted(reasons.items())), statistics['failed_videos']),
        ('found', len(made), videos['found']),
        ('used', total(lambda kind: not kind.reason), videos['used']),
        ('with_variable_frame_rate', of['variable'], videos['with_variable_frame_rate']),
        ('with_cuts', of['cuts'] + of['flicker'], videos['with_cuts']),
        ('with_several_faces', of['two_people'], videos['with_several_faces']))
        if expected != got]


def _total(of: Mapping[str, int], has: Any) -> int:
    return sum(count for kind, count in of.items() if has(KINDS[kind]))


if __name__ == '__main__':
    sys.exit(main())
