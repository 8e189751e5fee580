"""What the doctor sees of a run in PyTorch: the penalty's graph, gradients, steps, passes and modes, untouched."""
