"""Freed memory that a process keeps, each time in a process of its own."""
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith('linux'), reason='Linux only')

COPIES = """
import resource
import numpy as np
from ros_animate.memory import keep_all_freed_memory, keep_freed_memory
{first}
image = np.ones((480, 640, {channels}), np.uint8)
def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def copies(count):
    before = pages()
    for _ in range(count):
        [image.astype(np.float32) for _ in range(8)]
    return pages() - before
copies(2)
print(copies({count}))
"""


def cleared_pages(first, channels=3, count=100, **variables):
    """Pages that the system clears while a process makes 8 images `count` times."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('MALLOC_')}
    code = COPIES.format(first=first, channels=channels, count=count)
    done = subprocess.run([sys.executable, '-c', code], text=True, capture_output=True, check=True,
                          env={**environment, **variables})
    return int(done.stdout)


@pytest.fixture
def given_back():
    """Pages without our setting; a C library that keeps memory anyway has nothing to test."""
    pages = cleared_pages('')
    if pages < 10_000:
        pytest.skip('this C library keeps freed memory')
    return pages


def test_a_process_keeps_the_memory_of_an_image_for_the_next(given_back):
    assert cleared_pages('keep_freed_memory()') < 0.01 * given_back


def test_so_do_its_children(given_back):
    environment = subprocess.run(
        [sys.executable, '-c', 'from ros_animate.memory import keep_freed_memory\n'
         'keep_freed_memory()\nimport os\n'
         'print(*(f"{k}={v}" for k, v in os.environ.items() if k.startswith("MALLOC_")))'],
        text=True, capture_output=True, check=True).stdout.split()
    assert len(environment) == 2
    assert cleared_pages('', **dict(v.split('=') for v in environment)) < 0.01 * given_back


def test_the_users_own_settings_stay(given_back):
    users = {'MALLOC_MMAP_THRESHOLD_': '100000', 'MALLOC_TRIM_THRESHOLD_': '100000'}
    assert cleared_pages('keep_freed_memory()', **users) > 0.5 * given_back


def test_a_process_with_networks_keeps_maps_of_any_size(given_back):
    large = {'channels': 24, 'count': 5}
    before = cleared_pages('keep_freed_memory()', **large)
    kept = cleared_pages('keep_freed_memory(); keep_all_freed_memory()', **large)
    assert kept < 0.1 * before
