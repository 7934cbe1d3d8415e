"""What is done in a step beside forward, backward and the optimiser."""
