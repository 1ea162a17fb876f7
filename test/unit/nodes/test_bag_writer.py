"""A bag on a full disk is completed with what fits."""
import itertools

import pytest

pytest.importorskip('rosbags', reason='rosbags is not installed')

from helpers.full_disk import file_size_limit

from ros_animate.files import WriteError
from ros_animate.nodes.bags import BagReader, BagWriter

TYPE = 'std_msgs/msg/ByteMultiArray'


def write_until_full(path, limit, size):
    """Number of messages that were accepted."""
    with file_size_limit(limit), BagWriter(path) as bag:
        with pytest.raises(WriteError, match='bag: File too large'):
            for index in itertools.count():
                bag.write('/data', TYPE, bytes([index % 256]) * size, 10 ** 9 + index)
        bag.write('/data', TYPE, b'ignored', 10 ** 9 + index)
        return index


@pytest.mark.parametrize('limit', [2_500_000, 3_145_728, 3_200_000, 4_000_000, 4_194_304])
@pytest.mark.parametrize('size', [1000, 100_000, 900_000])
def test_what_fits_is_read_again(tmp_path, limit, size):
    count = write_until_full(tmp_path / 'bag', limit, size)
    with BagReader(tmp_path / 'bag') as bag:
        messages = list(bag.messages())
        assert bag.count == len(messages)
    assert count * size - 3_200_000 <= len(messages) * size and len(messages) * size <= limit
    for index, (_, time_ns, data) in enumerate(messages):
        assert time_ns == 10 ** 9 + index and data == bytes([index % 256]) * size


def test_a_disk_that_is_full_only_at_the_end(tmp_path):
    with pytest.raises(WriteError, match='File too large'), BagWriter(tmp_path / 'bag') as bag:
        for index in range(30):
            bag.write('/data', TYPE, bytes(100_000), 10 ** 9 + index)
        file = next((tmp_path / 'bag').glob('*.mcap'))
        limit = file_size_limit(file.stat().st_size + 10)
        limit.__enter__()
        try:
            bag.close()
        finally:
            limit.__exit__(None, None, None)
    with BagReader(tmp_path / 'bag') as reader:
        assert len(list(reader.messages())) >= 10
