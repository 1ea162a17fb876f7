"""The verbs of the command line, one module each.

A module `<verb>.py` holds `HELP` (one line), `add_arguments(parser)` and `run(args) -> int` (the
exit status); its docstring is the description shown by `ros_animate <verb> --help`, and an optional
`EXAMPLES` follows the options there. What is slow to import (cv2, mediapipe, torch, ROS) is
imported inside the functions: `ros_animate --help` imports every module of this folder.
"""
