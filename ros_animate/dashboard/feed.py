"""Images and values for the browsers, over one web socket each."""
from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import Coroutine
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ros_animate.dashboard.state import PipelineState
from ros_animate.dashboard.steering import Result, Steering
from ros_animate.limits import NAME_LENGTH
from ros_animate.nodes.remote.calls import NotAnswered, python_value
from ros_animate.nodes.remote.pipeline import RemotePipeline
from ros_animate.nodes.remote.previews import RATE_HZ, Preview
from ros_animate.nodes.remote.subscriptions import VIEWS
from ros_animate.scheduling import GivingWay

# Images on their way to a browser; it confirms each one, and later ones wait in its place.
IN_FLIGHT = 3
SLOW_S = 1.0
ANSWER_S = 2.0
MAX_TEXT = 20_000
VIEW_NUMBERS = {view: number for number, view in enumerate(VIEWS)}


class Viewer:
    """One browser: the newest image of each view and the newest texts that it has not got yet.

    Attributes:
        looks: False for a page that shows the state of the robot alone.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self.looks = websocket.query_params.get('images') != 'no'
        self._websocket = websocket
        self._images: dict[str, bytes] = {}
        self._texts: dict[str, str] = {}
        self._in_flight = 0
        self._news = asyncio.Event()

    def offer_image(self, view: str, data: bytes) -> None:
        """Replaces the image of a view that waits."""
        self._images[view] = data
        self._news.set()

    def offer_text(self, kind: str, text: str) -> None:
        """Replaces the text of a kind that waits."""
        self._texts[kind] = text
        self._news.set()

    def confirm(self) -> None:
        """Notes that an image has arrived."""
        self._in_flight = max(0, self._in_flight - 1)
        self._news.set()

    async def send(self) -> None:
        """Sends what is offered, until the connection ends."""
        while True:
            await self._news.wait()
            self._news.clear()
            texts, self._texts = self._texts, {}
            for text in texts.values():
                await self._websocket.send_text(text)
            while self._images and self._in_flight < IN_FLIGHT:
                view = next(iter(self._images))
                self._in_flight += 1
                await self._websocket.send_bytes(self._images.pop(view))


class Feed:
    """Gives all browsers the same images and values, while there are any.

    Args:
        pipeline: The pipeline that is shown.
        steering: What a browser can ask for.
        state: What is shown of the pipeline.
    """

    def __init__(self, pipeline: RemotePipeline, steering: Steering, state: PipelineState) -> None:
        self._pipeline, self._steering, self._state = pipeline, steering, state
        self._actions: set[asyncio.Task[None]] = set()
        self._viewers: set[Viewer] = set()
        self._was_here = False

    @property
    def is_watched(self) -> bool:
        """True while a browser looks at the images."""
        return any(viewer.looks for viewer in tuple(self._viewers))

    def offer_preview(self, view: str, preview: Preview) -> None:
        """Hands an image to all browsers; called in the loop's thread."""
        data = struct.pack('<BHH', VIEW_NUMBERS[view], *preview.size) + preview.jpeg
        for viewer in self._viewers:
            if viewer.looks:
                viewer.offer_image(view, data)

    async def serve(self, websocket: WebSocket) -> None:
        """Serves one browser until it leaves."""
        await websocket.accept()
        viewer = Viewer(websocket)
        viewer.offer_text('robot', json.dumps(self._state.robot()))
        self._viewers.add(viewer)
        self._watch()
        sender = asyncio.create_task(viewer.send())
        try:
            while True:
                self._receive(viewer, await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._viewers.discard(viewer)
            self._watch()
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sender

    def _watch(self) -> None:
        self._pipeline.watch(self.is_watched)

    async def run(self) -> None:
        """Sends values RATE_HZ times a second, giving way, and slower things once a second."""
        slow_s, giving_way = 0.0, GivingWay()
        while True:
            await asyncio.sleep(max(1.0 / RATE_HZ, giving_way.rest_s()))
            if time.monotonic() - slow_s > SLOW_S:
                slow_s = time.monotonic()
                await self._follow_robot()
                if self._viewers:
                    self._state.keep_manual()
                    self._offer(self._state.stages())
            if self._viewers:
                self._offer(self._state.values())

    def _offer(self, content: dict[str, Any]) -> None:
        text = json.dumps(content, separators=(',', ':'))
        for viewer in self._viewers:
            viewer.offer_text(content['type'], text)

    def _receive(self, viewer: Viewer, text: str) -> None:
        try:
            message = json.loads(text) if len(text) <= MAX_TEXT else None
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        if 'ack' in message:
            viewer.confirm()
        if isinstance(message.get('follow'), str) and len(message['follow']) <= NAME_LENGTH:
            self._start(viewer, self._steering.follow(message['follow']))
        if isinstance(message.get('jog'), dict):
            self._state.set_jog(message['jog'])

    def _start(self, viewer: Viewer, action: Coroutine[Any, Any, Result]) -> None:
        """Does something for a browser, and tells it the result."""
        async def work() -> None:
            result = await action
            viewer.offer_text('result', json.dumps({'type': 'result', **vars(result)}))
        task = asyncio.create_task(work())
        self._actions.add(task)
        task.add_done_callback(self._actions.discard)

    async def _follow_robot(self) -> None:
        """Reads which robot it is, when the hardware node appears (again)."""
        is_here = self._pipeline.statuses()['hardware'] is not None
        appeared, self._was_here = is_here and not self._was_here, is_here
        if not appeared:
            return
        try:
            answer = await asyncio.wait_for(asyncio.wrap_future(
                self._pipeline.calls.get_parameters('hardware', ['robot'])), ANSWER_S)
        except (NotAnswered, TimeoutError, asyncio.TimeoutError):
            self._was_here = False
            return
        if self._state.set_robot(str(python_value(answer.values[0]))):
            self._offer(self._state.robot())
