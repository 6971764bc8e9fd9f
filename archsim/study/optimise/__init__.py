"""Search for the best design: spaces, objectives, constraints, and other people's optimisers on the batch engine."""
