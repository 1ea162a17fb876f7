"""Bags from strangers: what they name is neither imported nor followed, damage is one line."""
import sys

import lz4.frame
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import storage_mcap
from rosbags.rosbag2.storage_mcap import zstd

from ros_animate import limits
from ros_animate.errors import UserError
from ros_animate.nodes.bag_chunks import bound_decompression
from ros_animate.nodes.bags import BagReader, BagWriter
from ros_animate.nodes.topics import TOPICS, is_message_package, message_class

METADATA = """\
rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  duration: {nanoseconds: 1}
  starting_time: {nanoseconds_since_epoch: 1}
  message_count: 1
  topics_with_message_count:
  - topic_metadata: {name: /a, type: std_msgs/msg/Header, serialization_format: cdr,
      offered_qos_profiles: ''}
    message_count: 1
  compression_format: ''
  compression_mode: ''
  relative_file_paths: [bag.mcap]
"""


@pytest.mark.parametrize('name', [
    'this/msg/X', 'antigravity/msg/X', 'os/msg/path', 'std_msgs/Header', 'std_msgs/msg/Header/x',
    'std_msgs.x/msg/Header', '../x/msg/Y', '', '/', 'std_msgs/srv/Empty', 'x' * 10 ** 6,
    'ros_animate.cli/msg/X', 'numpy/msg/Array', 'std_msgs/msg/__class__', 'std_msgs/msg/Header\n'])
def test_a_type_of_a_bag_does_not_choose_what_is_imported(name, tmp_path, monkeypatch):
    package = name.split('/')[0][:40]
    loaded = set(sys.modules)
    with pytest.raises(ImportError) as error:
        message_class(name)
    assert len(str(error.value)) < 300
    assert not {m for m in set(sys.modules) - loaded if m.split('.')[0] == package}


def test_a_package_that_only_looks_like_one_of_messages_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / 'evil_msgs' / 'msg').mkdir(parents=True)
    for file in ('__init__.py', 'msg/__init__.py'):
        (tmp_path / 'evil_msgs' / file).write_text('raise SystemExit("executed")')
    monkeypatch.syspath_prepend(tmp_path)
    assert not is_message_package('evil_msgs')
    with pytest.raises(ImportError, match='not an installed package'):
        message_class('evil_msgs/msg/X')


def test_the_messages_of_the_pipeline_are_found():
    pytest.importorskip('sensor_msgs', reason='the messages of ROS are not installed')
    for topic in TOPICS.values():
        if not topic.type_name.startswith('ros_animate/'):
            assert topic.message_class.__name__ == topic.type_name.split('/')[-1]


def _bag(folder, metadata=METADATA, data=None):
    """A valid bag with other metadata or data."""
    with BagWriter(folder) as writer:
        writer.write('/a', 'std_msgs/msg/Header', bytes(20), 1)
    file = next(folder.glob('*.mcap'))
    file.rename(folder / 'bag.mcap')
    if data is not None:
        (folder / 'bag.mcap').write_bytes(data)
    (folder / 'metadata.yaml').write_text(metadata)
    return folder


def _read(folder):
    with BagReader(folder) as reader:
        return list(reader.messages())


@pytest.mark.parametrize('metadata', [
    '', '[]', 'a: 1', '[' * 3000, METADATA.replace('mcap\n', 'pickle\n'),
    METADATA.replace('version: 5', 'version: [1]'), METADATA.replace('message_count: 1', ''),
    METADATA.replace('nanoseconds: 1', 'nanoseconds: x'), METADATA.replace('bag.mcap', 'gone.mcap'),
    'a: &a [1,1,1,1]\n' + ''.join(
        f'{chr(98 + k)}: &{chr(98 + k)} [{",".join([f"*{chr(97 + k)}"] * 10)}]\n'
        for k in range(8))])
def test_hostile_metadata_are_one_short_line(metadata, tmp_path):
    with pytest.raises(UserError) as error:
        _read(_bag(tmp_path / 'bag', metadata))
    assert len(str(error.value)) < 600 + len(str(tmp_path)) and '\n' not in str(error.value)


@given(places=st.dictionaries(st.integers(0, 1500), st.integers(0, 255), max_size=5),
       end=st.integers(0, 2000))
@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_of_the_data_is_one_line(places, end, tmp_path_factory):
    folder = _bag(tmp_path_factory.mktemp('bags') / 'bag')
    content = bytearray((folder / 'bag.mcap').read_bytes()[:end])
    for place, value in places.items():
        if place < len(content):
            content[place] = value
    (folder / 'bag.mcap').write_bytes(bytes(content))
    try:
        _read(folder)
    except UserError as error:
        assert '\n' not in str(error)


@pytest.mark.parametrize('kind', ['zstd', 'lz4'])
def test_a_chunk_grows_to_what_it_claims_at_most(kind, monkeypatch):
    compress = {'zstd': zstd.compress, 'lz4': lz4.frame.compress}[kind]
    bound_decompression()
    decompress = storage_mcap.DECOMPRESSORS[kind]
    honest = bytes(range(256)) * 100
    assert decompress(compress(honest), len(honest)) == honest
    bomb = compress(bytes(10 ** 8))
    with pytest.raises(ValueError, match='larger than the 1000 bytes'):
        decompress(bomb, 1000)
    with pytest.raises(ValueError, match='at most'):
        decompress(bomb, limits.BAG_CHUNK_BYTES + 1)
