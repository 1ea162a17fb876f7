"""Topics of the nodes pass endpoints.py, so that parameters override their quality of service."""
import pathlib
import re

NODES = pathlib.Path(__file__).resolve().parents[3] / 'ros_animate' / 'nodes'
# They make the endpoints, are programs beside the nodes, or feed nodes of their own process.
OTHERS = ('endpoints.py', 'image_listener.py', 'lockstep.py', 'pipeline_client.py')


def test_no_node_goes_past_the_overrides():
    direct = [path.name for path in sorted(NODES.glob('*.py')) if path.name not in OTHERS
              and re.search(r'\.create_(publisher|subscription)\(', path.read_text())]
    assert not direct, 'use make_publisher and make_subscription of nodes/endpoints.py'
