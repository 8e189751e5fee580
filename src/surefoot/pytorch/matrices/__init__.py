"""Rules on matrices: Muon, and the optimizer that gives it the hidden layers and AdamW the rest."""
