"""Bags as regression tests: the pipeline's outputs for a bag against those that the bag holds."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import ExitStatus, UserError
from ros_animate.evaluation.bag_comparison import (
    Check,
    Comparison,
    Series,
    Tolerances,
    compare_answers,
    compare_curves,
    verdict,
)
from ros_animate.evaluation.bag_report import BagVerdict
from ros_animate.evaluation.kept_limits import check_limits
from ros_animate.hardware.base import VirtualRobot
from ros_animate.nodes.topics import TOPICS, replaceable_stages, replacing_topics
from ros_animate.outputs.progress import Progress, write_line
from ros_animate.plugins import STAGES, find
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.launch_plan import make_launch_plan, observes_image, parameter_file
from ros_animate.runtime.live_programs import COMPOSED, RECORD
from ros_animate.runtime.supervisor import Program, Supervisor
from ros_animate.settings import Settings

POLL_S, DRAIN_S = 0.05, 0.5
REPLAY = 'replay'
# Allowed deviations of a replay in real time, where the machine drops and delays frames.
LIVE_TOLERANCES = Tolerances(difference=0.1, named={'commands': 0.25}, missing=0.3, late_ms=100.0)
# A blink crosses 1 % of its range in a millisecond; a bag knows when answers came to a few of them.
LOCKSTEP_TOLERANCES = Tolerances(named={'commands': 0.05})
Messages = dict[str, list[tuple[int, Any]]]


@dataclass(frozen=True)
class BagTest:
    """A test over a bag.

    Attributes:
        bag: Folder of the bag.
        settings: The pipeline.
        from_stage: Stage whose messages are taken from the bag, the stages after it run; '' for
            the first one that the bag can replace.
        lockstep: True to wait for the nodes after every message, False to replay in real time.
        tolerances: Allowed deviations; None for those of the way of replaying.
        namespace: Namespace of the recorded pipeline, '' to look for it.
        images: Recorded name of the camera's images, '' for image_raw.
        quiet: True for no progress.
    """

    bag: pathlib.Path
    settings: Settings
    from_stage: str = ''
    lockstep: bool = True
    tolerances: Tolerances | None = None
    namespace: str = ''
    images: str = ''
    quiet: bool = True


def run_bag_test(test: BagTest) -> BagVerdict:
    """Replays the bag and compares; no robot but a virtual one is moved.

    Raises:
        UserError: The bag or the settings cannot be used.
    """
    # The middleware reads its environment when it is loaded.
    os.environ.update(node_environment())
    from ros_animate.nodes.bag_series import COMPARED, pipeline_topics, read_messages, series_of
    start_s = time.monotonic()
    tolerances = test.tolerances or (LOCKSTEP_TOLERANCES if test.lockstep else LIVE_TOLERANCES)
    settings = with_virtual_robot(test.settings)
    topics = pipeline_topics(test.bag, test.namespace, test.images)
    source = first_stage(test, topics)
    stages = stages_after(settings, source)
    outputs = [topic for topic in COMPARED if TOPICS[topic].publisher in stages and topic in topics]
    if not outputs:
        raise UserError(f'the bag {test.bag} holds nothing to compare with: it needs one of '
                        f'{", ".join(t for t in COMPARED if TOPICS[t].publisher in stages)}')
    recorded = read_messages(test.bag, topics, [
        *replacing_topics(source), *(t for t in TOPICS if TOPICS[t].publisher in stages)])
    expected = {topic: series_of(topic, recorded[topic], settings.spec) for topic in outputs}
    _leave_out_the_end(expected, recorded, source)
    _check_names(tolerances, expected, outputs)
    replay = _run_lockstep if test.lockstep else _run_live
    given = replay(test, settings, stages, source, topics, recorded)
    comparisons, checks = [], []
    for topic, series in expected.items():
        if series is not None:
            answer = series_of(topic, given.get(topic, []), settings.spec)
            comparison, found = _compared(topic, series, answer, tolerances, test.lockstep)
            comparisons += comparison
            checks += found
    commands = series_of('commands', given.get('commands', []), settings.spec)
    if commands is not None:
        checks += check_limits(commands, settings.spec)
    return BagVerdict(test.bag.name, comparisons, checks, time.monotonic() - start_s)


def with_virtual_robot(settings: Settings) -> Settings:
    """The settings with the virtual face in the place of a real robot."""
    if issubclass(find('hardware', settings.plugin('hardware')), VirtualRobot):
        return settings
    safety = dataclasses.asdict(settings.safety)
    kept = {k: v for k, v in settings.stages['hardware'].items() if k in safety}
    return dataclasses.replace(settings, stages={**settings.stages,
                                                 'hardware': {**kept, 'plugin': 'mock'}})


def first_stage(test: BagTest, topics: Mapping[str, str]) -> str:
    """The stage in whose place the bag stands; raises UserError if it cannot."""
    choices = replaceable_stages()
    if test.from_stage:
        if test.from_stage not in choices:
            raise ConfigurationError(f'--from: {test.from_stage!r} is no stage that a bag can '
                                     f'replace; {suggest(test.from_stage, choices)}')
        choices = [test.from_stage]
    for stage in choices:
        if any(topic in topics for topic in replacing_topics(stage) if topic != 'camera_info'):
            return stage
    needed = ', '.join(dict.fromkeys(t for stage in choices for t in replacing_topics(stage)))
    raise UserError(f'the bag {test.bag} has none of {needed}; it holds '
                    f'{", ".join(sorted(topics.values())) or "no topic of a pipeline"}')


def stages_after(settings: Settings, source: str) -> list[str]:
    """The stages that run; the portrait is left out where no command depends on it."""
    return [stage for stage in STAGES[STAGES.index(source) + 1:]
            if stage != 'animation' or observes_image(settings)]


def _check_names(tolerances: Tolerances, expected: Mapping[str, Series | None],
                 outputs: Sequence[str]) -> None:
    columns = {name for series in expected.values() if series for name in series.names}
    # The defaults name topics that a bag may lack.
    tolerances.check([*TOPICS, *outputs, *sorted(columns)])


def _leave_out_the_end(expected: dict[str, Series | None], recorded: Messages,
                       source: str) -> None:
    """Drops the commands after the last answer to a frame.

    A bag does not say when its pipeline was told to end, and to bring the robot to rest.
    """
    commands = expected.get('commands')
    answers = recorded.get('actions') or [
        item for topic in replacing_topics(source) for item in recorded.get(topic, ())]
    if commands is not None and answers:
        last_ns = max(time_ns for time_ns, _ in answers)
        expected['commands'] = commands.until(last_ns)


def _compared(topic: str, recorded: Series, tested: Series | None, tolerances: Tolerances,
              lockstep: bool) -> tuple[list[Comparison], list[Check]]:
    if tested is None:
        return [], [Check(topic, 'missing', False, 'the pipeline has given no answer at all')]
    if topic == 'commands':
        comparison = compare_curves(topic, recorded, tested, tolerances, align=not lockstep)
    else:
        comparison = compare_answers(topic, recorded, tested, tolerances)
    return [comparison], verdict(comparison, tolerances)


def _run_lockstep(test: BagTest, settings: Settings, stages: Sequence[str], source: str,
                  topics: Mapping[str, str], recorded: Messages) -> Messages:
    from ros_animate.nodes.bags import BagReader
    from ros_animate.nodes.lockstep import Lockstep
    from ros_animate.nodes.messages import nanoseconds
    plan = make_launch_plan(settings, _transport(topics, stages), stages=stages)
    with BagReader(test.bag) as bag:
        start_ns, end_ns = bag.start_ns, bag.end_ns
    # A command reaches the recorder a moment after it was sent.
    start_ns = min([start_ns, *(nanoseconds(m.sent) - 1 for _, m in recorded.get('commands', ())
                                if nanoseconds(m.sent))])
    total = sum(len(recorded.get(topic, ())) for topic in replacing_topics(source))
    with tempfile.TemporaryDirectory(prefix='ros_animate-') as folder, \
            Lockstep(plan.parameters, pathlib.Path(folder)) as pipeline, \
            Progress('testing', total, 'message', quiet=test.quiet) as progress:
        return pipeline.run(recorded, start_ns, end_ns, progress.set)


def _run_live(test: BagTest, settings: Settings, stages: Sequence[str], source: str,
              topics: Mapping[str, str], recorded: Messages) -> Messages:
    """Replays in real time through nodes in other processes, and records their outputs."""
    from ros_animate.nodes.bag_series import COMPARED, pipeline_topics, read_messages
    with tempfile.TemporaryDirectory(prefix='ros_animate-') as name:
        folder = pathlib.Path(name)
        programs = _programs(test, settings, stages, source, topics, folder)
        with Supervisor(programs, node_environment(), on_output=lambda *_: None,
                        on_note=_note) as supervisor, \
                Progress('testing', None, 'second', quiet=test.quiet, leave=False) as progress:
            start_s = time.monotonic()
            while REPLAY not in supervisor.poll():
                time.sleep(POLL_S)
                progress.set(int(time.monotonic() - start_s))
            time.sleep(DRAIN_S)
            supervisor.stop()
        tested = folder / 'bag'
        return read_messages(tested, pipeline_topics(tested), COMPARED)


def _note(line: str) -> None:
    """Shows what a node says, but for the clock, which begins and ends with the bag."""
    if '/clock' not in line:
        write_line(line)


def _programs(test: BagTest, settings: Settings, stages: Sequence[str], source: str,
              topics: Mapping[str, str], folder: pathlib.Path) -> list[Program]:
    """The nodes, the recorder and the replay, in a namespace and with a clock of their own."""
    namespace = f'/bag_test_{os.getpid()}'
    more: dict[str, dict[str, Any]] = _transport(topics, stages)
    for stage in stages:
        more.setdefault(stage, {})['use_sim_time'] = True
    if 'motion' in more:
        more['motion']['hri'] = 'never'  # its topics are those of all
    more['hardware']['estop_file'] = str(folder / 'test.estop')
    plan = make_launch_plan(settings, more, stages=stages, namespace=namespace)
    inputs = [topic for topic in replacing_topics(source) if topic in topics]
    extra: dict[str, dict[str, Any]] = {
        RECORD: {'bag': str(folder / 'bag'), 'use_sim_time': True,
                 'topics': [t for t in TOPICS if TOPICS[t].publisher in stages
                            and TOPICS[t].recorded and not TOPICS[t].best_effort]},
        REPLAY: {'bag': str(test.bag), 'topics': [topics[topic] for topic in inputs],
                 'wait_for': [*stages, RECORD]}}
    file = folder / 'parameters.yaml'
    file.write_text(parameter_file({**plan.parameters, **extra}, namespace), encoding='utf-8')
    rules = [('__ns', namespace), ('/clock', f'{namespace}/clock'),
             ('/diagnostics', f'{namespace}/diagnostics'),
             *((topics[topic].lstrip('/'), topic) for topic in inputs
               if topics[topic] != f'/{topic}')]
    arguments = ['--ros-args', '--params-file', str(file), *(
        part for old, new in rules for part in ('-r', f'{old}:={new}'))]
    without = [stage for stage in STAGES if stage not in plan.parameters]
    return [Program(COMPOSED, 'ros_animate.nodes.composed_node', [*without, *arguments],
                    respawn=False),
            Program(RECORD, 'ros_animate.nodes.record_node', arguments, respawn=False),
            Program(REPLAY, 'ros_animate.nodes.replay_node', arguments, respawn=False)]


def _transport(topics: Mapping[str, str], stages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Options of the motion node for a bag that holds compressed images only."""
    compressed = 'image_raw' not in topics and 'image_raw/compressed' in topics
    return {'motion': {'image_transport': 'compressed'}} if compressed and 'motion' in stages \
        else {}


def exit_status(result: BagVerdict) -> int:
    """Exit status of a program that reports a verdict."""
    return ExitStatus.FAILURE if result.failed else ExitStatus.OK
