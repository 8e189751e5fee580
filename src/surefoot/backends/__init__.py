"""What a formula becomes: numpy's reference, torch's eager steps, numba's one pass over memory."""
