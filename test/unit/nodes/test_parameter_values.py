"""Options survive the way through ROS parameters."""
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.configuration import ConfigurationError, build, option
from ros_animate.nodes.parameter_values import decoded, nested, to_ros

names = st.text('abcdefgh', min_size=1, max_size=4)
plain = st.one_of(st.booleans(), st.integers(-2 ** 40, 2 ** 40), st.text(max_size=5),
                  st.floats(allow_nan=False, allow_infinity=False, width=32))
trees = st.recursive(plain, lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3))


@given(st.dictionaries(names, trees, max_size=4))
def test_nested_mappings_are_flattened_and_come_back(options):
    flat = to_ros(options)
    assert not any(isinstance(value, dict) for value in flat.values())
    assert nested(flat) == options


@dataclass(frozen=True)
class Everything:
    numbers: tuple[float, ...] = option((), 'numbers')
    pairs: list[list[float]] = option([], 'pairs')
    table: dict[str, float] = option({}, 'a table')
    text: str = option('', 'text')
    flag: bool = option(False, 'a flag')


@pytest.mark.parametrize('values', [
    {'numbers': (1.0, 2.0)}, {'numbers': ()}, {'pairs': [[1.0, 2.0], [3.0, 4.0]]}, {'pairs': []},
    {'table': {'a': 1.0, 'b': 2.0}}, {'table': {}}, {'text': '[1, 2]'}, {'flag': True}])
def test_every_kind_of_option_comes_back(values):
    given_values = nested(to_ros(values))
    assert all(isinstance(v, (bool, int, float, str, list, dict)) for v in given_values.values())
    assert build(Everything, decoded(Everything, given_values), 'test') == Everything(**values)


def test_numbers_of_two_kinds_become_one_kind():
    assert to_ros({'size': (1, 2.5)}) == {'size': [1.0, 2.5]}


def test_a_name_that_is_both_value_and_group_is_refused():
    with pytest.raises(ConfigurationError, match="'a' is both"):
        nested({'a': 1, 'a.b': 2})


def test_text_that_is_no_structure_is_refused_by_name():
    with pytest.raises(ConfigurationError, match='pairs'):
        decoded(Everything, {'pairs': '[1, 2'})
