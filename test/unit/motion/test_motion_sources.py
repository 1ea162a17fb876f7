"""Sources of motion without a camera: contracts, the choice of a sender, loss, reconnection."""
from __future__ import annotations

import contextlib
import inspect
import math
import socket

import numpy as np
import pytest
from helpers.arkit_faces import ifacialmocap_text, moving_face, take_text

from ros_animate.errors import UserError
from ros_animate.face.euler_angles import euler_angles_deg
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.face.streams import ifacialmocap, live_link_face, vmc
from ros_animate.face.streams.values import FaceValues
from ros_animate.motion.base import MotionSource
from ros_animate.motion.drawn_face import SIZE, draw, face_motion
from ros_animate.motion.senders import SenderChoice
from ros_animate.plugins import available, find, load

FACE = moving_face(2.0)
LOCAL = {'host': '127.0.0.1'}
SOURCES = [name for name in available('motion')
           if issubclass(find('motion', name), MotionSource)]
PACKETS = {
    'live_link_face': lambda i: live_link_face.encode(moving_face(i / 60), 100 + i),
    'ifacialmocap': lambda i: ifacialmocap_text(moving_face(i / 60)),
    'vmc': lambda i: vmc.encode(moving_face(i / 60).expression, moving_face(i / 60).head_deg)}


@pytest.fixture
def sender():
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
        udp.bind(('127.0.0.1', 0))
        yield udp


@pytest.fixture
def free_port():
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
        udp.bind(('127.0.0.1', 0))
        return udp.getsockname()[1]


@pytest.fixture
def make_source(free_port, tmp_path):
    def make(name: str, **options) -> MotionSource:
        if name == 'take':
            path = tmp_path / 'take.csv'
            path.write_text(take_text([moving_face(i / 60) for i in range(30)]))
            return load('motion', name, {'path': str(path), **options})
        return load('motion', name, {**LOCAL, 'port': free_port, **options})
    return make


def test_all_sources_are_found():
    assert SOURCES == ['ifacialmocap', 'live_link_face', 'take', 'vmc']


@pytest.mark.parametrize('name', SOURCES)
def test_a_source_gives_motion_with_a_face_mesh_and_closes_twice(name, make_source, sender):
    source = make_source(name)
    with source:
        for i in range(3):
            if name in PACKETS:
                sender.sendto(PACKETS[name](i), ('127.0.0.1', source.port))
        motion = source.read(5.0).motion
        assert motion.model == 'arkit' and motion.landmarks.shape == (478, 3)
        assert motion.image_size == SIZE and set(motion.expression) >= {'jawOpen', 'eyeBlinkLeft'}
        assert np.allclose(motion.rotation @ motion.rotation.T, np.eye(3))
        assert source.live is (name in PACKETS) and (not source.live or source.waits_for)
    source.close()


@pytest.mark.parametrize('name', SOURCES)
def test_options_are_described(name):
    config = find('motion', name).Config
    assert all(field.metadata['help'] for field in config.__dataclass_fields__.values())
    assert inspect.getdoc(find('motion', name))


@pytest.mark.parametrize('name', PACKETS)
def test_the_newest_packet_wins(name, make_source, sender):
    with make_source(name) as source:
        for i in range(40):
            sender.sendto(PACKETS[name](i), ('127.0.0.1', source.port))
        # Everything that has come is read at once, so only the last counts.
        newest = source.read(5.0).motion
        while (later := source.read(0.0)) is not None:
            newest = later.motion
        expected = moving_face(39 / 60).expression['browInnerUp']
        assert newest.expression['browInnerUp'] == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize('name', PACKETS)
def test_damage_is_counted_and_survived(name, make_source, sender):
    with make_source(name) as source:
        for data in (b'', b'\0', b'\x06' * 50, bytes(range(256))):
            sender.sendto(data, ('127.0.0.1', source.port))
        assert source.read(0.2) is None
        assert source.counts['malformed'] == 4
        sender.sendto(PACKETS[name](1), ('127.0.0.1', source.port))
        assert source.read(5.0).motion is not None


def test_a_phone_without_a_face_is_a_reading_without_motion(make_source, sender):
    with make_source('live_link_face') as source:
        sender.sendto(live_link_face.encode(FaceValues(has_face=False), 1),
                      ('127.0.0.1', source.port))
        assert source.read(5.0).motion is None


def test_a_port_that_is_taken_is_named(make_source, sender):
    with pytest.raises(UserError, match=f':{sender.getsockname()[1]}'):
        make_source('live_link_face', port=sender.getsockname()[1]).open()


def test_the_phone_is_asked_to_send_until_it_does(make_source, sender, monkeypatch):
    app = ifacialmocap.App(sender.getsockname()[1], 0, b'start')
    monkeypatch.setitem(ifacialmocap.APPS, 'ifacialmocap', app)
    with make_source('ifacialmocap', phone='127.0.0.1') as source:
        assert source.read(0.05) is None
        sender.settimeout(5.0)
        data, address = sender.recvfrom(100)
        assert data == b'start'
        sender.sendto(PACKETS['ifacialmocap'](1), address)
        assert source.read(5.0).motion is not None


def test_packets_from_elsewhere_than_the_phone_are_dropped(make_source, sender):
    with make_source('ifacialmocap', phone='127.0.0.9') as source:
        sender.sendto(PACKETS['ifacialmocap'](1), ('127.0.0.1', source.port))
        assert source.read(0.2) is None and source.counts['other_sender'] == 1


@pytest.mark.parametrize('phone', ['', '127.0.0.1'])
def test_frames_come_over_tcp_whoever_connects(make_source, phone):
    frame = PACKETS['ifacialmocap'](1) + ifacialmocap.SEPARATOR
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(('127.0.0.1', 0)))
        port = server.getsockname()[1] if phone else 0
        source = stack.enter_context(make_source('ifacialmocap', transport='tcp', phone=phone,
                                                 port=port)) if phone else None
        if phone:
            assert source.read(0.0) is None
            server.settimeout(5.0)
            peer, _ = server.accept()
        else:
            source = load('motion', 'ifacialmocap', {**LOCAL, 'transport': 'tcp', 'port': free()})
            stack.enter_context(source)
            peer = socket.create_connection(('127.0.0.1', source.port))
        stack.enter_context(peer)
        peer.sendall(frame[:100])
        assert source.read(0.05) is None
        peer.sendall(frame[100:])
        assert source.read(5.0).motion is not None


def free() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def test_a_take_is_read_to_its_end_and_loops(make_source):
    with make_source('take') as take:
        stamps = []
        while (reading := take.read(0.0)) is not None:
            stamps.append(reading.stamp_s)
        assert take.ended and len(stamps) == take.frame_count == 30
    with make_source('take', loop=True) as take:
        stamps = [take.read(0.0).stamp_s for _ in range(70)]
        assert np.all(np.diff(stamps) > 0) and take.frame_count is None


def choose(choice, sender, now_s, time_s=math.nan):
    return choice.reason_to_drop(sender, sender, time_s, now_s)


def test_a_second_sender_waits_until_the_first_is_silent():
    choice = SenderChoice('', wait_s=1.0)
    assert choose(choice, 'a', 0.0) == '' and choose(choice, 'b', 0.1) == 'other_sender'
    assert choose(choice, 'a', 0.9) == '' and choose(choice, 'b', 1.8) == 'other_sender'
    assert choose(choice, 'b', 2.0) == '' and choose(choice, 'a', 2.1) == 'other_sender'


def test_a_named_subject_is_followed_whoever_came_first():
    choice = SenderChoice('b', wait_s=1.0)
    assert choose(choice, 'a', 0.0) == 'other_subject' and choose(choice, 'b', 0.1) == ''


def test_packets_that_overtook_each_other_are_dropped_and_a_restart_is_not():
    choice = SenderChoice('', wait_s=1.0)
    assert [choose(choice, 'a', 10 + i / 60, t) for i, t in enumerate(
        (5.0, 5.05, 5.02, 5.05, 5.08, 0.0, 0.02))] == ['', '', 'late', 'late', '', '', '']


@pytest.mark.parametrize('angles', [(20.0, 0, 0), (0, 12.0, 0), (0, 0, 15.0), (-14.0, 9.0, -6.0)])
def test_the_drawn_person_turns_as_the_phone_says(angles, make_source, sender):
    with make_source('live_link_face') as source:
        face = FaceValues(FACE.expression, angles)
        sender.sendto(live_link_face.encode(face, 1), ('127.0.0.1', source.port))
        motion = source.read(5.0).motion
    assert euler_angles_deg(motion.rotation) == pytest.approx(angles, abs=1e-3)
    assert np.sign(np.round(head_angles_deg(motion.rotation))) == pytest.approx(np.sign(angles))
    # The person's left is on the right of the image.
    nose = motion.landmarks[1] - motion.landmarks[[234, 454]].mean(axis=0)
    assert angles[0] == 0 or np.sign(nose[0]) == np.sign(angles[0])


def test_the_drawn_person_shows_the_expression():
    def smile(value):
        return FaceValues({'mouthSmileLeft': value, 'mouthSmileRight': value})
    images = [draw(face_motion(smile(v), 'arkit', 0.0)) for v in (0.0, 0.9)]
    assert np.abs(images[0].astype(int) - images[1]).max() > 60
    assert images[0].shape == (SIZE[1], SIZE[0], 3) and draw(None).shape == images[0].shape
