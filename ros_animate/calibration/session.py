"""Motor babbling: goes through the schedule, pauses while something is in the way."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ros_animate.calibration.journal import BlockRecord, Journal, JournalError, Step, Taken
from ros_animate.calibration.observer import Interruption, Observer, Stalled, Unseen
from ros_animate.calibration.poses import Block, Pose
from ros_animate.calibration.sighting import STILL_SIZE_RATIO, STILL_TURN_DEG, Reference, Sighting
from ros_animate.outputs.progress import Progress
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

LOOK_AGAIN = 3  # times at neutral before it counts as disturbed: the tracker may lag behind
RECOVERED = 3  # undisturbed looks in a row that end a pause
PAUSE_LOOK_S = 0.5  # between two looks in a pause
ANOTHER_VIEW = 20  # looks alike in a pause: what was seen at the beginning may have been the hand
PROBE = 0.3  # way of another control that shows whether the robot moves at all


def no_wait(_: float) -> None:
    """Waits for nothing: real time passes by itself."""


class Session:
    """Babbles with a robot, block by block.

    What was seen in a block counts only if the robot looks at the end of it as it did at the
    beginning of the session; otherwise the session pauses, at neutral, and repeats the block.

    Args:
        observer: Moves the robot and looks at it.
        spec: The robot.
        say: Shows a line to the user.
        wait: Waits for real seconds in a pause, for robots in simulated time.
    """

    def __init__(self, observer: Observer, spec: RobotSpec, say: Callable[[str], None],
                 wait: Callable[[float], None] = no_wait) -> None:
        self._observer, self._spec, self._say, self._wait = observer, spec, say, wait
        self._reference: Reference | None = None

    def run(self, blocks: Sequence[Block], journal: Journal, progress: Progress) -> None:
        """Takes the blocks that the journal lacks.

        Raises:
            RobotError: The robot cannot be reached.
            JournalError: The camera sees the robot otherwise than before an interruption.
        """
        if len(journal.blocks) >= len(blocks):
            return
        self._reference = self._find_reference(journal)
        while (number := len(journal.blocks)) < len(blocks):
            record = self._attempt(blocks[number], journal)
            if record is not None:
                journal.add(record)
                done = sum(map(len, blocks[:number + 1]))
                progress.set(done, remaining(progress, done))

    def _find_reference(self, journal: Journal) -> Reference:
        """The face at neutral, once there is one."""
        while True:
            try:
                self._observer.look(self._spec.neutral)
                _, seen = self._observer.look(self._spec.neutral)
            except Interruption as interruption:
                self._pause(str(interruption), journal)
                continue
            before = next((t for t in journal.taken if t.kind == 'neutral' and not t.reason), None)
            if before is not None:
                _check_same_view(seen, before)
            return Reference(seen)

    def _attempt(self, block: Block, journal: Journal) -> BlockRecord | None:
        """Observations of a block; None after a pause."""
        try:
            return self._take_block(block, journal)
        except Stalled as stall:
            self._handle_stall(stall, journal)
        except Interruption as interruption:
            self._pause(str(interruption), journal)
        return None

    def _take_block(self, block: Block, journal: Journal) -> BlockRecord:
        taken: list[Taken] = []
        steps: list[Step] = []
        for pose in block:
            name = self._spec.names[pose.control] if pose.control >= 0 else ''
            if name in journal.stuck:
                taken.append(_unseen(pose, self._spec.neutral, journal.stuck[name]))
                continue
            values = self._without(pose.values, journal)
            if pose.kind == 'step':
                way = self._observer.watch(self._spec.neutral, values, pose.control)
                if way is not None:
                    steps.append(Step(pose.control, *way))
            taken.append(self._neutral() if pose.kind == 'neutral' else self._take(pose, values))
        return BlockRecord(taken, steps)

    def _without(self, values: Array, journal: Journal) -> Array:
        """The pose with the controls that are left alone at neutral."""
        stuck = [self._spec.index(name) for name in journal.stuck]
        values = values.copy()
        values[stuck] = self._spec.neutral[stuck]
        return values

    def _take(self, pose: Pose, values: Array) -> Taken:
        """A pose; one that hides the face is skipped if neutral is seen well."""
        assert self._reference is not None
        try:
            sent, seen = self._observer.look(values)
            if reason := self._reference.stranger(seen):
                raise Unseen(reason)
        except Unseen as unseen:
            self._neutral()
            return _unseen(pose, values, str(unseen))
        return observed(pose, sent, seen)

    def _neutral(self) -> Taken:
        """The neutral pose; raises Unseen if it does not look as at the beginning."""
        assert self._reference is not None
        reason = ''
        for _ in range(LOOK_AGAIN):
            try:
                sent, seen = self._observer.look(self._spec.neutral)
            except Unseen as unseen:
                reason = str(unseen)
                continue
            reason = self._reference.disturbance(seen)
            if not reason:
                return observed(Pose('neutral', self._spec.neutral), sent, seen)
        raise Unseen(reason)

    def _handle_stall(self, stall: Stalled, journal: Journal) -> None:
        """Leaves single controls that do not follow alone; pauses while the robot does not move."""
        try:
            self._observer.settle(self._spec.neutral)
            follows = len(stall.controls) <= 2 and self._probe(stall.controls, journal)
        except Interruption:
            follows = False
        if not follows:
            self._pause(str(stall), journal)
            return
        for index in stall.controls:
            name = self._spec.names[index]
            journal.note_stuck(name, str(stall))
            self._say(f'{name} does not follow and is left alone from now on ({stall})')

    def _probe(self, stalled: Sequence[int], journal: Journal) -> bool:
        """True if another control follows."""
        others = [index for index, name in enumerate(self._spec.names)
                  if index not in stalled and name not in journal.stuck]
        if not others:
            return False
        spec, index, pose = self._spec, others[0], self._spec.neutral.copy()
        up, down = spec.high[index] - pose[index], pose[index] - spec.low[index]
        pose[index] += PROBE * (up if up >= down else -down)
        try:
            self._observer.settle(pose)
        except Stalled:
            return False
        return True

    def _pause(self, reason: str, journal: Journal) -> None:
        """Stands at neutral until nothing is in the way any more."""
        if journal.pauses[-1:] != [reason]:
            journal.note_pause(reason)
        self._say(f'paused: {reason}')
        undisturbed, looks = 0, Looks()
        while undisturbed < RECOVERED:
            self._observer.idle(PAUSE_LOOK_S)
            try:
                _, seen = self._observer.look(self._spec.neutral)
                trouble = self._reference.disturbance(seen) if self._reference else ''
                if trouble and looks.add(seen) == ANOTHER_VIEW:
                    trouble = self._take_other_view(looks.first, journal)
            except Interruption as interruption:
                trouble = str(interruption)
            undisturbed = 0 if trouble else undisturbed + 1
            if trouble:
                self._say(f'paused: {trouble}')
                self._wait(PAUSE_LOOK_S)
        self._say('going on')


    def _take_other_view(self, view: Reference | None, journal: Journal) -> str:
        """Begins again from what is seen now; words for the user if it is too late for that."""
        if any(taken.kind != 'neutral' for taken in journal.taken):
            return 'if nothing is in the way, begin anew in another --output'
        self._say('begins again: neutral is what the camera sees now')
        journal.discard()
        self._reference = view
        return ''


class Looks:
    """Looks at the robot that show the same.

    Attributes:
        first: What the first of them shows; None before it.
    """

    def __init__(self) -> None:
        self.first: Reference | None = None
        self._count = 0

    def add(self, seen: Sighting) -> int:
        """Number of looks in a row, this one included, that show the same."""
        if self.first is None or self.first.disturbance(seen):
            self.first, self._count = Reference(seen), 0
        self._count += 1
        return self._count


def remaining(progress: Progress, done: int) -> str:
    """Words about the time that is left, '' before it can be told."""
    left_s = progress.left_s(done)
    return '' if left_s is None else f'about {left_s:.0f} s left'


def observed(pose: Pose, sent: Array, seen: Sighting) -> Taken:
    """A pose that was sent (C,), with the face that it showed."""
    return Taken(pose.kind, pose.control, pose.level, sent, seen.features, seen.points,
                 [round(float(v), 4) for v in (seen.size, *seen.place, seen.distance_m)])


def _unseen(pose: Pose, values: Array, reason: str) -> Taken:
    nothing = np.empty(0)
    return Taken(pose.kind, pose.control, pose.level, values, nothing, nothing, (), reason)


def _check_same_view(seen: Sighting, before: Taken) -> None:
    """Raises JournalError if the camera or the robot has moved since the session before."""
    ratio = seen.size / before.seen[0]
    turned = float(np.abs(seen.angles_deg - before.features[-3:]).max())
    if turned > STILL_TURN_DEG or not 1 / STILL_SIZE_RATIO < ratio < STILL_SIZE_RATIO:
        raise JournalError('the camera sees the robot otherwise than before the interruption '
                           f'(turned by {turned:.0f} degrees, {ratio:.2f} times as large): put it '
                           'back, or begin another --output')
