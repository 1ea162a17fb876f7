#!/usr/bin/env python3
"""Faults of robots that do not do what their file says: found, missed, and falsely reported.

    .venv/bin/python benchmarks/lying_robots.py [--robot ameca] [--count 10] [--first 0]
        [--poses 600] [--folder output/lying_robots] [--again] [--faults] [--json FILE]

Every robot has another identity and skin, three controls of half their movement, one inverted, one
dead, and two swapped; the camera stands 8 degrees off the axis and 10 % closer. Each is calibrated
through the safety layer, with the tracker, as `ros_animate calibrate` does it. So is its twin, the
same face before the same camera, whose controls do what the file says.

Fidelity: the expressions of people (random ones) that the robot shows, as the tracker sees it, by
the rig and by the policy `calibrated`: with the robot's file, with the file corrected by what was
found, and with the file corrected by what is true (the best that corrections can do). `calibrated`
knows what was found; `uninformed` is that policy when it does not. The twin shows what the same
face can do without faults, `faithful` is the robot of the file itself, seen from in front.

What was seen of a robot and its figures are kept in the folder, so that a run that was stopped goes
on; --again makes the figures anew from what was seen.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from ros_animate.calibration.cameras import VirtualCamera
from ros_animate.calibration.corrections import corrected_text, with_corrected_rig
from ros_animate.calibration.faults import Fault, Finding
from ros_animate.calibration.fidelity import Fidelity, agreement, people
from ros_animate.calibration.fitting import fit
from ros_animate.calibration.journal import BlockRecord, Journal, open_journal
from ros_animate.calibration.lying_robot import Lies, LyingRobot, random_lies
from ros_animate.calibration.observer import Observer, Timing
from ros_animate.calibration.places import camera_place
from ros_animate.calibration.poses import Pose, controls_levels, schedule, single_pose
from ros_animate.calibration.report import findings_of
from ros_animate.calibration.responses import Curve, Expected, FaithfulRobot
from ros_animate.calibration.session import Session, observed
from ros_animate.calibration.sighting import Sighting, steady
from ros_animate.collection.sampling import ControlSampler
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
from ros_animate.types import Array, Frame, Image

FACES, PURPOSE = 60, 31  # faces of the fidelity, and the purpose of their random numbers
KINDS = ((Fault.DEAD, 0.0), (Fault.INVERTED, -1.0), (Fault.WEAK, 0.5))
FIGURES, EXPECTED = 'figures.json', 'expected.npz'
FAITHFUL, TWIN = 'faithful', 'twin'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--robot', default='ameca')
    parser.add_argument('--count', type=int, default=10)
    parser.add_argument('--first', type=int, default=0, help='seed of the first robot')
    parser.add_argument('--poses', type=int, default=600)
    parser.add_argument('--folder', type=pathlib.Path, default='output/lying_robots')
    parser.add_argument('--again', action='store_true', help='make the figures anew')
    parser.add_argument('--faults', action='store_true',
                        help='only faults, from one look at every level of each control')
    parser.add_argument('--levels', type=float, nargs='+', default=[1.0, 0.5, -0.5, -1.0],
                        help='levels of --faults, as shares of the way to the ends')
    parser.add_argument('--json', help='also write the figures to this file')
    args = parser.parse_args()
    print(machine())
    spec = load_spec(args.robot)
    bench = Bench(spec, args.poses, args.folder / f'{args.robot}_{args.poses}')
    robots = dict(all_robots(spec, range(args.first, args.first + args.count)))
    if args.faults:
        print(totals([bench.faults(name, lies, args.levels) for name, lies in robots.items()
                      if name.isdigit()]))
        return
    figures = {}
    for name, lies in robots.items():
        figures[name] = bench.figures(name, lies, args.again)
        print(text(name, figures[name]), flush=True)
    print(summary(figures))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=2))


def all_robots(spec: RobotSpec, seeds: range) -> Iterator[tuple[str, Lies]]:
    """The robots by name: that of the file, and lying ones with their twins."""
    yield FAITHFUL, Lies(FaceMap(spec).appearance)
    for seed in seeds:
        lies = random_lies(spec, np.random.default_rng(seed))
        yield str(seed), lies
        yield f'{TWIN} {seed}', Lies(lies.appearance, lies.camera)


class Bench:
    """Calibrations of virtual robots in the sub-folders of a folder.

    Args:
        spec: The robot as its file describes it.
        poses: Poses of a calibration.
        folder: The folder.
    """

    def __init__(self, spec: RobotSpec, poses: int, folder: pathlib.Path) -> None:
        self._spec, self._poses, self._folder = spec, poses, folder
        self._tracker: Extractor = load('motion', 'mediapipe', {'faces': 1})
        self._answers: tuple[Expected, list[Sighting], tuple[float, float]] | None = None

    def babble(self, name: str, lies: Lies) -> Journal:
        """Goes through the schedule with a robot, in simulated time; goes on where it stopped."""
        spec, robot, simulated = self._spec, LyingRobot(self._spec, lies), SimulatedTime()
        blocks = schedule(spec, 0, self._poses)
        with open_journal(self._folder / name.replace(' ', '_'), {}) as journal:
            done = sum(map(len, blocks[:len(journal.blocks)]))
            if len(journal.blocks) < len(blocks):
                with (robot, PoseDriver(robot, spec, SafetyConfig(), Timing.speed, 'calibrate',
                                        Time(simulated.clock, simulated.sleep)) as driver,
                      Progress(name, self._poses, 'pose', initial=done, quiet=True) as progress):
                    observer = Observer(driver, VirtualCamera(robot, simulated), self._tracker,
                                        Timing())
                    Session(observer, spec, lambda line: print(f'  {name}: {line}'), time.sleep
                            ).run(blocks, journal, progress)
        return journal

    def faults(self, name: str, lies: Lies, levels: list[float]) -> dict[str, Any]:
        """Faults by single looks at a robot that stands, without going there."""
        robot, show = LyingRobot(self._spec, lies), Show(self._spec, lies, self._tracker)
        journal, expected = Journal(self._folder), self._expected()[0]
        for block in single_controls(self._spec, levels):
            looks = [(pose, show.look(robot.render(pose.values))) for pose in block]
            journal.blocks.append(BlockRecord([observed(pose, pose.values, seen)
                                               for pose, seen in looks if seen is not None]))
        found = compared(self._spec, lies, findings_of(self._spec, journal, expected))
        print(f'{name}: {found}', flush=True)
        return found

    def figures(self, name: str, lies: Lies, again: bool) -> dict[str, Any]:
        """Figures of a robot, from its file if they are there and not asked for again."""
        path = self._folder / name.replace(' ', '_') / FIGURES
        if again or not path.exists():
            path.write_text(json.dumps(self._measure(lies, self.babble(name, lies), path.parent),
                                       indent=2))
        figures: dict[str, Any] = json.loads(path.read_text())
        return figures

    def _measure(self, lies: Lies, journal: Journal, folder: pathlib.Path) -> dict[str, Any]:
        spec, (expected, neutral, turns) = self._spec, self._expected()
        findings = findings_of(spec, journal, expected)
        place = camera_place(journal.taken, neutral, turns)
        return {'fidelity': self._fidelities(lies, journal, findings, folder),
                **compared(spec, lies, findings),
                'camera': {'azimuth_deg': place.azimuth_deg, 'elevation_deg': place.elevation_deg,
                           'size': place.size,
                           'true': [getattr(lies.camera, key, 0.0)
                                    for key in ('azimuth_deg', 'elevation_deg')]}}

    def _expected(self) -> tuple[Expected, list[Sighting], tuple[float, float]]:
        """Answers, neutral faces and turns of robots that do what the file says."""
        if self._answers is None:
            faithful, path = FaithfulRobot(self._spec, self._tracker), self._folder / EXPECTED
            if not path.exists():
                write_expected(path, faithful.expected())
            self._answers = read_expected(path), faithful.neutral(), faithful.turns()
        return self._answers

    def _corrected(self, findings: list[Finding], path: pathlib.Path) -> RobotSpec:
        """The robot of the file that findings correct."""
        file = read_text(description_file(self._spec.name)[0])
        path.write_text(corrected_text(file, self._spec, findings))
        return read_spec(path)

    def _fidelities(self, lies: Lies, journal: Journal, findings: list[Finding],
                    folder: pathlib.Path) -> dict[str, Any]:
        """Fidelity by file and policy."""
        spec, show = self._spec, Show(self._spec, lies, self._tracker)
        plain = fit(spec, journal.observations(spec.names))
        rows = {'file': (spec, with_corrected_rig(plain, spec, findings))}
        if lies.gains:
            rows |= {'file, uninformed': (spec, plain),
                     'corrected': (self._corrected(findings, folder / 'corrected.yaml'), plain),
                     'known': (self._corrected(true_findings(spec, lies), folder / 'known.yaml'),
                               plain)}
        fidelity = {}
        for name, (known, model) in rows.items():
            model.save(folder)
            policies: dict[str, dict[str, Any]] = {
                'calibrated': {'weights': str(folder)}, 'blendshape_map': {'adapt_s': 0.0}}
            for policy in list(policies)[:1 if name == 'file, uninformed' else 2]:
                fidelity[f'{name} {policy}'] = asdict(show.fidelity(
                    load('policy', policy, policies[policy], known)))
        return fidelity


def write_expected(path: pathlib.Path, expected: Expected) -> None:
    """Keeps expected answers, which take a minute."""
    arrays: dict[str, Any] = {'spread': expected.spread}
    for part, curves in (('curves', expected.curves), ('sides', expected.sides)):
        for index, curve in enumerate(curves):
            if curve is not None:
                arrays |= {f'{part}/{index}/levels': curve.levels,
                           f'{part}/{index}/answers': curve.answers}
    np.savez(path, **arrays)


def read_expected(path: pathlib.Path) -> Expected:
    """The expected answers in a file of `write_expected`."""
    with np.load(path) as arrays:
        curves, sides = ([
            Curve(arrays[f'{part}/{index}/levels'], arrays[f'{part}/{index}/answers'])
            if f'{part}/{index}/levels' in arrays else None
            for index in range(len(arrays['spread']))] for part in ('curves', 'sides'))
        return Expected(curves, arrays['spread'], sides)


class Show:
    """A robot that shows poses to the tracker.

    Args:
        spec: The robot as its file describes it.
        lies: Differences from that.
        tracker: Sees it.
    """

    def __init__(self, spec: RobotSpec, lies: Lies, tracker: Extractor) -> None:
        self._spec, self._tracker = spec, tracker
        self._robot, self._now_s = LyingRobot(spec, lies), 0.0

    def fidelity(self, policy: Any) -> Fidelity:
        """Fidelity of the robot when it follows a policy."""
        rest = self.expression(self._spec.neutral)
        asked, shown = [], []
        for motion, moved in people(self._spec, FACES, PURPOSE):
            policy.reset()
            answer = self.expression(policy.act(motion).values[0])
            if answer is not None and rest is not None:
                asked.append(moved)
                shown.append(answer - rest)
        return agreement(np.array(asked), np.array(shown))

    def expression(self, values: Array) -> Array | None:
        """(52,) blendshapes of the robot where it is sent to `values`, None without a face."""
        seen = self.look(self._robot.render(values))
        return None if seen is None else seen.expression

    def look(self, image: Image) -> Sighting | None:
        """The face in an image of a robot that stands still, None without one."""
        def track() -> Sighting | None:
            self._now_s += 0.1
            return Sighting.of(self._tracker.extract(Frame(image, self._now_s)), image)
        return steady(track, Timing.images)


def true_findings(spec: RobotSpec, lies: Lies) -> list[Finding]:
    """Findings about every control as they should be."""
    partners = dict(zip(lies.swapped, lies.swapped[::-1]))
    findings = []
    for index, name in enumerate(spec.names):
        gain = lies.gains.get(name, 1.0)
        faults = [fault for fault, value in KINDS if value == gain]
        faults += [Fault.SWAPPED] if name in partners else []
        findings.append(Finding(index, tuple(faults) or (Fault.NONE,),
                                spec.index(partners.get(name, name)), gain, 1.0, 1.0, 0.0))
    return findings


def compared(spec: RobotSpec, lies: Lies, findings: list[Finding]) -> dict[str, Any]:
    """Faults that were found, missed, cannot be seen, and are not there."""
    truth = {(spec.names[f.control], fault.value) for f in true_findings(spec, lies)
             for fault in f.faults if fault is not Fault.NONE}
    said = {(spec.names[f.control], fault.value) for f in findings for fault in f.faults
            if fault not in (Fault.NONE, Fault.UNSEEN)}
    faint = {spec.names[f.control] for f in findings if Fault.UNSEEN in f.faults or f.is_faint}
    missed = truth - said
    return {'found': sorted(truth & said),
            'missed': sorted(m for m in missed if m[0] not in faint),
            'out_of_sight': sorted(m for m in missed if m[0] in faint),
            'false': sorted(said - truth)}


def single_controls(spec: RobotSpec, levels: list[float]) -> Iterator[list[Pose]]:
    """Every control at its levels, and neutral after it."""
    sampler = ControlSampler(spec)
    neutral = Pose('neutral', sampler.allowed(spec.neutral))
    yield [neutral] * 3
    for index in range(len(spec.names)):
        yield [*(single_pose(spec, sampler, index, level)
                 for level in controls_levels(spec, index, levels)), neutral]


def totals(robots: list[dict[str, Any]]) -> str:
    """Counts of faults of all robots."""
    return ', '.join(f'{key} {sum(len(robot[key]) for robot in robots)}'
                     for key in ('found', 'missed', 'out_of_sight', 'false'))


def text(name: str, figures: dict[str, Any]) -> str:
    rows = ', '.join(f'{name} {row["r"]:.2f} / {row["gain"]:.2f} / {row["mae"]:.3f}'
                     for name, row in figures['fidelity'].items())
    camera = figures['camera']
    return (f'{name}: found {len(figures["found"])}, missed {figures["missed"]}, out of sight '
            f'{figures["out_of_sight"]}, false {figures["false"]}; camera '
            f'{camera["azimuth_deg"]:.1f} {camera["elevation_deg"]:.1f} (true '
            f'{camera["true"][0]:.1f} {camera["true"][1]:.1f}), size {camera["size"]:.2f}; '
            f'r / gain / mae: {rows}')


def summary(figures: dict[str, dict[str, Any]]) -> str:
    """Counts of faults and means of the fidelity, of the lying robots and of their twins."""
    lying = [value for name, value in figures.items() if name.isdigit()]
    twins = [value for name, value in figures.items() if name.startswith(TWIN)]
    count = {key: sum(len(value[key]) for value in lying)
             for key in ('found', 'missed', 'out_of_sight', 'false')}
    return '\n'.join([
        f'{len(lying)} lying robots: {count}; fidelity {_means(lying)}',
        f'their twins: {sum(len(value["false"]) for value in twins)} false; {_means(twins)}',
        f'short of its own twin, r by calibrated: {_behind(figures)}'])


def _behind(figures: dict[str, dict[str, Any]]) -> dict[str, float]:
    """By how much the correlation of each lying robot is below that of its twin."""
    def r(name: str) -> float:
        return float(figures[name]['fidelity']['file calibrated']['r'])
    return {name: round(r(f'{TWIN} {name}') - r(name), 3) for name in figures if name.isdigit()}


def _means(robots: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    return {name: {key: round(float(np.mean([value['fidelity'][name][key] for value in robots])), 3)
                   for key in ('r', 'gain', 'mae')}
            for name in (robots[0]['fidelity'] if robots else ())}


if __name__ == '__main__':
    main()
