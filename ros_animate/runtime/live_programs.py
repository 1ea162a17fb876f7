"""Programs of a live run, in the order in which they are to end."""
from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import yaml

from ros_animate.runtime.dashboard import dashboard_program, rerun_program
from ros_animate.runtime.launch_plan import (
    LaunchPlan,
    entry_stage,
    make_launch_plan,
    parameter_file,
)
from ros_animate.runtime.supervisor import Program
from ros_animate.scheduling import BACKGROUND_NICE, LOWEST_NICE
from ros_animate.settings import RunOptions, Settings

WATCH, RECORD, OUTPUTS, COMPOSED = 'watch', 'record', 'outputs', 'nodes'
SHARE = 'share'
PREVIEW_HZ = 15.0  # as many as the dashboard shows


def live_programs(settings: Settings, options: RunOptions, folder: pathlib.Path,
                  spool: pathlib.Path | None) -> list[Program]:
    """The programs: nodes of the stages, recorder, watcher, writer of the files.

    Args:
        settings: Checked settings.
        options: How to run.
        folder: Folder for parameter files.
        spool: Folder in which the watcher leaves frames for the writer of the files; None for none.
    """
    observers = [WATCH, *([RECORD] if options.record is not None else []),
                 *([SHARE] if options.share else [])]
    keeps_images = spool is not None or options.record is not None
    nice = BACKGROUND_NICE if keeps_images else LOWEST_NICE
    plan = make_launch_plan(settings, {
        entry_stage(settings): {'wait_for': observers, 'exit_at_end': True,
                                'limit': options.limit or 0},
        'animation': {'gives_way': not keeps_images,
                      **({'background_rate_hz': PREVIEW_HZ} if is_only_seen(options) else {})},
        'hardware': {'shutdown_pose': 'neutral'}}, namespace=options.namespace)
    extra = {WATCH: _watch_parameters(settings, options, plan, spool)}
    if options.record is not None:
        extra[RECORD] = {'bag': str(options.record), 'image_transport': plan.image_transport}
    if options.share:
        extra[SHARE] = {'robot': settings.robot, **dataclasses.asdict(options.share)}
    arguments = _ros_arguments(plan, extra, options.namespace, folder / 'parameters.yaml')
    programs = _stage_programs(plan, options, arguments, nice)
    if options.record is not None:
        programs.append(Program(RECORD, 'ros_animate.nodes.record_node', arguments, respawn=False))
    if options.share:
        # A second take would replace the first one.
        programs.append(Program(SHARE, 'ros_animate.nodes.share_node', arguments,
                                respawn=not options.share.take))
    programs.append(Program(WATCH, 'ros_animate.nodes.watch_node', arguments, respawn=False,
                            nice=nice))
    if options.dashboard:
        programs.append(dashboard_program(options.namespace, restarts=is_repeatable(options)))
    if options.rerun is not None:
        programs.append(rerun_program(options.namespace, options.rerun))
    if spool is not None:
        programs.append(_output_program(settings, options, folder / 'settings.yaml', spool))
    return programs


def is_repeatable(options: RunOptions) -> bool:
    """True for a run without files, which may be ended and started anew."""
    return options.output is None and options.record is None and not (
        options.share.take or options.rerun or options.limit or options.duration_s)


def is_only_seen(options: RunOptions) -> bool:
    """True if nothing but the dashboard's page shows the images."""
    return options.dashboard and options.output is None and options.record is None


def _stage_programs(plan: LaunchPlan, options: RunOptions, arguments: list[str],
                    nice: int) -> list[Program]:
    """The nodes; a portrait that is only looked at is drawn in a process with priority `nice`."""
    if options.processes:
        return [Program(stage, f'ros_animate.nodes.{stage}_node', arguments)
                for stage in plan.parameters]
    apart = [stage for stage in ('animation',) if plan.parameters.get(stage, {}).get('background')]
    return [Program(COMPOSED, 'ros_animate.nodes.composed_node',
                    [*plan.without, *apart, *arguments]),
            *(Program(stage, f'ros_animate.nodes.{stage}_node', arguments, nice=nice)
              for stage in apart)]


def _output_program(settings: Settings, options: RunOptions, settings_file: pathlib.Path,
                    spool: pathlib.Path) -> Program:
    settings_file.write_text(yaml.safe_dump(settings.as_mapping()), encoding='utf-8')
    return Program(OUTPUTS, 'ros_animate.runtime.live_outputs',
                   [str(settings_file), str(spool), str(options.output), *options.files],
                   respawn=False, nice=BACKGROUND_NICE)


def _watch_parameters(settings: Settings, options: RunOptions, plan: LaunchPlan,
                      spool: pathlib.Path | None) -> dict[str, Any]:
    wait_for = [stage for stage in plan.parameters if stage != 'camera']
    if options.record is not None:
        wait_for.append(RECORD)
    return {'robot': settings.robot, 'image_transport': plan.image_transport,
            'spool': str(spool or ''), 'wait_for': wait_for}


def _ros_arguments(plan: LaunchPlan, extra: dict[str, dict[str, Any]], namespace: str,
                   path: pathlib.Path) -> list[str]:
    """`--ros-args` for every process: each node finds its own parameters in the file `path`."""
    path.write_text(parameter_file({**plan.parameters, **extra}, namespace), encoding='utf-8')
    rules = [*plan.remappings, *([('__ns', namespace)] if namespace else [])]
    remappings = [part for source, target in rules for part in ('-r', f'{source}:={target}')]
    return ['--ros-args', '--params-file', str(path), *remappings]
