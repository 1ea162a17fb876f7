"""The panel of named poses: save the present one, go to one in manual mode."""
from __future__ import annotations

from nicegui import ui

from ros_animate.dashboard.parts import Parts
from ros_animate.dashboard.poses import NAME_LENGTH, PoseFile
from ros_animate.dashboard.widgets import SYNC_S
from ros_animate.errors import UserError


class PosesPanel:
    """Buttons for the poses of the robot; the file is shared by all browsers.

    Args:
        parts: The parts of the dashboard.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._shown: list[str] | None = None
        self._was_manual: bool | None = None
        with ui.element('section').classes('card'):
            ui.label('Poses').classes('card-title')
            self._hint = ui.label('Switch on Manual to move the robot: by the sliders of the '
                                  'controls, or to a pose.').classes('quiet')
            self._buttons = ui.element('div').classes('poses')
            with ui.element('div').classes('line'):
                self._name = ui.input(placeholder='name').props(
                    f'dense outlined maxlength={NAME_LENGTH} aria-label="Name of the pose" '
                    'data-mark=pose-name').on('keydown.enter', self._save)
                ui.button('Save', on_click=self._save).props('outline no-caps data-mark=pose-save')
        ui.timer(2 * SYNC_S, self._sync)

    def _file(self) -> PoseFile | None:
        spec = self._parts.state.spec
        return None if spec is None else PoseFile(spec)

    def _save(self) -> None:
        file, state = self._file(), self._parts.state
        if file is None or state.spec is None or state.command is None:
            ui.notify('no command of the robot has come yet', type='negative')
            return
        pose = state.jog if self._parts.pipeline.manual else dict(
            zip(state.spec.names, state.command.tolist()))
        try:
            file.save(self._name.value or '', pose)
        except UserError as error:
            ui.notify(str(error), type='negative', close_button=True)
            return
        ui.notify(f'saved in {file.path}', type='positive')
        self._name.set_value('')

    def _play(self, name: str) -> None:
        file = self._file()
        try:
            pose = {} if file is None else file.read().get(name)
        except UserError as error:
            ui.notify(str(error), type='negative', close_button=True)
            return
        self._parts.state.set_jog(pose or {})

    def _delete(self, name: str) -> None:
        file = self._file()
        try:
            if file is not None:
                file.delete(name)
        except UserError as error:
            ui.notify(str(error), type='negative', close_button=True)

    def _sync(self) -> None:
        """Shows what the file holds now, whoever has changed it."""
        file, manual = self._file(), bool(self._parts.pipeline.manual)
        try:
            names = [] if file is None else list(file.read())
        except UserError:
            names = []
        if names == self._shown and manual == self._was_manual:
            return
        self._shown, self._was_manual = names, manual
        self._hint.set_visibility(not manual)
        self._buttons.clear()
        with self._buttons:
            if manual and file is not None:
                ui.button('neutral', on_click=self._neutral).props('dense no-caps unelevated')
            for name in names:
                self._pose_button(name, manual)

    def _pose_button(self, name: str, manual: bool) -> None:
        with ui.element('span').classes('pose'):
            ui.button(name, on_click=lambda: self._play(name)).props(
                'dense no-caps unelevated').set_enabled(manual)
            ui.button(icon='close', on_click=lambda: self._delete(name)).props(
                f'dense flat round size=xs aria-label="Delete {name}"')

    def _neutral(self) -> None:
        spec = self._parts.state.spec
        if spec is not None:
            self._parts.state.set_jog(dict(zip(spec.names, spec.neutral.tolist())))
