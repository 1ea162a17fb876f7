"""Scalars for TensorBoard: its event files, which are short enough to be written by hand.

A file is a row of records (length, its checksum, event, its checksum); an event is a protocol
buffer: 1 time (double), 2 step (varint), 3 version (text), 5 summary, whose value has 1 tag (text)
and 2 number (float).
"""
from __future__ import annotations

import functools
import os
import pathlib
import struct
import time
from collections.abc import Mapping

_VARINT, _DOUBLE, _TEXT, _FLOAT = 0, 1, 2, 5


class EventFile:
    """Appends scalars to a new event file in `folder`."""

    def __init__(self, folder: pathlib.Path) -> None:
        name = f'events.out.tfevents.{time.time_ns()}.{os.getpid()}'
        self._file = (folder / name).open('wb')
        self._write(_field(3, _TEXT, _text(b'brain.Event:2')))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Notes the scalars, by tag, at a step."""
        values = b''.join(
            _field(1, _TEXT, _text(_field(1, _TEXT, _text(tag.encode()))
                                   + _field(2, _FLOAT, struct.pack('<f', value))))
            for tag, value in scalars.items())
        self._write(_field(2, _VARINT, _varint(step)) + _field(5, _TEXT, _text(values)))

    def close(self) -> None:
        self._file.close()

    def _write(self, event: bytes) -> None:
        event = _field(1, _DOUBLE, struct.pack('<d', time.time())) + event
        length = struct.pack('<Q', len(event))
        self._file.write(length + _checksum(length) + event + _checksum(event))
        self._file.flush()


def _field(number: int, kind: int, content: bytes) -> bytes:
    return _varint(number << 3 | kind) + content


def _text(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _checksum(content: bytes) -> bytes:
    """CRC-32C, rotated and shifted as the format wants it."""
    table, crc = _table(), 0xFFFF_FFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFF_FFFF
    return struct.pack('<I', ((crc >> 15 | crc << 17) + 0xA282_EAD8) & 0xFFFF_FFFF)


@functools.cache
def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F6_3B78 if byte & 1 else 0)
        rows.append(byte)
    return tuple(rows)
