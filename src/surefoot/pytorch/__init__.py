"""What touches torch: the optimizer, the penalties."""
