"""Prints how far the robot's jaw is open, while `ros_animate retarget --source demo` runs."""
import rclpy
from sensor_msgs.msg import JointState


def show(state: JointState) -> None:
    jaw = dict(zip(state.name, state.position))['jaw_pitch']
    print(f'jaw {1 - jaw:.2f} of 1 open', flush=True)


rclpy.init()
node = rclpy.create_node('jaw_printer')
node.create_subscription(JointState, 'joint_states', show, 10)
rclpy.spin(node)
