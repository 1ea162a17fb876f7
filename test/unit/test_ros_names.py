"""Names of topics and namespaces that ROS would refuse."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.errors import UserError
from ros_animate.ros_names import check_topic, full_namespace


@pytest.mark.parametrize('name', ['/camera/image_raw', 'image_raw', '/a1/_b', 'A'])
def test_good_names(name):
    assert check_topic(name) == name


@pytest.mark.parametrize('name', [
    '', '/', '//a', '/a/', '/9x', '/a b', '/ä', '/a\n', 'a-b', '/' + 'x' * 300, '~', '/a//b'])
def test_bad_names_are_named(name):
    with pytest.raises(UserError, match='^no topic has the name'):
        check_topic(name)


@pytest.mark.parametrize('text, full', [('', ''), ('/', ''), ('left', '/left'), ('/a/b/', '/a/b')])
def test_namespaces(text, full):
    assert full_namespace(text) == full


@given(st.text())
def test_any_text_is_a_name_or_one_short_line(text):
    for check in (check_topic, full_namespace):
        try:
            check(text)
        except UserError as error:
            assert len(str(error)) < 400 and '\n' not in str(error)
