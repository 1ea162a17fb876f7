"""Bags whose recording was cut off are read as far as they go, and nothing is written into them."""
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from ros_animate.errors import UserError
from ros_animate.nodes.bags import BagReader, BagWriter, selected_topics, typestore

COUNT, STEP_NS = 40, 10 ** 8
MESSAGE = bytes(600)


def write_bag(folder, storage='mcap'):
    with BagWriter(folder, storage) as bag:
        for index in range(COUNT):
            bag.write('/a', 'std_msgs/msg/Header', MESSAGE, 1 + index * STEP_NS)
    return folder


def write_compressed_bag(folder):
    bag = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    bag.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with bag:
        connection = bag.add_connection('/a', 'std_msgs/msg/Header', typestore=typestore())
        for index in range(COUNT):
            bag.write(connection, 1 + index * STEP_NS, MESSAGE)
    return folder


def read(path):
    with BagReader(path) as bag:
        messages = list(bag.messages())
        assert bag.count == len(messages)
        return messages, bag.missing


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_bag_without_its_metadata(storage, tmp_path):
    folder = write_bag(tmp_path / 'bag', storage)
    complete, missing = read(folder)
    assert len(complete) == COUNT and not missing
    (folder / 'metadata.yaml').unlink()
    assert read(folder) == (complete, 'it has no metadata.yaml')


def test_the_files_of_a_bag_follow_each_other(tmp_path):
    folder = write_bag(tmp_path / 'bag')
    complete, _ = read(folder)
    (folder / 'metadata.yaml').unlink()
    with BagWriter(tmp_path / 'second') as bag:
        bag.write('/a', 'std_msgs/msg/Header', MESSAGE, 1 + COUNT * STEP_NS)
    shutil.copy(tmp_path / 'second' / 'second.mcap', folder / 'bag_10.mcap')
    messages, _ = read(folder)
    assert messages[:-1] == complete and messages[-1][1] == 1 + COUNT * STEP_NS


@pytest.mark.parametrize('share', [0.3, 0.6, 0.999])
@pytest.mark.parametrize('has_metadata', [True, False])
def test_a_file_without_its_end(share, has_metadata, tmp_path):
    folder = write_bag(tmp_path / 'bag')
    complete, _ = read(folder)
    file = folder / 'bag.mcap'
    content = file.read_bytes()
    part = content[:int(share * len(content))]
    file.write_bytes(part)
    if not has_metadata:
        (folder / 'metadata.yaml').unlink()
    messages, missing = read(folder)
    assert messages == complete[:len(messages)]
    assert len(messages) >= min(COUNT, share * COUNT - 4)
    assert 'bag.mcap has no end' in missing
    assert file.read_bytes() == part


def test_a_compressed_chunk_without_its_end_is_no_traceback(tmp_path):
    folder = write_compressed_bag(tmp_path / 'bag')
    assert len(read(folder)[0]) == COUNT
    file = folder / 'bag.mcap'
    file.write_bytes(file.read_bytes()[:-250])
    try:
        assert 'has no end' in read(folder)[1]
    except UserError as error:
        assert 'no messages' in str(error)


def test_messages_in_the_journal_of_a_database(tmp_path):
    folder = write_bag(tmp_path / 'made', 'sqlite3')
    database = folder / 'made.db3'
    writer = sqlite3.connect(database)
    writer.execute('PRAGMA journal_mode=WAL')
    writer.execute('INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)',
                   (1 + COUNT * STEP_NS, MESSAGE))
    writer.commit()
    killed = tmp_path / 'bag'
    killed.mkdir()
    for file in (database, database.with_name('made.db3-wal')):
        shutil.copy(file, killed)
    writer.close()
    before = {file: file.read_bytes() for file in killed.iterdir()}
    messages, missing = read(killed)
    assert len(messages) == COUNT + 1
    assert 'made.db3 was not closed' in missing
    assert {file: file.read_bytes() for file in killed.iterdir()} == before


@given(share=st.floats(0, 1), place=st.integers(0, 3000), value=st.integers(0, 255))
@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_of_a_file_gives_messages_or_one_line(share, place, value, tmp_path_factory):
    folder = write_bag(tmp_path_factory.mktemp('bags') / 'bag')
    (folder / 'metadata.yaml').unlink()
    content = bytearray((folder / 'bag.mcap').read_bytes())
    content = content[:int(share * len(content))]
    if place < len(content):
        content[place] = value
    (folder / 'bag.mcap').write_bytes(content)
    try:
        read(folder)
    except UserError as error:
        assert '\n' not in str(error)


@pytest.mark.parametrize('names, expected', [
    (['image_raw'], ['/image_raw']), (['/image_raw'], ['/image_raw']),
    (['animated/image_raw'], ['/animated/image_raw']),
    (['motion'], ['/left/motion', '/right/motion']), (['left/motion'], ['/left/motion']),
    (['otion'], []), ([], ['/image_raw', '/animated/image_raw', '/left/motion', '/right/motion'])])
def test_topics_are_exactly_those_that_are_named(names, expected):
    recorded = ['/image_raw', '/animated/image_raw', '/left/motion', '/right/motion']
    assert selected_topics(recorded, names) == set(expected)
