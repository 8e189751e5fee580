"""One file per subject: what its checks look for, and the judgement where it needs no torch."""
