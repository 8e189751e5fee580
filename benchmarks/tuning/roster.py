"""Which ways the report holds the others against."""

REFERENCE = "adamw"
UNTUNED = ("defaults_adamw", "defaults_sgd", "prodigy", "schedule_free", "lr_finder")
SWEEPS = ("adamw_ours", "muon_ours", "muon", "nesterov")
"""Ways of many settings, against whose best others are held too."""
