"""The dashboard's process: ROS client, web server, page."""
from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import pathlib
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse, Response
from nicegui import ui

from ros_animate.dashboard.access import Guard, is_loopback, new_token
from ros_animate.dashboard.feed import Feed
from ros_animate.dashboard.page import build_page
from ros_animate.dashboard.parameters import ParameterStore
from ros_animate.dashboard.parts import Parts
from ros_animate.dashboard.previews import PreviewProcess
from ros_animate.dashboard.recording import Recording
from ros_animate.dashboard.runs import RunLibrary
from ros_animate.dashboard.state import PipelineState
from ros_animate.dashboard.steering import Steering
from ros_animate.errors import ExitStatus, UserError
from ros_animate.nodes.remote.pipeline import RemotePipeline
from ros_animate.nodes.remote.previews import Preview
from ros_animate.processes import become_child

PORTS = range(8080, 8100)  # tried in turn where none is given
STATIC = pathlib.Path(__file__).parent / 'static'
FOLDER = pathlib.Path('output')
# A busy machine or a weak network may be silent for a while; then the page would start anew.
RECONNECT_S = 30.0
GRACE_S = 1  # for browsers that are connected when the server ends


@dataclass(frozen=True)
class ServerOptions:
    """Options of the dashboard.

    Attributes:
        namespace: Namespace of the pipeline.
        host: Address to listen at.
        port: Port, 0 for the first free one of PORTS.
        folder: Folder of runs and bags.
        restarts: True if the program that has started this one starts the run anew on request.
    """

    namespace: str = ''
    host: str = '127.0.0.1'
    port: int = 0
    folder: pathlib.Path = FOLDER
    restarts: bool = False


def serve(options: ServerOptions) -> int:
    """Serves the dashboard until a signal; returns the exit status.

    Raises:
        UserError: The port is taken, or the environment is wrong.
    """
    listener = listen(options.host, options.port)
    port = listener.getsockname()[1]
    token = '' if is_loopback(options.host) else new_token()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    with contextlib.closing(listener), Dashboard(options) as dashboard:
        dashboard.add_to(app)
        config = uvicorn.Config(
            Guard(app, token, port), log_level='warning', ws_max_size=2 ** 20,
            ws_per_message_deflate=False,  # nearly all of it are JPEG files
            timeout_graceful_shutdown=GRACE_S, server_header=False, access_log=False)
        print(f'dashboard: {address(options.host, port, token)}', flush=True)
        asyncio.run(dashboard.run(uvicorn.Server(config), listener))
    return ExitStatus.OK


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; raises UserError if the address is not possible or taken."""
    reason = ''
    for number in [port] if port else PORTS:
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
        except (OSError, OverflowError) as error:
            listener.close()
            reason = getattr(error, 'strerror', None) or str(error)
            continue
        listener.listen(100)
        return listener
    where = port or f'{PORTS[0]} to {PORTS[-1]}'
    raise UserError(f'the dashboard cannot listen at {host}, port {where}: {reason}; choose '
                    'another one with --port, or another address with --host')


def address(host: str, port: int, token: str) -> str:
    """The address to open in a browser."""
    name = socket.gethostname() if host in ('0.0.0.0', '::') else host
    name = f'[{name}]' if ':' in name else name
    return f'http://{name}:{port}/' + (f'?token={token}' if token else '')


class Dashboard:
    """The parts of the dashboard; a context manager.

    Args:
        options: Options of the dashboard.
    """

    def __init__(self, options: ServerOptions) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pipeline = RemotePipeline(options.namespace)
        steering = Steering(self._pipeline)
        state = PipelineState(self._pipeline)
        self._feed = Feed(self._pipeline, steering, state)
        self._previews = PreviewProcess(self._pipeline.namespace, state,
                                        lambda: self._feed.is_watched, self._offer_preview)
        self._parameters = ParameterStore(self._pipeline, steering)
        self._recording = Recording(options.folder / 'bags', self._pipeline.namespace)
        self._library = RunLibrary(options.folder)
        self._parts = Parts(self._pipeline, steering, state, self._parameters, self._recording,
                            print_restart if options.restarts else None)

    def __enter__(self) -> Dashboard:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop = None
        self._previews.close()
        self._recording.end()
        self._pipeline.__exit__()

    def add_to(self, app: FastAPI) -> None:
        """Adds page, emergency stop, web socket and static files to a server."""
        @app.post('/api/estop')
        async def estop() -> dict[str, Any]:
            return vars(await self._parts.steering.estop())

        @app.websocket('/live')
        async def live(websocket: WebSocket) -> None:
            await self._feed.serve(websocket)
        add_runs(app, self._library)
        build_page(self._parts, STATIC)
        ui.run_with(app, title='ros_animate', show_welcome_message=False, tailwind=False, dark=None,
                    favicon=STATIC / 'icon.svg', reconnect_timeout=RECONNECT_S)

    async def run(self, server: uvicorn.Server, listener: socket.socket) -> None:
        """Runs server and feed until a signal."""
        self._loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(part.run()) for part in (self._feed, self._parameters)]
        for task in tasks:
            task.add_done_callback(functools.partial(_end_server, server))
        await server.serve(sockets=[listener])
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def _offer_preview(self, view: str, preview: Preview) -> None:
        """Called in a thread of the previews."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._feed.offer_preview, view, preview)


def add_runs(app: FastAPI, library: RunLibrary) -> None:
    """Adds what the page of finished runs asks for. These read files, so they run in threads."""
    @app.get('/api/runs')
    def runs() -> list[dict[str, Any]]:
        return library.names()

    @app.get('/api/run')
    def run(name: str) -> Any:
        found = library.details(name)
        return Response(status_code=404) if found is None else found

    @app.get('/api/bag_image')
    def bag_image(name: str, view: str, number: int) -> Response:
        image = library.bag_image(name, view, number)
        return Response(image, 404 if image is None else 200, media_type='image/jpeg', headers={
            'cache-control': 'private, max-age=600'})

    @app.get('/api/video')
    def video(name: str, file: str) -> Response:
        path = library.video(name, file)
        return Response(status_code=404) if path is None else FileResponse(path)


def print_restart(request: dict[str, str]) -> None:
    """Asks the program that has started this one to start the run anew."""
    print(json.dumps(request), flush=True)


def _end_server(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    server.should_exit = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the process that other programs start."""
    become_child()
    parser = argparse.ArgumentParser()
    parser.add_argument('--namespace', default='')
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--folder', type=pathlib.Path, default=FOLDER)
    parser.add_argument('--restarts', action='store_true')
    args = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return serve(ServerOptions(**vars(args)))
    except UserError as error:
        print(f'ros_animate: error: {error}', file=sys.stderr, flush=True)
        return ExitStatus.USER_ERROR
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED


if __name__ == '__main__':
    raise SystemExit(main())
