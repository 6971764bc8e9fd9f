"""What-if studies on top of the engine."""
