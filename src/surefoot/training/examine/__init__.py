"""Examinations of a run: its kept batch replayed to see what stopped being finite, without a mark on the run."""
