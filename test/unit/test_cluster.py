"""Work on a Ray cluster: lost workers and nodes change no result; what is missing is named."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest
from helpers.collection_helpers import ROOT, content
from helpers.raw_videos import SETTINGS, image, make_raw_videos, write
from helpers.ray_cluster import HEAD, SECOND, TwoNodes
from helpers.waiting import PATIENCE_S, wait_until

from ros_animate.cli import main
from ros_animate.cluster import Cluster, SharedPaths
from ros_animate.errors import UserError
from ros_animate.workers import ordered_map

pytest.importorskip('ray', reason='the package ray is not installed')
LOG = 'sources.jsonl'


@pytest.fixture(scope='module')
def nodes():
    with TwoNodes() as cluster:
        yield cluster


@pytest.fixture(scope='module')
def commands(tmp_path_factory):
    """Verb: (arguments, number of lines of its log in the end, name of the log)."""
    folder = tmp_path_factory.mktemp('inputs')
    make_raw_videos(folder / 'raw')
    for name in range(6):
        (folder / 'clips').mkdir(exist_ok=True)
        write(folder / 'clips' / f'{name}.mp4', [image(name, k) for k in range(12)])
    return {
        'prepare': (['prepare', folder / 'raw', *(f'--set={text}' for text in SETTINGS)], LOG),
        'collect': (['collect', '--count', '240', '--size', '64'], 'metadata.jsonl'),
        'retarget': (['retarget', '--offline', '--sources', folder / 'clips', '--files', 'csv'],
                     LOG)}


def results(folder: pathlib.Path) -> dict[str, bytes]:
    """The files of a finished command; the order of its lines counts, the times do not."""
    return {name: data for name, data in content(folder).items() if not name.startswith('.')}


@pytest.mark.slow
@pytest.mark.parametrize('verb', ['prepare', 'collect', 'retarget'])
def test_lost_workers_and_nodes_change_nothing(nodes, commands, tmp_path, verb):
    arguments, log_name = commands[verb]
    command = [*map(str, arguments), '--quiet', '--output']
    assert main([*command, str(tmp_path / 'local'), '--workers', '1']) == 0
    nodes.add_second()
    log = tmp_path / 'cluster' / log_name
    with subprocess.Popen([sys.executable, '-m', 'ros_animate', *command, tmp_path / 'cluster',
                           '--cluster', nodes.address], cwd=ROOT, text=True,
                          stderr=subprocess.PIPE) as process:
        for strike in (nodes.kill_worker, nodes.kill_second):
            begun = lines(log)
            wait_until(lambda before=begun: lines(log) > before, process)
            assert process.poll() is None, 'the command was too fast to be disturbed'
            strike()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert 0 < begun < lines(log)
    assert results(tmp_path / 'cluster') == results(tmp_path / 'local')


@pytest.mark.slow
def test_a_stopped_command_cancels_its_work_and_goes_on(nodes, commands, tmp_path):
    """Ctrl-C, and the same command again."""
    arguments, log_name = commands['collect']
    command = [*map(str, arguments), '--quiet', '--output']
    assert main([*command, str(tmp_path / 'local'), '--workers', '1']) == 0
    log = tmp_path / 'cluster' / log_name
    more = [*command, str(tmp_path / 'cluster'), '--cluster', nodes.address]
    with subprocess.Popen([sys.executable, '-m', 'ros_animate', *more], cwd=ROOT, text=True,
                          stderr=subprocess.PIPE) as process:
        wait_until(lambda: lines(log) > 0, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130 and 'Traceback' not in err, err
    assert 0 < lines(log) < lines(tmp_path / 'local' / log_name)
    nodes.wait_until_idle()
    assert main(more) == 0
    assert results(tmp_path / 'cluster') == results(tmp_path / 'local')


@pytest.mark.slow
def test_a_node_that_joins_late_gets_work(nodes):
    def place(item, _):
        import time

        import ray
        time.sleep(0.02)
        return ray.util.get_node_ip_address()

    nodes.without_second()
    found = ordered_map(place, iter(int, 1), Cluster(nodes.address), '')
    with contextlib.closing(found):
        assert next(found) == HEAD
        nodes.add_second()
        end_s = time.monotonic() + PATIENCE_S
        while next(found) != SECOND:
            assert time.monotonic() < end_s, 'the second node has nothing to do'


@pytest.mark.slow
def test_closing_cancels_what_is_at_work(nodes):
    def wait(item, _):
        import time
        time.sleep(600 * item)

    found = ordered_map(wait, range(3), Cluster(nodes.address), '')
    next(found)
    found.close()
    nodes.wait_until_idle()


@pytest.mark.slow
def test_evaluations_do_not_depend_on_the_cluster(nodes, tmp_path, capsys):
    from ros_animate.cluster import connected
    pairs = str(tmp_path / 'pairs')
    assert main(['collect', '--count', '6', '--size', '64', '--quiet', '--workers', '1',
                 '--output', pairs]) == 0
    capsys.readouterr()
    with connected(Cluster(nodes.address)):  # one for both, so that workers are started once
        for arguments in (
                ['policy', '--policy', 'bc_z', '--data', pairs],
                ['animation', '--animator', 'mesh_warp', '--data', 'synthetic', '--size', '64',
                 '--clips', '2', '--frames', '3']):
            found = []
            for more in ([], ['--cluster', nodes.address]):
                assert main(['evaluate', *arguments, '--json', *more]) == 0
                found.append(without_times(json.loads(capsys.readouterr().out)))
            assert found[0] == found[1]


def without_times(report):
    """A report without what depends on the machine's speed."""
    if not isinstance(report, dict):
        return report
    return {key: without_times(value) for key, value in report.items()
            if key not in ('fps', 'ms_per_image', 'machine')}


def lines(path: pathlib.Path) -> int:
    return path.read_bytes().count(b'\n') if path.exists() else 0


@pytest.mark.slow
def test_faults_of_the_work_are_told_apart(nodes, tmp_path):
    """One connection for several calls."""
    from ros_animate.cluster import connected

    # Local ones are pickled by value: the nodes do not have this module.
    def square(item, _):
        return item ** 2

    def refuse_three(item, _):
        if item == 3:
            raise UserError('three')

    def die(item, _):
        os._exit(9)

    cluster = Cluster(nodes.address)
    with connected(cluster):
        assert list(ordered_map(square, range(9), cluster, '')) == [n ** 2 for n in range(9)]
        with pytest.raises(UserError, match='^three$'):
            list(ordered_map(refuse_three, range(9), cluster, ''))
        with pytest.raises(UserError, match=r'was killed .*5 times .*take fewer'):
            list(ordered_map(die, [1], cluster, 'take fewer'))
        with open(tmp_path / 'own', 'w') as own, _descriptor(own.fileno()) as number:
            path = pathlib.Path(f'/proc/self/fd/{number}')  # what other processes do not have
            with pytest.raises(UserError, match=rf'^node 127.* cannot read {path}: No such file'):
                list(ordered_map(square, [1], cluster, '', SharedPaths((path,))))
        stopped = ordered_map(square, iter(int, 1), cluster, '')
        assert next(stopped) == 0
        stopped.close()


@contextlib.contextmanager
def _descriptor(number):
    copy = os.dup2(number, 250)
    try:
        yield copy
    finally:
        os.close(copy)


@pytest.mark.parametrize('address', ['127.0.0.1', 'nowhere', 'localhost:port', None])
def test_a_cluster_that_does_not_answer_is_named_at_once(tmp_path, capsys, address):
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        address = address or f'127.0.0.1:{closed.getsockname()[1]}'
    assert main(['collect', '--count', '2', '--output', str(tmp_path / 'x'), '--quiet',
                 '--cluster', address]) == 2
    line, = capsys.readouterr().err.splitlines()
    assert f'--cluster {address}: no Ray cluster answers' in line and 'ray start --head' in line
