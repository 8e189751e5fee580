"""Kernels written by `python -m surefoot.backends.emit`; do not edit."""
