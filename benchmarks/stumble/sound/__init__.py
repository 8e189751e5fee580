"""Healthy variations: a catalogue of what looks strange and is fine."""

from benchmarks.stumble.sound import duties, models, paces, passes, updates

__all__ = ["duties", "models", "paces", "passes", "updates"]
