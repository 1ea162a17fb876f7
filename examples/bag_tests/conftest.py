"""Makes the fixture `check_bag` known to the tests of this folder."""
pytest_plugins = ['ros_animate.testing']
