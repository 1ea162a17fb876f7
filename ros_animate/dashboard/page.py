"""The page: what is shown is drawn in the browser (static/), what steers is NiceGUI."""
from __future__ import annotations

import pathlib

from nicegui import app, ui

from ros_animate.dashboard.panels.poses import PosesPanel
from ros_animate.dashboard.panels.setup import RestartPanel, portrait_panel, recording_panel
from ros_animate.dashboard.panels.steer import robot_panel, strength_panels
from ros_animate.dashboard.parts import Parts
from ros_animate.dashboard.widgets import act

STOP = ('<button id="estop" type="button" title="Emergency stop (space bar)"><b>STOP</b>'
        '<span>space</span></button>')

PRIMARY = '#0f8a7e'


def head(script: str) -> None:
    """Style sheets and the script of a page."""
    ui.add_head_html(''.join(f'<link rel="stylesheet" href="/static/{name}.css">'
                             for name in ('style', 'controls')))
    ui.add_head_html(f'<script type="module" src="/static/{script}.js"></script>')


def build_page(parts: Parts, static: pathlib.Path) -> None:
    """Adds the page and its files to NiceGUI's application."""
    app.add_static_files('/static', static, max_cache_age=0)
    parts_of_page = {name: (static / f'{name}.html').read_text(encoding='utf-8')
                     for name in ('live', 'runs')}

    @ui.page('/')
    def live() -> None:
        head('live')
        header(parts)
        with ui.element('main').classes('page'):
            ui.html(parts_of_page['live'], sanitize=False, tag='div').classes('shown')
            with ui.element('aside').classes('side'):
                robot_panel(parts)
                PosesPanel(parts)
                strength_panels(parts)
                recording_panel(parts)
                portrait_panel(parts)
                RestartPanel(parts)
        ui.html(STOP, sanitize=False).classes('estop-place')

    @ui.page('/runs')
    def runs() -> None:
        head('live')
        head('runs')
        header(parts)
        ui.html(parts_of_page['runs'], sanitize=False, tag='main').classes('page one')
        ui.html(STOP, sanitize=False).classes('estop-place')


def header(parts: Parts) -> None:
    """The line at the top: robot, state of the safety layer, reset."""
    ui.colors(primary=PRIMARY)
    dark = ui.dark_mode(None)
    with ui.element('header').classes('top'):
        ui.html('<span class="brand">ros_animate</span><span id="robot-title"></span>'
                '<span id="safety" class="chip idle" role="status" aria-live="polite">'
                'Connecting</span>', sanitize=False).classes('top-state')
        reset_button(parts)
        ui.html('<a href="/">Live</a><a href="/runs">Runs</a>', sanitize=False,
                tag='nav').classes('pages')
        ui.button(icon='contrast', on_click=lambda: dark.set_value(not dark.value)).props(
            'flat round dense aria-label="Dark or light"').classes('theme')


def reset_button(parts: Parts) -> None:
    """The button that ends an emergency stop, after a confirmation."""
    with ui.dialog() as dialog, ui.card():
        ui.label('End the emergency stop?').classes('dialog-title')
        ui.label('The robot moves again as soon as the next command comes. Look at it first.')
        with ui.row():
            ui.button('Keep it stopped', on_click=dialog.close).props('flat autofocus')

            async def reset() -> None:
                dialog.close()
                await act(parts.steering.trigger('hardware/reset_estop'))
            ui.button('The robot may move', on_click=reset, color='negative')
    ui.button('Reset…', on_click=dialog.open, color='negative').props('unelevated no-caps').classes(
        'reset only-estopped')
