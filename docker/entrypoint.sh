#!/bin/bash
# Sources ROS and the workspace, then runs the command.
set -e
source "/opt/ros/${ROS_DISTRO}/setup.bash"
source /workspace/install/setup.bash
site_packages=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
export PYTHONPATH="${site_packages}:${PYTHONPATH}"
export PATH="/workspace/install/ros_animate/lib/ros_animate:${PATH}"
exec "$@"
