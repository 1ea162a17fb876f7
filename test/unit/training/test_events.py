"""Event files as TensorBoard reads them."""
import struct

from ros_animate.training.core.events import EventFile, _checksum, _varint


def records(content):
    at = 0
    while at < len(content):
        head = content[at:at + 8]
        length, = struct.unpack('<Q', head)
        event = content[at + 12:at + 12 + length]
        assert content[at + 8:at + 12] == _checksum(head)
        assert content[at + 12 + length:at + 16 + length] == _checksum(event)
        yield event
        at += 16 + length


def test_a_known_checksum():
    crc, = struct.unpack('<I', _checksum(b'123456789'))
    rotated = (crc - 0xA282EAD8) & 0xFFFFFFFF
    assert (rotated << 15 | rotated >> 17) & 0xFFFFFFFF == 0xE3069283  # CRC-32C's check value


def test_scalars_are_there(tmp_path):
    file = EventFile(tmp_path)
    file.add(300, {'loss': 0.5})
    file.close()
    path, = tmp_path.glob('events.out.tfevents.*')
    version, scalar = records(path.read_bytes())
    assert b'brain.Event:2' in version
    assert b'\x10' + _varint(300) in scalar
    assert b'\x0a\x04loss\x15' + struct.pack('<f', 0.5) in scalar
