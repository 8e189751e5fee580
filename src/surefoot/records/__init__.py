"""Where runs are kept: one folder per run."""
