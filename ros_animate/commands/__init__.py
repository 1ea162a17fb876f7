"""The verbs of the command line, one module each.

A module `<verb>.py` holds `HELP` (one line), `add_arguments(parser)` and `run(args) -> int` (the
exit status); its docstring is the description in `ros_animate <verb> --help`, and the optional
`EXAMPLES` are printed after the options. Slow libraries (cv2, mediapipe, torch, ROS) are imported
inside the functions: `ros_animate --help` imports every module of this folder. `arguments.py` holds
what the verbs share.
"""
