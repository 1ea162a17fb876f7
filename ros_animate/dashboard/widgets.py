"""Widgets that several panels share."""
from __future__ import annotations

import time
from collections.abc import Awaitable

from nicegui import events, ui

from ros_animate.dashboard.parts import Parts
from ros_animate.dashboard.steering import Result

SYNC_S = 0.25
# After a hand has moved a slider, values that come back from the node are older than the slider's.
SETTLE_S = 1.0


async def act(action: Awaitable[Result]) -> Result:
    """Waits for an action and tells its result: briefly if it was done, in red if not."""
    result = await action
    if result.done:
        ui.notify(result.message, type='positive', timeout=2500)
    else:
        ui.notify(result.message or 'refused', type='negative', timeout=8000, close_button=True)
    return result


class ParameterSlider:
    """A slider for one parameter of a node; it follows changes that others make.

    Args:
        parts: The parts of the dashboard.
        stage, name: The parameter.
        label: Its name for people.
        low, high: Range of the slider, within that of the parameter.
    """

    def __init__(self, parts: Parts, stage: str, name: str, label: str, low: float,
                 high: float) -> None:
        self._parts, self._stage, self._name = parts, stage, name
        self._version = -1
        self._given = low  # value of the node that the slider was set to
        self._touched_s = -SETTLE_S
        with ui.element('div').classes('parameter') as self._row:
            ui.label(label).classes('parameter-name')
            self._slider = ui.slider(min=low, max=high, step=0.01, value=low).props(
                f'aria-label="{label}"').props(f'data-mark={stage}.{name}')
            self._text = ui.label('').classes('parameter-value')
        self._slider.on('change', self._change)
        self._slider.on_value_change(self._show)
        ui.timer(SYNC_S, self._sync)

    def _show(self, event: events.ValueChangeEventArguments) -> None:
        self._text.set_text(f'{event.value:.2f}')
        if event.value != self._given:
            self._touched_s = time.monotonic()

    async def _change(self, event: events.GenericEventArguments) -> None:
        value = float(event.args)  # the slider's own value may come later
        result = await self._parts.steering.set_parameter(self._stage, self._name, value)
        if not result.done:
            ui.notify(result.message, type='negative', close_button=True)
            self._version = -1

    def _sync(self) -> None:
        if (self._version == self._parts.parameters.version
                or time.monotonic() - self._touched_s < SETTLE_S):
            return
        self._version = self._parts.parameters.version
        entry = self._parts.parameters.entry(self._stage, self._name)
        self._row.set_visibility(entry is not None)
        if entry is None:
            return
        self._slider.set_enabled(not entry.read_only)
        self._given = float(entry.value)
        self._slider.set_value(self._given)


class ParameterSwitch:
    """A switch for one parameter of a node that is true or false.

    Args:
        parts: The parts of the dashboard.
        stage, name: The parameter.
        label: Its name for people.
    """

    def __init__(self, parts: Parts, stage: str, name: str, label: str) -> None:
        self._parts, self._stage, self._name = parts, stage, name
        self._version = -1
        self._switch = ui.switch(label).props(f'data-mark={stage}.{name}')
        self._switch.on('update:model-value', self._change)
        ui.timer(SYNC_S, self._sync)

    async def _change(self) -> None:
        result = await self._parts.steering.set_parameter(
            self._stage, self._name, bool(self._switch.value))
        if not result.done:
            ui.notify(result.message, type='negative', close_button=True)
            self._version = -1

    def _sync(self) -> None:
        if self._version == self._parts.parameters.version:
            return
        self._version = self._parts.parameters.version
        entry = self._parts.parameters.entry(self._stage, self._name)
        self._switch.set_visibility(entry is not None)
        if entry is not None:
            self._switch.set_enabled(not entry.read_only)
            self._switch.set_value(bool(entry.value))
