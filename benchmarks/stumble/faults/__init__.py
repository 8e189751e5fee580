"""The planted faults: a catalogue of how people go wrong."""

from benchmarks.stumble.faults import beginnings, finite, loops, modes, optimizers, penalties, weights

__all__ = ["beginnings", "finite", "loops", "modes", "optimizers", "penalties", "weights"]
