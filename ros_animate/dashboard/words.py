"""The state of the pipeline in words and colours."""
from __future__ import annotations

from typing import Any

from ros_animate.nodes.remote.pipeline import RemotePipeline

# State of the safety layer → (words, colour: a class of the style sheet)
SAFETY = {'idle': ('Waiting for the first command', 'idle'),
          'takeover': ('Taking over', 'good'), 'tracking': ('Following', 'good'),
          'hold': ('Holding: no usable command', 'warn'),
          'neutral': ('Neutral: no usable command', 'warn'),
          'resting': ('At rest', 'warn'), 'estop': ('EMERGENCY STOP', 'bad')}
COLOURS = {'OK': 'good', 'WARN': 'warn', 'ERROR': 'bad', 'STALE': 'idle'}
FIGURES = ('received_hz', 'published_hz', 'step_ms_p50', 'step_ms_p95', 'age_ms_p50', 'age_ms_p95',
           'latency_ms_p50', 'latency_ms_p95', 'dropped', 'rejected', 'face_missing')


def safety_state(pipeline: RemotePipeline) -> dict[str, Any]:
    """Words and colour of the safety layer's state, and what can be done about it."""
    status = pipeline.statuses()['hardware']
    if status is None:
        answered = pipeline.has_answered('hardware')
        text = 'The hardware node does not answer' if answered else 'Waiting for the nodes'
        return {'text': text, 'colour': 'bad' if answered else 'idle', 'here': False}
    values = status.values
    text, colour = SAFETY.get(values.get('state', ''), (status.message, 'idle'))
    if pipeline.estopped:
        text, colour = SAFETY['estop']
    elif values.get('active') != 'True':
        text, colour = f'Not active: {status.message}', 'warn'
    elif values.get('enabled') != 'True':
        text, colour = 'Disabled: at neutral', 'warn'
    elif pipeline.manual:
        text, colour = ('Manual', 'manual') if colour == 'good' else (f'Manual: {text}', 'manual')
    return {'text': text, 'colour': colour, 'here': True,
            'enabled': values.get('enabled') == 'True'}


def stage_states(pipeline: RemotePipeline) -> list[dict[str, Any]]:
    """A row for each stage: its level, message and figures."""
    rows: list[dict[str, Any]] = []
    for stage, status in pipeline.statuses().items():
        if status is None:
            answered = pipeline.has_answered(stage)
            rows.append({'stage': stage, 'colour': 'bad' if answered else 'idle', 'figures': {},
                         'message': 'does not answer' if answered else 'not there'})
            continue
        rows.append({'stage': stage, 'colour': COLOURS.get(status.level, 'idle'),
                     'message': status.message,
                     'figures': {k: status.values[k] for k in FIGURES if k in status.values}})
    return rows
