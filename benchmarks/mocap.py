"""A take of mocap on the virtual robot: how well its face follows, and how far its controls go.

    python benchmarks/mocap.py take.csv [--output DIR]

The take is retargeted offline. The Face Landmarker measures the robot's face in robot.mp4, and what
it reports is compared with the take: the correlation of every blendshape that moves in the take and
that the rig uses, and the share of frames in which a control stands at an end of its range. The
same tracker on the drawn person of driving.mp4 tells what it can see at all.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import tempfile
from typing import Any

import numpy as np

from ros_animate.camera.sources.video import Video
from ros_animate.cli import main as ros_animate
from ros_animate.face.streams.take import read_take
from ros_animate.motion.extractors.mediapipe import MediaPipe
from ros_animate.outputs.controls_table import read_controls
from ros_animate.outputs.machine import machine
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Array

MOVES = 0.05  # standard deviation of a blendshape that moves in the take
EDGE = 0.005  # of the range


def observed(video: pathlib.Path) -> tuple[Array, list[dict[str, float]]]:
    """Stamps (T,) and blendshapes of the face in a video; {} in a frame without one."""
    stamps, shapes = [], []
    extractor = MediaPipe(MediaPipe.Config())
    with Video(Video.Config(path=str(video))) as source:
        while (frame := source.read()) is not None:
            motion = extractor.extract(frame)
            stamps.append(frame.stamp_s)
            shapes.append(dict(motion.expression) if motion else {})
    extractor.close()
    return np.array(stamps), shapes


def correlations(take_path: str, video: pathlib.Path, rig: dict[str, Any]) -> dict[str, float]:
    """Correlation of each blendshape that moves in the take and that the rig uses.

    Those that the Face Landmarker does not report of this face (noseSneer, small frowns) are left
    out.
    """
    take = read_take(take_path)
    used = {shape for row in rig['controls'].values() for shape in row}
    _, shapes = observed(video)
    count = min(len(shapes), len(take.faces))
    rows = [i for i in range(count) if shapes[i] and take.faces[i].has_face]
    result = {}
    for name in sorted(used):
        given = np.array([take.faces[i].expression.get(name, 0.0) for i in rows])
        seen = np.array([shapes[i].get(name, 0.0) for i in rows])
        if given.std() >= MOVES and seen.max(initial=0.0) >= MOVES:
            result[name] = round(float(np.corrcoef(given, seen)[0, 1]), 3)
    return result


def main() -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('take')
    parser.add_argument('--robot', default='mock')
    parser.add_argument('--output', help='folder that a run of the take has left, or is to leave')
    args = parser.parse_args()
    spec = load_spec(args.robot)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(args.output or temporary)
        if not (folder / 'robot.mp4').exists():
            status = ros_animate(['retarget', '--source', args.take, '--offline', '--files',
                                  'driving,robot,csv', '--robot', args.robot, '--output',
                                  str(folder)])
            if status:
                return status
        by_shape = correlations(args.take, folder / 'robot.mp4', dict(spec.rig))
        drawn = correlations(args.take, folder / 'driving.mp4', dict(spec.rig))
        names, _, positions = read_controls(folder / 'controls.csv')
    share = (positions - spec.low) / (spec.high - spec.low)
    rest = (spec.neutral - spec.low) / (spec.high - spec.low)
    # A jaw that is closed at rest stands at an end without being held up there.
    edges = ((share < EDGE) & (rest > EDGE) | (share > 1 - EDGE) & (rest < 1 - EDGE)).mean(axis=0)
    moved = np.ptp(share, axis=0)
    groups = {group: round(max(float(moved[i]) for i, c in enumerate(spec.controls)
                               if c.group == group), 3) for group in spec.groups}
    print(json.dumps({
        'machine': machine(), 'frames': len(positions),
        'mean_correlation': round(float(np.mean(list(by_shape.values()))), 3),
        'mean_correlation_of_drawn_person': round(float(np.mean(list(drawn.values()))), 3),
        'correlation': by_shape, 'largest_movement_of_groups': groups,
        'share_at_an_end': {name: round(float(edge), 3) for name, edge in zip(names, edges)
                            if edge > 0}}, indent=2))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
