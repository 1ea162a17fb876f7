#!/usr/bin/env python3
"""Faults of robots that do not do what their file says: found, missed, and falsely reported.

    .venv/bin/python benchmarks/lying_robots.py [--robot ameca] [--count 10] [--first 0]
        [--poses 600] [--json FILE]

Every robot has another identity and skin, three controls of half their movement, one inverted, one
dead, and two swapped; the camera stands 8 degrees off the axis and 10 % closer. Each is calibrated
through the safety layer, with the tracker, as `ros_animate calibrate` does it. Fidelity: the
expressions of people (random ones) that the robot shows, as the tracker sees it, by the rig and by
the policy `calibrated`, with the file and with the corrected one; --faithful adds the robot without
faults.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import tempfile
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from ros_animate.calibration.cameras import VirtualCamera
from ros_animate.calibration.corrections import corrected_text
from ros_animate.calibration.faults import Fault, find_faults
from ros_animate.calibration.fidelity import Fidelity, agreement, people
from ros_animate.calibration.fitting import fit
from ros_animate.calibration.journal import Journal, open_journal
from ros_animate.calibration.lying_robot import Lies, LyingRobot, random_lies
from ros_animate.calibration.observer import Observer, Timing
from ros_animate.calibration.places import camera_place
from ros_animate.calibration.poses import schedule
from ros_animate.calibration.responses import (
    Expected,
    FaithfulRobot,
    measured_curves,
    neutral_noise,
)
from ros_animate.calibration.session import Session
from ros_animate.calibration.sighting import Sighting, steady
from ros_animate.documents import read_text
from ros_animate.hardware.pose_driver import PoseDriver, SimulatedTime, Time
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.motion.base import Extractor
from ros_animate.outputs.machine import machine
from ros_animate.outputs.progress import Progress
from ros_animate.plugins import load
from ros_animate.robot.descriptions import description_file, load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.reader import read_spec
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Frame

FACES, PURPOSE = 30, 31  # faces of the fidelity, and the purpose of their random numbers
KINDS = ((Fault.DEAD, 0.0), (Fault.INVERTED, -1.0), (Fault.WEAK, 0.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--robot', default='ameca')
    parser.add_argument('--count', type=int, default=10)
    parser.add_argument('--first', type=int, default=0, help='seed of the first robot')
    parser.add_argument('--poses', type=int, default=600)
    parser.add_argument('--faithful', action='store_true', help='also the robot without faults')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    print(machine())
    spec = load_spec(args.robot)
    tracker = load('motion', 'mediapipe', {'faces': 1})
    faithful = FaithfulRobot(spec, tracker)
    expected, neutral, turns = faithful.expected(), faithful.neutral(), faithful.turns()
    figures = {}
    robots = {str(seed): random_lies(spec, np.random.default_rng(seed))
              for seed in range(args.first, args.first + args.count)}
    if args.faithful:
        robots['faithful'] = Lies(FaceMap(spec).appearance)
    for name, lies in robots.items():
        figures[name] = measure(spec, lies, args.poses, expected, neutral, turns, tracker)
        print(text(name, figures[name]), flush=True)
    print(summary(figures))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=2))


def measure(spec: RobotSpec, lies: Lies, poses: int, expected: Expected,
            neutral: list[Sighting], turns: tuple[float, float],
            tracker: Extractor) -> dict[str, Any]:
    """The figures of one robot."""
    start_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        journal = babble(spec, lies, poses, tracker, folder)
        seconds = time.perf_counter() - start_s
        findings = find_faults(spec, measured_curves(spec, journal), expected,
                               neutral_noise(journal))
        file = folder / 'corrected.yaml'
        file.write_text(corrected_text(read_text(description_file(spec.name)[0]), spec, findings))
        observations = journal.observations(spec.names)
        fidelity = {}
        for prefix, known in (('', spec), ('corrected ', read_spec(file))):
            fit(known, observations).save(folder)
            for policy, options in (('blendshape_map', {'adapt_s': 0.0}),
                                    ('calibrated', {'weights': str(folder)})):
                fidelity[f'{prefix}{policy}'] = asdict(fidelity_of(
                    spec, lies, load('policy', policy, options, known), tracker))
    place = camera_place(journal.taken, neutral, turns)
    return {'seconds': seconds, 'fidelity': fidelity, **compared(spec, lies, findings),
            'camera': {'azimuth_deg': place.azimuth_deg, 'elevation_deg': place.elevation_deg,
                       'size': place.size,
                       'true': [getattr(lies.camera, key, 0.0)
                                for key in ('azimuth_deg', 'elevation_deg')]}}


def babble(spec: RobotSpec, lies: Lies, poses: int, tracker: Extractor,
           folder: pathlib.Path) -> Journal:
    """Goes through the schedule with a lying robot, in simulated time."""
    robot, simulated = LyingRobot(spec, lies), SimulatedTime()
    blocks = schedule(spec, 0, poses)
    with (open_journal(folder, {}) as journal, robot,
          PoseDriver(robot, spec, SafetyConfig(), Timing.speed, 'calibrate',
                     Time(simulated.clock, simulated.sleep)) as driver,
          Progress('calibrating', poses, 'pose', quiet=True) as progress):
        observer = Observer(driver, VirtualCamera(robot, simulated), tracker, Timing())
        Session(observer, spec, lambda line: print(f'  {line}'), time.sleep).run(
            blocks, journal, progress)
    return journal


def fidelity_of(spec: RobotSpec, lies: Lies, policy: Any, tracker: Extractor) -> Fidelity:
    """Fidelity of a robot that follows a policy, as the tracker sees it."""
    robot, now_s = LyingRobot(spec, lies), 0.0

    def show(values: Array) -> Array | None:
        robot._position = values

        def track() -> Sighting | None:
            nonlocal now_s
            now_s += 0.1
            image = robot.render()
            return Sighting.of(tracker.extract(Frame(image, now_s)), image)
        seen = steady(track, Timing.images)
        return None if seen is None else seen.expression
    rest = show(spec.neutral)
    asked, shown = [], []
    for motion, moved in people(spec, FACES, PURPOSE):
        policy.reset()
        answer = show(policy.act(motion).values[0])
        if answer is not None and rest is not None:
            asked.append(moved)
            shown.append(answer - rest)
    return agreement(np.array(asked), np.array(shown))


def compared(spec: RobotSpec, lies: Lies, findings: Any) -> dict[str, Any]:
    """Faults that were found, missed, cannot be seen, and are not there."""
    truth = {(name, fault.value) for fault, gain in KINDS
             for name, value in lies.gains.items() if value == gain}
    truth |= {(name, Fault.SWAPPED.value) for name in lies.swapped}
    said = {(spec.names[f.control], fault.value) for f in findings for fault in f.faults
            if fault not in (Fault.NONE, Fault.UNSEEN)}
    faint = {spec.names[f.control] for f in findings if Fault.UNSEEN in f.faults or f.is_faint}
    missed = truth - said
    return {'found': sorted(truth & said),
            'missed': sorted(m for m in missed if m[0] not in faint),
            'out_of_sight': sorted(m for m in missed if m[0] in faint),
            'false': sorted(said - truth)}


def text(name: str, figures: dict[str, Any]) -> str:
    rows = ', '.join(f'{name} {row["r"]:.2f} / {row["gain"]:.2f} / {row["mae"]:.3f}'
                     for name, row in figures['fidelity'].items())
    camera = figures['camera']
    return (f'{name}: found {len(figures["found"])}, missed {figures["missed"]}, out of sight '
            f'{figures["out_of_sight"]}, false {figures["false"]}; camera '
            f'{camera["azimuth_deg"]:.1f} {camera["elevation_deg"]:.1f} (true '
            f'{camera["true"][0]:.1f} {camera["true"][1]:.1f}), size {camera["size"]:.2f}; '
            f'r / gain / mae: {rows}; '
            f'{figures["seconds"]:.0f} s')


def summary(figures: dict[str, dict[str, Any]]) -> str:
    lying = [value for name, value in figures.items() if name != 'faithful']
    count = {key: sum(len(value[key]) for value in lying)
             for key in ('found', 'missed', 'out_of_sight', 'false')}
    policies = list(lying[0]['fidelity']) if lying else []
    means = {name: {key: round(float(np.mean([value['fidelity'][name][key] for value in lying])), 3)
                    for key in ('r', 'gain', 'mae')} for name in policies}
    return f'{len(lying)} lying robots: {count}; fidelity {means}'


if __name__ == '__main__':
    main()
