"""Files of tensors and pickles: read as torch wrote them, refused when damaged, never executed."""
from __future__ import annotations

import contextlib
import io
import os
import pathlib
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from ros_animate.checkpoints import pickle_records, pickles, tensor_files
from ros_animate.checkpoints.pickle_records import Placeholder
from ros_animate.checkpoints.pickles import UnreadableFileError

CONTENT = {
    'weights': OrderedDict(a=torch.randn(3, 4).t(), b=torch.arange(5), c=torch.tensor(2.5)),
    'shared': [torch.ones(6)[2:4], torch.empty(0, 3)], 'half': torch.randn(7).bfloat16(),
    'parameter': torch.nn.Parameter(torch.ones(2)), 'epoch': 3, 'name': 'x', 'nothing': None,
    'array': np.arange(6.0).reshape(2, 3), 'number': np.float64(0.5), 'size': torch.Size([1, 2])}


class Foreign:
    def __init__(self) -> None:
        self.lr, self.tensor = 1e-3, torch.ones(4)


class Hostile:
    def __init__(self, marker: pathlib.Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.marker}',)


def same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, (torch.Tensor, np.ndarray, np.generic)):
        return bool((torch.as_tensor(ours) == torch.as_tensor(theirs)).all())
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, (list, tuple)):
        return all(map(same, ours, theirs)) and len(ours) == len(theirs)
    return ours == theirs


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
def test_reads_what_torch_wrote(tmp_path: pathlib.Path, zipped: bool) -> None:
    torch.save(CONTENT, tmp_path / 'x.pth', _use_new_zipfile_serialization=zipped)
    content = tensor_files.read(tmp_path / 'x.pth')
    assert same(content, CONTENT)
    assert content['weights']['a'].stride() == CONTENT['weights']['a'].stride()


def test_reads_safetensors(tmp_path: pathlib.Path) -> None:
    tensors = {'a.weight': torch.randn(2, 3), 'b': torch.arange(4)}
    save_file(tensors, tmp_path / 'x.safetensors')
    assert same(tensor_files.read(tmp_path / 'x.safetensors'), tensors)


def test_changing_a_tensor_leaves_the_file_alone(tmp_path: pathlib.Path) -> None:
    torch.save({'a': torch.ones(3)}, tmp_path / 'x.pth')
    before = (tmp_path / 'x.pth').read_bytes()
    tensor_files.read(tmp_path / 'x.pth')['a'].zero_()
    assert (tmp_path / 'x.pth').read_bytes() == before


@pytest.mark.parametrize('protocol', range(6))
def test_reads_arrays_of_every_pickle_protocol(protocol: int) -> None:
    array = np.asfortranarray(np.random.default_rng(0).normal(size=(3, 4)))
    big_endian = array.astype('>f4')
    file = io.BytesIO(pickle.dumps([array, big_endian, np.int64(7), {1, 2}], protocol))
    read = pickles.convert(pickles.load(file), lambda _: None)
    np.testing.assert_array_equal(read[0], array)
    np.testing.assert_array_equal(read[1], array.astype('f4'))
    assert read[1].dtype.isnative
    assert read[2] == 7
    assert read[3] == {1, 2}


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
def test_foreign_objects_are_inert_and_nothing_is_executed(tmp_path: pathlib.Path,
                                                           zipped: bool) -> None:
    marker = tmp_path / 'owned'
    torch.save({'opt': Foreign(), 'bad': Hostile(marker), 'model': {'a': torch.ones(2)}},
               tmp_path / 'x.pth', _use_new_zipfile_serialization=zipped)
    content = tensor_files.read(tmp_path / 'x.pth')
    assert isinstance(content['opt'], Placeholder)
    assert 'Foreign' in repr(content['opt'])
    assert not vars(content['opt'])
    assert isinstance(content['bad'], Placeholder)
    assert same(content['model'], {'a': torch.ones(2)})
    assert not marker.exists()


@pytest.mark.parametrize('program', [
    b'cos\nsystem\n(S"touch MARKER"\ntR.', b'(S"touch MARKER"\nios\nsystem\n.',
    b'cbuiltins\neval\n(S"open(\'MARKER\', \'w\')"\ntR.',
    b'cbuiltins\ngetattr\n(cos\nS"system"\ntR(S"touch MARKER"\ntR.',
    b'\x80\x02cos\nsystem\n(S"touch MARKER"\nt\x81.',
    b'cros_animate.checkpoints.pickles\nos.system\n(S"touch MARKER"\ntR.',
])
def test_hostile_programs_do_nothing(tmp_path: pathlib.Path, program: bytes) -> None:
    marker = tmp_path / 'owned'
    with contextlib.suppress(*pickles.MALFORMED):
        pickles.load(io.BytesIO(program.replace(b'MARKER', str(marker).encode())))
    assert not marker.exists()


@pytest.mark.parametrize('record', sorted(pickle_records.RECORDS))
def test_no_record_can_be_changed_from_a_pickle(record: str) -> None:
    kind = pickle_records.RECORDS[record]
    before = dict(vars(kind))
    module, _, name = record.rpartition('.')
    # Builds the class itself with a state, which would set its attributes.
    program = f'c{module}\n{name}\n(N}}(S"__init__"\nI1\nutb.'.encode()
    with pytest.raises(pickles.MALFORMED):
        pickles.load(io.BytesIO(program))
    assert dict(vars(kind)) == before


def test_a_container_in_itself_is_refused() -> None:
    endless: list = []
    endless.append(endless)
    with pytest.raises(pickle.UnpicklingError, match='itself'):
        pickles.convert(pickles.load(io.BytesIO(pickle.dumps(endless))), lambda _: None)


def test_shared_containers_are_converted_once() -> None:
    doubled: list = []
    for _ in range(60):  # 2^60 leaves, if each were visited
        doubled = [doubled, doubled]
    pickles.convert(pickles.load(io.BytesIO(pickle.dumps(doubled))), lambda _: None)


def test_memory_is_not_reserved_for_a_small_file() -> None:
    with pytest.raises(pickle.UnpicklingError, match='memory'):
        pickles.load(io.BytesIO(b'\x80\x02Nr' + struct.pack('<I', 2 ** 31) + b'.'))


def test_a_tensor_beyond_its_memory_is_refused() -> None:
    storage = pickle_records.RECORDS['torch.FloatStorage']('0', 4)
    for shape, stride in (((5,), (1,)), ((2, 2), (3, 2)), ((2,), (-1,)), ((2,), (1, 1))):
        with pytest.raises(pickle.UnpicklingError):
            pickle_records.TensorRecord(storage, 0, shape, stride)


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 0.999))
def test_truncated_files_are_named(tmp_path_factory: pytest.TempPathFactory, zipped: bool,
                                   share: float) -> None:
    path = tmp_path_factory.mktemp('cut') / 'cut.pth'
    buffer = io.BytesIO()
    torch.save({'a': torch.randn(50), 'b': torch.ones(3)}, buffer,
               _use_new_zipfile_serialization=zipped)
    path.write_bytes(buffer.getvalue()[:int(share * len(buffer.getvalue()))])
    with pytest.raises(UnreadableFileError, match=r'cut\.pth'):
        tensor_files.read(path)


@settings(max_examples=150, deadline=None)
@given(position=st.floats(0, 1), byte=st.integers(0, 255), zipped=st.booleans())
def test_a_changed_byte_gives_a_result_or_a_clear_error(
        tmp_path_factory: pytest.TempPathFactory, position: float, byte: int,
        zipped: bool) -> None:
    path = tmp_path_factory.mktemp('bent') / 'bent.pth'
    buffer = io.BytesIO()
    torch.save({'a': torch.randn(5), 'n': [np.arange(3), 1]}, buffer,
               _use_new_zipfile_serialization=zipped)
    content = bytearray(buffer.getvalue())
    content[int(position * (len(content) - 1))] = byte
    path.write_bytes(content)
    try:
        tensor_files.read(path)
    except UnreadableFileError as error:
        assert 'bent.pth' in str(error)


@settings(max_examples=100, deadline=None)
@given(noise=st.binary(max_size=200))
def test_noise_is_refused(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp('noise') / 'noise.pth'
    path.write_bytes(noise)
    with pytest.raises(UnreadableFileError, match=r'noise\.pth'):
        tensor_files.read(path)


def test_foreign_archives_are_refused(tmp_path: pathlib.Path) -> None:
    with zipfile.ZipFile(tmp_path / 'a.pth', 'w') as archive:
        archive.writestr('readme', 'no weights here')
    with zipfile.ZipFile(tmp_path / 'b.pth', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('x/data.pkl', pickle.dumps({}) + bytes(10 ** 6))
    for name in ('a.pth', 'b.pth'):
        with pytest.raises(UnreadableFileError, match=name):
            tensor_files.read(tmp_path / name)


def test_absent_files_and_folders_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UnreadableFileError, match='not there'):
        tensor_files.read(tmp_path / 'nowhere.pth')
    with pytest.raises(UnreadableFileError, match='not a file'):
        tensor_files.read(tmp_path)
