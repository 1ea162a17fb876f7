"""Ameca over Engineered Arts' official client: controls posted as JSON to a channel of messages.

A script on the robot subscribes to the channel and applies the controls: docs/tritium.md.
"""
from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import pathlib
import threading
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from ros_animate.backoff import Backoff
from ros_animate.configuration import option
from ros_animate.hardware.base import Robot, RobotError
from ros_animate.hardware.last_command import LastCommand
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Command, RobotState

T = TypeVar('T')
CLIENT = 'tritium_remote'
TOKEN_VARIABLE = 'TRITIUM_AUTH_TOKEN'
FIRST_RETRY_S = 0.5


class Tritium(Robot):
    """Posts the newest command; commands that come while a post is under way replace each other.

    A thread restores a lost connection with increasing delays; `read` reports that it is lost.
    """

    measures = False

    @dataclass(frozen=True)
    class Config:
        """Options of the connection; without the token, which process lists would show."""

        url: str = option('ws://localhost:1234', 'WebSocket of the robot')
        channel: str = option('ros_animate', 'channel that the script on the robot subscribes to')
        token_file: str = option('', 'file with the access token; without one it is taken from '
                                 f'the environment variable {TOKEN_VARIABLE}')
        timeout_s: float = option(2.0, 'longest wait for a reply of the robot', low=0.1,
                                  high=60.0)
        max_retry_s: float = option(10.0, 'longest pause between attempts to connect',
                                    low=0.5, high=600.0)

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._config = config
        self._last_command = LastCommand(spec)
        self._worker: _Worker | None = None

    def connect(self) -> None:
        self.disconnect()
        worker = _Worker(self._config, _token(self._config), _client())
        worker.start()
        if not worker.connected.wait(self._config.timeout_s) and not worker.connected.is_set():
            worker.close()
            raise RobotError(f'no Tritium at {self._config.url}: '
                             f'{worker.fault or "no answer"}')
        self._worker = worker

    def disconnect(self) -> None:
        if self._worker is not None:
            self._worker.close()
        self._worker = None

    def write(self, command: Command, now_s: float) -> Command:
        if self._worker is None:
            raise RobotError(f'{self._config.url} is not connected')
        controls = dict(zip(command.names, command.position.tolist(), strict=True))
        self._worker.post(json.dumps({'stamp_s': command.stamp_s, 'controls': controls}))
        self._last_command.update(command)
        return command

    def read(self, now_s: float) -> RobotState:
        """The last command, since the robot's own state is not requested."""
        connected = self._worker is not None and self._worker.connected.is_set()
        fault = '' if self._worker is None else self._worker.fault
        return self._last_command.state(now_s, enabled=connected, fault=fault)


class _Worker:
    """A thread that holds the connection and posts the newest message.

    Attributes:
        connected: Set while there is a connection.
        fault: Reason why there is none, '' while there is one.
    """

    def __init__(self, config: Tritium.Config, token: str, client: Any) -> None:
        self.connected = threading.Event()
        self.fault = ''
        self._config, self._token, self._client = config, token, client
        self._loop = asyncio.new_event_loop()
        self._message_event = asyncio.Event()
        self._closing = asyncio.Event()
        self._message: str | None = None
        self._thread = threading.Thread(target=self._run, name='tritium', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def post(self, message: str) -> None:
        """Replaces the pending message."""
        self._loop.call_soon_threadsafe(self._replace, message)

    def close(self) -> None:
        """Posts the pending message and ends the thread."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(2 * self._config.timeout_s)

    def _replace(self, message: str) -> None:
        self._message = message
        self._message_event.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._keep_connected())

    async def _keep_connected(self) -> None:
        backoff = Backoff(FIRST_RETRY_S, self._config.max_retry_s)
        while not self._closing.is_set():
            try:
                robot = await self._reply(
                    self._client.connect(self._config.url, self._token))
                self.fault = ''
                backoff.reset()
                self.connected.set()
                await self._post_newest(robot)
            except (self._client.TritiumError, asyncio.TimeoutError) as error:
                self.fault = self._describe(error)
                self.connected.clear()
                delay_s = backoff.note_failure(self._loop.time())
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), delay_s)

    async def _post_newest(self, robot: Any) -> None:
        while True:
            while self._message is not None:
                message, self._message = self._message, None
                self._message_event.clear()
                await self._reply(robot.post_message(self._config.channel, message))
            if self._closing.is_set():
                return
            waits = [asyncio.ensure_future(e.wait()) for e in (self._message_event, self._closing)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _reply(self, call: Awaitable[T]) -> T:
        """Result of a call; raises asyncio.TimeoutError if it takes too long."""
        return await asyncio.wait_for(call, self._config.timeout_s)

    def _describe(self, error: BaseException) -> str:
        text = str(error) or f'no answer within {self._config.timeout_s:g} s'
        return text.replace(self._token, '(token)')


def _token(config: Tritium.Config) -> str:
    if config.token_file:
        path = pathlib.Path(config.token_file).expanduser()
        try:
            token = path.read_text(encoding='utf-8').strip()
        except OSError as error:
            raise RobotError(f'cannot read the token in {path}: {error.strerror}') from error
    else:
        token = os.environ.get(TOKEN_VARIABLE, '').strip()
    if not token:
        raise RobotError('Tritium requires an access token: make one on the robot (Scripts, API '
                         f'Keys) and put it into {TOKEN_VARIABLE} or into a file named by '
                         'hardware.token_file')
    return token


def _client() -> Any:
    try:
        return importlib.import_module(CLIENT)
    except ImportError as error:
        raise RobotError('the client of Engineered Arts is missing: pip install tritium-remote '
                         '(Python 3.10 and 3.11 on Linux)') from error


PLUGIN = Tritium
