"""Limits of data from outside: files, messages, images, networks.

All are far above what a user needs. They are checked before memory is allocated, so that a small
file or message that claims to be huge is refused with one line.
"""
from __future__ import annotations

MIB = 2 ** 20

# Texts: YAML and JSON.
YAML_BYTES = 2 * MIB
YAML_VALUES = 100_000  # after aliases are replaced by what they stand for
JSON_BYTES = 16 * MIB  # a file, or a line of a file of lines
LINES_BYTES = 4096 * MIB  # a file of lines
NESTING = 60  # brackets within brackets
NUMBER_DIGITS = 100
NAME_LENGTH = 120  # of robots, controls, joints, groups, sources of commands
LARGEST_NUMBER = 1e12  # in a robot file
CONTROLS = 1_000  # of a robot
MISTAKES = 100  # that are listed
SHOWN_LENGTH = 120  # of a value in a message
LISTED = 10  # names or reasons in a message
SHOWN_CHOICES = 60  # names in a message

# Images. 2^27 pixels are 400 MB; a camera of 8K takes 2^25.
IMAGE_PIXELS = 2 ** 27  # of a file
FRAME_PIXELS = 2 ** 26  # of a message or a video
IMAGE_BYTES = 512 * MIB  # of an image file

# Arrays and weights.
ARRAY_BYTES = 512 * MIB  # of a .npy file, or all arrays of a .npz file together
CHECKPOINT_BYTES = 32 * 1024 * MIB
PICKLE_BYTES = 64 * MIB  # of the pickle in a checkpoint, without the numbers of the tensors
PICKLE_OPCODES = 2_000_000
EXPANDED_NUMBERS = 2 ** 27  # of a tensor that repeats fewer numbers
PICKLE_CLASSES = 1_000
TENSORS_HEADER_BYTES = 32 * MIB  # of a safetensors file
NETWORK_BYTES = 16 * 1024 * MIB  # all parameters of a family's networks
TEMPLATE_BYTES = 64 * MIB  # a motion template
TEMPLATE_FRAMES = 200_000  # two hours

# Values in messages. A face or a robot comes nowhere near them.
EXPRESSION_RANGE = (-1.0, 2.0)  # of a coefficient that is 0 to 1
EXPRESSION_NAMES = 1_000
KEYPOINTS = 1_000
KEYPOINT_COORDINATE = 10.0  # keypoints and their displacements; the image is -1 to 1
KEYPOINT_MATRIX = 1e3  # entries of Jacobians and covariances
LATENT = 1e4  # of a learned code, without units
LATENT_NUMBERS = 16_384
FACES = 16  # in one message
LANDMARK_MARGIN = 2.0  # image sizes by which a landmark may lie outside of the image
IMAGE_SIDE = 65_535  # pixels
ROTATION_ERROR = 0.1  # of R R^T
HEAD_DISTANCE = 1e3  # metres
HEAD_SCALE = (1e-3, 1e3)
POSITION = 1e6  # of a joint, in its unit
MOTION_RATE = 1e9  # velocities and accelerations of a joint
WAYPOINTS = 1_000
WAYPOINT_S = 1e-4  # the shortest time between two waypoints
HORIZON_S = 10.0  # from the first waypoint of a chunk to the end of the last
TRAJECTORY_S = 3600.0  # from the stamp of a trajectory to any of its points

# Messages.
ZMQ_IMAGE_BYTES = 32 * MIB
ZMQ_SUBSCRIPTION_BYTES = 1024
BAG_CHUNK_BYTES = 512 * MIB  # of an MCAP file, decompressed
MESSAGE_BYTES = MIB  # a ROS message other than an image
TRAJECTORY_POINTS = 10_000
COMMAND_SOURCES = 8  # that the safety layer tells apart
