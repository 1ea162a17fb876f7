"""Small checkpoints that would be huge in memory: refused before they are."""
from __future__ import annotations

import pickle
import shutil
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from ros_animate import limits
from ros_animate.checkpoints import checkpoint, pickles, tensor_files
from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.configuration import ConfigurationError, build
from ros_animate.errors import UserError
from ros_animate.networks import FAMILIES, find_family
from ros_animate.offline import motion_template
from ros_animate.training.core import checkpoints as training_checkpoints


def _with_entry(path, name, data):
    """A checkpoint of torch with a compressed entry."""
    torch.save({'a': torch.ones(2)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    root = next(iter(entries)).split('/')[0]
    entries[f'{root}/{name}'] = data
    with zipfile.ZipFile(path, 'w') as archive:
        for entry, content in entries.items():
            kind = zipfile.ZIP_DEFLATED if entry == f'{root}/{name}' else zipfile.ZIP_STORED
            archive.writestr(entry, content, kind)
    return path


@pytest.mark.parametrize('name', ['byteorder', 'version', 'data.pkl', 'extra'])
def test_compressed_entries_are_refused_unread(tmp_path, name):
    path = _with_entry(tmp_path / 'bomb.pth', name, bytes(10 ** 8))
    assert path.stat().st_size < 10 ** 6
    with pytest.raises(UnreadableFileError, match='compressed entries'):
        tensor_files.read(path)
    shutil.copy(path, tmp_path / training_checkpoints.NAME)
    with pytest.raises(UserError, match='compressed entries'):
        training_checkpoints.load(tmp_path)


def _pickle(*parts: bytes) -> bytes:
    return b'\x80\x02' + b''.join(parts) + b'.'


BOMBS = {
    'empty containers': _pickle(b'(', b'}' * 10 ** 6, b'l'),
    'class names': _pickle(b'(', b''.join(b'ca\nB%d\n' % k for k in range(5000)), b'l'),
    'a long class name': _pickle(b'c' + b'a' * 10 ** 5 + b'\nb\n'),
    'a high index': _pickle(b'Nr' + struct.pack('<I', 2 ** 31)),
    'a long text': _pickle(b'X' + struct.pack('<I', 2 ** 31 - 1) + b'a'),
    'nested': _pickle(b'(' * 50_000, b'l' * 50_000),
    'digits': _pickle(b'L' + b'9' * 50_000 + b'L\n'),
}


@pytest.mark.parametrize('name', BOMBS)
def test_pickles_that_grow_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(limits, 'PICKLE_OPCODES', 200_000)
    path = tmp_path / 'bomb.pkl'
    path.write_bytes(BOMBS[name])
    with pytest.raises(UserError) as error:
        motion_template.read(path)
    assert len(str(error.value)) < 400 + len(str(path))


def test_the_same_class_and_the_same_bytes_are_made_once(tmp_path):
    path = tmp_path / 'many.pkl'
    body = b'(' + b'ca\nB\n' * 1000 + b'l'
    path.write_bytes(_pickle(body))
    with path.open('rb') as file:
        assert len(set(map(id, pickles.load(file)))) == 1
    text, encoding = b'X' + struct.pack('<I', 1000) + b'\0' * 1000, b'X\x06\0\0\0latin1'
    path.write_bytes(_pickle(b'(', text, b'q\x01', encoding, b'q\x02', (
        b'c_codecs\nencode\nh\x01h\x02\x86R') * 50, b'l'))
    with path.open('rb') as file:
        records = pickles.load(file)[2:]
    assert len(records) == 50 and len(set(map(id, records))) == 1


def test_arrays_of_the_same_bytes_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, 'ARRAY_BYTES', 10 ** 6)
    shared = np.zeros(10 ** 4)
    with (tmp_path / 'a.pkl').open('wb') as file:
        pickle.dump([shared.copy() for _ in range(20)], file, protocol=4)
    with (tmp_path / 'a.pkl').open('rb') as file, pytest.raises(pickle.UnpicklingError,
                                                                match='more than 1000000 bytes'):
        pickles.convert(pickles.load(file), lambda record: record)


def test_an_expanded_tensor_is_refused(tmp_path):
    torch.save({'a': torch.ones(1).expand(2 ** 30)}, tmp_path / 'a.pth')
    with pytest.raises(UnreadableFileError, match='larger than its memory'):
        tensor_files.read(tmp_path / 'a.pth')


def test_a_long_header_of_safetensors_is_refused(tmp_path):
    path = tmp_path / 'a.safetensors'
    save_file({'a': torch.ones(2)}, path)
    data = path.read_bytes()
    path.write_bytes(struct.pack('<Q', limits.TENSORS_HEADER_BYTES + 1) + data[8:])
    with pytest.raises(UnreadableFileError, match='header of'):
        tensor_files.read(path)


@pytest.mark.parametrize('options', [
    {'bottleneck_blocks': 100_000_000}, {'max_features': 10 ** 9}, {'image_size': 10 ** 9},
    {'generator_levels': 1000}, {'max_features': 16384, 'generator_features': 16384,
                                 'hourglass_features': 16384, 'bottleneck_blocks': 20}])
def test_absurd_options_beside_weights_are_named(tmp_path, options):
    config = find_family('fomm').Config()
    save_file({'kp_detector.a': torch.ones(2)}, tmp_path / 'weights.safetensors')
    (tmp_path / 'config.yaml').write_text(yaml.safe_dump(
        {'family': 'fomm', 'config': {'image_size': config.image_size, **options}}))
    with pytest.raises(ConfigurationError, match=r'is outside|GB are built'):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize('family', FAMILIES)
def test_every_size_of_a_network_is_bounded(family):
    package = find_family(family)
    for name, value in vars(package.Config()).items():
        if isinstance(value, int) and not isinstance(value, bool):
            with pytest.raises(ConfigurationError, match=f'{name}.*is outside'):
                build(package.Config, {name: 10 ** 9}, family)
        if isinstance(value, tuple):
            with pytest.raises(ConfigurationError, match=f'{name}.*(items|expected)'):
                build(package.Config, {name: [*value, 1] * 2000}, family)


@pytest.mark.parametrize('kind', ['zip', 'pickle'])
def test_a_bomb_ends_in_little_memory(tmp_path, kind):
    path = tmp_path / 'bomb.pth'
    if kind == 'zip':
        _with_entry(path, 'byteorder', bytes(2 * 10 ** 8))
    else:
        path.write_bytes(BOMBS['empty containers'])
    done = subprocess.run(
        ['bash', '-c', f'ulimit -v 6000000; exec {sys.executable} -m ros_animate weights verify '
                       f'{path}'], capture_output=True, text=True, timeout=120)
    out = done.stdout + done.stderr
    assert done.returncode not in (0, 137) and len(out) < 2000 and 'Traceback' not in out, out
