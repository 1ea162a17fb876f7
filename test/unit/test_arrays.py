"""NumPy files from outside: what they claim is checked before memory is allocated."""
import io
import os
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros_animate import limits
from ros_animate.arrays import read_array, read_arrays, read_vector
from ros_animate.documents import DocumentError


def _npy(header: str, data: bytes = b'', version: bytes = b'\1\0') -> bytes:
    text = header.encode('latin1')
    return b'\x93NUMPY' + version + struct.pack('<H', len(text)) + text + data


def _header(descr="'<f8'", shape='(2,)'):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


HOSTILE = {
    'larger than the file': _npy(_header(shape='(100000000000,)')),
    'far larger': _npy(_header(shape=f'({10 ** 30},)')),
    'negative': _npy(_header(shape='(-2,)'), b'x' * 16),
    'objects': _npy(_header("'|O'"), b'x' * 16), 'records': _npy(_header("[('a', '<f8')]")),
    'no dictionary': _npy('[[[' * 200), 'deep': _npy('(' * 5000), 'empty': b'',
    'half a header': _npy(_header())[:20], 'another version': _npy(_header(), version=b'\7\0'),
    'an unknown type': _npy(_header("'<q9'")), 'text as shape': _npy(_header(shape="'a'")),
    'pickle': b'\x80\4.', 'a key is missing': _npy("{'descr': '<f8'}\n"),
    'nothing as type': _npy(_header('None'), b'x' * 16), 'many axes': _npy(_header(
        shape='(' + '1,' * 60 + ')'), b'x' * 8), 'huge text': _npy(_header("'<U1000000000'")),
    'long integer': _npy(_header(shape=f'({"9" * 5000},)')),
}


@pytest.mark.parametrize('name', HOSTILE)
def test_a_hostile_array_is_a_short_error(name, tmp_path):
    path = tmp_path / 'task.npy'
    path.write_bytes(HOSTILE[name])
    for read in (read_array, read_vector, lambda p: read_array(p, mapped=True)):
        with pytest.raises(DocumentError) as error:
            read(path)
        assert len(str(error.value)) < 400


@pytest.mark.parametrize('array', [np.zeros((2, 3)), np.array(['a', 'bc']), np.array(3.0),
                                   np.zeros((0, 4), np.float32), np.array([True])])
def test_arrays_are_read_as_numpy_writes_them(array, tmp_path):
    np.save(tmp_path / 'a.npy', array)
    np.savez_compressed(tmp_path / 'a.npz', a=array, b=array)
    for read in (read_array(tmp_path / 'a.npy'), read_array(tmp_path / 'a.npy', mapped=True)
                 if array.size else array, read_arrays(tmp_path / 'a.npz', ['a'])['a']):
        assert read.dtype == array.dtype and read.shape == array.shape and (read == array).all()


def test_an_archive_that_inflates_is_refused(tmp_path, monkeypatch):
    path = tmp_path / 'motion.npz'
    np.savez_compressed(path, features=np.zeros(10 ** 6))
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(limits, 'ARRAY_BYTES', 10 ** 6)
    with pytest.raises(DocumentError, match=r'at most 1000000'):
        read_arrays(path, ['features'])


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method, tmp_path):
    data = io.BytesIO()
    np.save(data, np.zeros(3))
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w', method) as archive:
        archive.writestr('a.npy', data.getvalue())
    with pytest.raises(DocumentError, match='compressed'):
        read_arrays(tmp_path / 'a.npz', ['a'])


def test_a_vector_is_a_row_of_finite_numbers(tmp_path):
    path = tmp_path / 'task.npy'
    for wrong in (np.zeros((2, 2)), np.array([np.nan]), np.array(['a']), np.array([1j])):
        np.save(path, wrong)
        with pytest.raises(DocumentError, match='finite'):
            read_vector(path)
    np.save(path, np.array([1, 2]))
    assert read_vector(path).tolist() == [1.0, 2.0]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'task.npy')
    with pytest.raises(DocumentError, match='regular'):
        read_array(tmp_path / 'task.npy')


def _saved() -> tuple[bytes, bytes]:
    single, several = io.BytesIO(), io.BytesIO()
    np.save(single, np.arange(6.0))
    np.savez_compressed(several, names=np.array(['a', 'b']), features=np.zeros((2, 3)))
    return single.getvalue(), several.getvalue()


@given(which=st.sampled_from([0, 1]), places=st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=6), end=st.integers(0, 600))
@settings(max_examples=200, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_an_error_or_harmless(which, places, end, tmp_path):
    content = bytearray(_saved()[which][:end])
    for place, value in places:
        if place < len(content):
            content[place] = value
    path = tmp_path / 'any'
    path.write_bytes(bytes(content))
    for read in (read_array, lambda p: read_arrays(p, ('names', 'features'))):
        try:
            read(path)
        except DocumentError as error:
            assert len(str(error)) < 400
