"""The panel of what is chosen before a run: portrait, animator, policy, robot; and recording."""
from __future__ import annotations

from typing import Any

from nicegui import events, ui

from ros_animate.dashboard.parts import Parts
from ros_animate.dashboard.uploads import IMAGE_BYTES, keep_portrait, keep_robot
from ros_animate.dashboard.widgets import SYNC_S, act
from ros_animate.errors import UserError
from ros_animate.limits import YAML_BYTES
from ros_animate.plugins import available
from ros_animate.policy.paths import PATHS
from ros_animate.robot.descriptions import robot_names

# (stage of the restart, node and parameter that show the present value, option of `retarget`)
CHOICES = {'animation': ('animation', 'plugin', '--animator'),
           'policy': ('policy', 'plugin', '--policy'), 'robot': ('hardware', 'robot', '--robot')}
LABELS = {'animation': 'Animator', 'policy': 'Policy', 'robot': 'Robot'}


def recording_panel(parts: Parts) -> None:
    """Starts and ends the recording of a bag."""
    with ui.element('section').classes('card'):
        ui.label('Recording').classes('card-title')

        async def toggle() -> None:
            if parts.recording.duration_s is None:
                result = parts.recording.start()
            else:
                result = await parts.recording.stop()
            ui.notify(result.message, type='positive' if result.done else 'negative',
                      close_button=not result.done)
        button = ui.button('Record a bag', icon='fiber_manual_record', on_click=toggle).props(
            'outline no-caps data-mark=record').classes('wide')

        def sync() -> None:
            passed_s = parts.recording.duration_s
            is_on = passed_s is not None
            button.set_text(f'Stop recording ({passed_s:.0f} s)' if is_on else 'Record a bag')
            button.props(f'color={"negative" if is_on else "primary"}')
        ui.timer(2 * SYNC_S, sync)


def portrait_panel(parts: Parts) -> None:
    """Animates another image, at once."""
    with ui.element('section').classes('card'):
        ui.label('Portrait').classes('card-title')

        async def upload(event: events.UploadEventArguments) -> None:
            uploader.reset()
            try:
                path = keep_portrait(await event.file.read())
            except UserError as error:
                ui.notify(str(error), type='negative', close_button=True)
                return
            await act(parts.steering.set_portrait(str(path)))
        uploader = ui.upload(on_upload=upload, auto_upload=True, max_file_size=IMAGE_BYTES,
                             label='Drop an image, or +').props(
            'flat bordered accept=image/* data-mark=portrait').classes('wide')
        ui.button("The robot's own face", on_click=lambda: act(
            parts.steering.set_portrait(''))).props('flat dense no-caps')


class RestartPanel:
    """Chooses what a running node cannot change, and offers the restart.

    Args:
        parts: The parts of the dashboard.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts, self._version = parts, -1
        self._present: dict[str, str] = {}
        self._selects: dict[str, Any] = {}
        with ui.element('section').classes('card'):
            ui.label('Needs a restart').classes('card-title')
            for choice, (_, _, option) in CHOICES.items():
                self._selects[choice] = ui.select(
                    options_of(choice), label=LABELS[choice],
                    on_change=self._show).props(f'dense outlined data-mark=choose{option}').classes(
                        'wide select')
            self._robot_upload()
            self._hint = ui.label('').classes('quiet')
            self._button = ui.button('Restart with these', icon='restart_alt',
                                     on_click=self._restart).props('no-caps').classes('wide')
        self._show()
        ui.timer(SYNC_S, self._sync)

    def _robot_upload(self) -> None:
        async def upload(event: events.UploadEventArguments) -> None:
            uploader.reset()
            try:
                path = str(keep_robot(await event.file.read()))
            except UserError as error:
                ui.notify(str(error), type='negative', close_button=True, multi_line=True)
                return
            select = self._selects['robot']
            select.set_options([*options_of('robot'), path], value=path)
        uploader = ui.upload(on_upload=upload, auto_upload=True, max_file_size=YAML_BYTES,
                             label='Robot file (.yaml)').props(
            'flat bordered accept=.yaml,.yml').classes('wide')

    def _changes(self) -> dict[str, str]:
        return {choice: select.value for choice, select in self._selects.items()
                if select.value and self._present and select.value != self._present.get(choice)}

    def _show(self) -> None:
        changes = self._changes()
        options = ' '.join(f'{CHOICES[choice][2]} {value}' for choice, value in changes.items())
        self._button.set_visibility(bool(changes) and self._parts.restart is not None)
        self._hint.set_text(
            '' if not changes else
            'The nodes end and start again; the robot goes to neutral in between.'
            if self._parts.restart is not None else
            f'Start the run again with: {options}')

    def _restart(self) -> None:
        if self._parts.restart is not None:
            ui.notify('The nodes start again …', type='ongoing', timeout=8000)
            self._parts.restart(self._changes())

    def _sync(self) -> None:
        if self._version == self._parts.parameters.version:
            return
        self._version = self._parts.parameters.version
        for choice, (stage, name, _) in CHOICES.items():
            entry = self._parts.parameters.entry(stage, name)
            select = self._selects[choice]
            if entry is None or entry.value == self._present.get(choice):
                continue
            self._present[choice] = entry.value
            names = options_of(choice)
            select.set_options(names if entry.value in names else [*names, entry.value],
                               value=entry.value)
        self._show()


def options_of(choice: str) -> Any:
    """Values of a choice, with what people read."""
    if choice == 'robot':
        return robot_names()
    if choice == 'policy':
        # Found without loading the policies, which would take much time and memory.
        paths = {default: path for path, (_, default) in PATHS.items()}
        return {name: f'{name} (path: {paths[name]})' if name in paths else name
                for name in available('policy')}
    return available(choice)
