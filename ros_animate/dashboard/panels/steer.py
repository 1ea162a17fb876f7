"""The panel with the usual ways to steer: enable, pause, calibrate, strengths, speed."""
from __future__ import annotations

from nicegui import ui

from ros_animate.dashboard.parts import Parts
from ros_animate.dashboard.steering import Result
from ros_animate.dashboard.widgets import SYNC_S, ParameterSlider, ParameterSwitch, act
from ros_animate.dashboard.words import safety_state

# (stage, parameter, label, low, high)
STRENGTHS = (('policy', 'gain', 'All', 0.0, 2.0), ('policy', 'brow', 'Brows', 0.0, 2.0),
             ('policy', 'lid', 'Lids', 0.0, 2.0), ('policy', 'gaze', 'Gaze', 0.0, 2.0),
             ('policy', 'mouth', 'Mouth', 0.0, 2.0), ('policy', 'nose', 'Nose', 0.0, 2.0),
             ('policy', 'head', 'Head', 0.0, 2.0))
MOTION = (('smoothing', 'stillness', 'Stillness', 0.0, 3.0),
          ('smoothing', 'cutoff_hz', 'Cut-off', 0.1, 20.0),
          ('hardware', 'velocity_scale', 'Velocity', 0.01, 1.0),
          ('hardware', 'acceleration_scale', 'Acceleration', 0.01, 1.0))


def strength_panels(parts: Parts) -> None:
    """Sliders for what the nodes let be changed while they run."""
    with ui.element('section').classes('card'):
        ui.label('Strength of the imitation').classes('card-title')
        for stage, name, label, low, high in STRENGTHS:
            ParameterSlider(parts, stage, name, label, low, high)
    with ui.element('section').classes('card'):
        ui.label('Smoothness and speed').classes('card-title')
        for stage, name, label, low, high in MOTION:
            ParameterSlider(parts, stage, name, label, low, high)
        ParameterSwitch(parts, 'motion', 'mirror', 'Mirror: your left is its right')


def robot_panel(parts: Parts) -> None:
    """Enable, pause (manual mode), and calibration of the neutral face."""
    with ui.element('section').classes('card'):
        ui.label('Robot').classes('card-title')
        robot_switches(parts)
        ui.button('This face is neutral', icon='face', on_click=lambda: act(
            calibrate(parts))).props('outline no-caps data-mark=calibrate').classes('wide')


def robot_switches(parts: Parts) -> None:
    """The switches of the robot, as the hardware node reports them."""
    steering = parts.steering
    with ui.element('div').classes('buttons'):
        enabled = ui.switch('Enabled').props('data-mark=enabled')
        manual = ui.switch('Manual (pause)').props('data-mark=manual')
    enabled.on('update:model-value',
               lambda: act(steering.switch('hardware/set_enabled', bool(enabled.value))))
    manual.on('update:model-value',
              lambda: act(steering.switch('hardware/set_manual', bool(manual.value))))

    def sync() -> None:
        state = safety_state(parts.pipeline)
        enabled.set_enabled(state['here'])
        manual.set_enabled(state['here'])
        enabled.set_value(bool(state.get('enabled')))
        manual.set_value(bool(parts.pipeline.manual))
    ui.timer(2 * SYNC_S, sync)


async def calibrate(parts: Parts) -> Result:
    """Takes the present face as neutral, in policy and animation."""
    results = [await parts.steering.trigger(f'{stage}/calibrate_neutral')
               for stage in ('policy', 'animation')]
    failed = [f'{stage}: {result.message}' for stage, result in
              zip(('policy', 'animation'), results, strict=True) if not result.done]
    return Result(not failed, '; '.join(failed) or 'policy and portrait: this face is neutral now')
