"""A running pipeline, observed and steered from another process, through ROS alone."""
