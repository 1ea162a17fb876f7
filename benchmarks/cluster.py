#!/usr/bin/env python3
"""Work on several cores and machines: what a clip, a pair and a frame cost, and what 10^6 cost.

    .venv/bin/python benchmarks/cluster.py [--clips 16] [--frames 60] [--pairs 480] [--json FILE]
    .venv/bin/python benchmarks/cluster.py --plan figures.json [--bandwidth 1.25e9]

`prepare` and `collect` with one and two workers, as processes and on a Ray cluster that is started
here: wall times and the ratio of the two. Then the cost of the steps of a frame, and the model of
docs/scaling.md: the time of N items is the largest of core time / cores, time of the machine that
hands out the work, bytes / bandwidth. The clips are rendered people. --plan prints the model for
figures that were measured before.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from ros_animate.camera.sources.video import Video
from ros_animate.cluster import Cluster
from ros_animate.collection.collecting import collect, describe
from ros_animate.collection.rendered import RenderedPairs
from ros_animate.evaluation.people_scenes import Place, people_image
from ros_animate.outputs.machine import machine
from ros_animate.outputs.video import VideoFile
from ros_animate.preparation.clip_files import write_clips
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.plan import plan_clips
from ros_animate.preparation.preparing import PrepareRequest, prepare
from ros_animate.preparation.sources import find_videos
from ros_animate.preparation.survey import Surveyor
from ros_animate.robot.descriptions import load_spec
from ros_animate.workers import Workers, kept_open

VERBS = ('prepare', 'collect')
ENGINES = ('processes', 'ray')
FPS, IMAGE_SIZE = 25.0, 224
CORES = (16, 64, 256, 1024)
MILLION = 10 ** 6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--clips', type=int, default=16, help='raw videos (default: 16)')
    parser.add_argument('--frames', type=int, default=60, help='frames of each (default: 60)')
    parser.add_argument('--pairs', type=int, default=480, help='pairs (default: 480)')
    parser.add_argument('--engines', nargs='+', choices=ENGINES, default=ENGINES)
    parser.add_argument('--inputs', type=pathlib.Path, help='folder of the clips, made if missing')
    parser.add_argument('--bandwidth', type=float, default=1.25e9,
                        help='of the shared file system, bytes a second (default: 10 Gbit/s)')
    parser.add_argument('--json', help='also write the figures to this file')
    parser.add_argument('--plan', metavar='FILE', help='only print the model for these figures')
    parser.add_argument('--run', nargs=3, help=argparse.SUPPRESS)
    args, _ = parser.parse_known_args()
    if args.run:
        print(json.dumps(run(args, *args.run)))
        return 0
    figures = json.loads(pathlib.Path(args.plan).read_text()) if args.plan else measure(args)
    print(machine() if not args.plan else figures['machine'])
    print_figures(figures, args.bandwidth)
    if args.json and not args.plan:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=1) + '\n')
    return 0


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder:
        args.inputs = args.inputs or pathlib.Path(folder, 'raw')
        make_clips(args.inputs, args.clips, args.frames)
        runs = [in_process(args, verb, engine, workers)
                for verb in VERBS for engine in args.engines for workers in (1, 2)]
        return {'machine': machine(), 'clips': args.clips, 'frames': args.frames,
                'pairs': args.pairs, 'runs': runs, 'frame_ms': frame_costs(args.inputs)}


def make_clips(folder: pathlib.Path, count: int, frames: int) -> None:
    """Videos of one person each, 640 x 480."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    for number in range(count):
        with VideoFile(folder / f'id{number:05d}.mp4', FPS) as video:
            for k in range(frames):
                video.write(people_image([Place(number, 320.0, 60.0)], k / FPS))


def in_process(args: argparse.Namespace, verb: str, engine: str, workers: int) -> dict[str, Any]:
    """Figures of one run, in a fresh process."""
    command = [sys.executable, __file__, '--clips', args.clips, '--frames', args.frames, '--pairs',
               args.pairs, '--inputs', args.inputs, '--run', verb, engine, workers]
    done = subprocess.run(list(map(str, command)), check=True, text=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def run(args: argparse.Namespace, verb: str, engine: str, workers: str) -> dict[str, Any]:
    """Runs a verb once; times in seconds, `driver_s` is the processor time of this process."""
    chosen: Workers = int(workers) if engine == 'processes' else Cluster('local', int(workers))
    start_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, kept_open(chosen):
        output = pathlib.Path(folder, 'out')
        ready_s, cpu_s = time.perf_counter(), time.process_time()
        if verb == 'prepare':
            prepare(PrepareRequest(args.inputs, output, PrepareOptions(), chosen, quiet=True))
        else:
            spec = load_spec('mock')
            collect(RenderedPairs(spec, 1, IMAGE_SIZE), output, describe(spec, 1, IMAGE_SIZE),
                    args.pairs, chosen, quiet=True)
        return {'verb': verb, 'engine': engine, 'workers': int(workers),
                'seconds': time.perf_counter() - ready_s, 'start_s': ready_s - start_s,
                'driver_s': time.process_time() - cpu_s, 'read': size_of(args.inputs),
                'written': size_of(output)}


def size_of(folder: pathlib.Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file())


def frame_costs(raw: pathlib.Path) -> dict[str, float]:
    """Milliseconds of the steps of `prepare` for a frame, measured on up to four clips."""
    options = PrepareOptions()
    videos = find_videos(raw, raw / 'none', options)[0][:4]
    seconds = {'decode': 0.0, 'track': 0.0, 'crop and encode': 0.0}
    frames = 0
    with contextlib.closing(Surveyor(options)) as surveyor, tempfile.TemporaryFile() as part:
        surveyor.survey(videos[0], never)  # the tracker is slow at first
        for video in videos:
            start_s = time.perf_counter()
            with Video(Video.Config(str(video.path))) as file:
                while file.read() is not None:
                    frames += 1
            decoded_s = time.perf_counter()
            survey = surveyor.survey(video, never)
            surveyed_s = time.perf_counter()
            write_clips(video, plan_clips(survey, options).clips, survey.image_size, options, part,
                        never)
            decode_s = decoded_s - start_s
            seconds['decode'] += 2 * decode_s  # every video is read twice
            seconds['track'] += surveyed_s - decoded_s - decode_s
            seconds['crop and encode'] += time.perf_counter() - surveyed_s - decode_s
    return {name: 1e3 * value / frames for name, value in seconds.items()}


def never() -> bool:
    return False


def print_figures(figures: Mapping[str, Any], bandwidth: float) -> None:
    """Prints the runs, the cost of a frame, and the model."""
    for verb in VERBS:
        for engine in ENGINES:
            if found := runs_of(figures, verb, engine):
                one, two = found[1]['seconds'], found[2]['seconds']
                print(f'{verb:8} {engine:10} 1 worker {one:6.1f} s, 2 workers {two:6.1f} s: '
                      f'ratio {one / two:.2f}; cluster started in {found[2]["start_s"]:.1f} s')
    steps = ', '.join(f'{name} {ms:.1f}' for name, ms in figures['frame_ms'].items())
    print(f'a frame of prepare, ms: {steps}')
    for verb in VERBS:
        print_plan(verb, item_cost(figures, verb), bandwidth)


def runs_of(figures: Mapping[str, Any], verb: str, engine: str) -> dict[int, Mapping[str, Any]]:
    """The runs of a verb by their number of workers."""
    return {run['workers']: run for run in figures['runs']
            if (run['verb'], run['engine']) == (verb, engine)}


def item_cost(figures: Mapping[str, Any], verb: str) -> dict[str, float]:
    """Cost of an item: seconds of a core and of the driver, bytes read, written and sent."""
    count = figures['clips'] if verb == 'prepare' else figures['pairs']
    processes, ray = (runs_of(figures, verb, engine) for engine in ENGINES)
    runs = processes or ray
    # One worker is this process: its processor time, which other work on the machine leaves alone.
    core = runs[1]['driver_s' if processes else 'seconds']
    driver = (ray or processes)[2]['driver_s']
    written = runs[1]['written']
    # Clips: read twice; written as parts, which the driver reads and writes again as shards.
    moved = 2 * runs[1]['read'] + 3 * written if verb == 'prepare' else 2 * written
    return {'core_s': core / count, 'driver_s': driver / count,
            'bytes': moved / count, 'written': written / count}


def print_plan(verb: str, cost: Mapping[str, float], bandwidth: float) -> None:
    """Prints what 10^6 items cost on growing clusters, and what limits them."""
    unit = 'clip' if verb == 'prepare' else 'pair'
    print(f'{verb}: a {unit} takes {1e3 * cost["core_s"]:.0f} ms of a core, '
          f'{1e3 * cost["driver_s"]:.2f} ms of the driver, {cost["bytes"] / 1e3:.0f} kB of the '
          f'shared file system; 10^6: {MILLION * cost["core_s"] / 3600:.0f} core hours, '
          f'{MILLION * cost["written"] / 1e9:.0f} GB')
    for cores in CORES:
        hours, limit = plan(cost, cores, bandwidth)
        print(f'  {cores:5} cores: {hours:7.2f} h ({limit})')


def plan(cost: Mapping[str, float], cores: int, bandwidth: float) -> tuple[float, str]:
    """Hours of 10^6 items, and what takes them."""
    seconds = {'cores': cost['core_s'] / cores, 'driver': cost['driver_s'],
               'bandwidth': cost['bytes'] / bandwidth}
    limit = max(seconds, key=lambda name: seconds[name])
    return MILLION * seconds[limit] / 3600, limit


if __name__ == '__main__':
    sys.exit(main())
