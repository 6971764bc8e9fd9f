"""What machines are made of, and the protocol every family of machines follows."""
