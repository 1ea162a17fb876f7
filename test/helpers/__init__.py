"""What several test modules share: fake devices, small networks, data made on the spot."""
