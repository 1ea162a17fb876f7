"""`python -m ros_animate` is the command line."""
import sys

from ros_animate.cli import main

sys.exit(main())
