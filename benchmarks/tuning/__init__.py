"""How near a run with nothing to tune comes to a patient person's sweep: `python -m benchmarks.tuning`.

Seventeen small workloads over real data, each a few seconds long, and the ways to train them: grids of AdamW, Nesterov
and Muon, torch's defaults, tools that promise to need no tuning, and ours. `python -m benchmarks.tuning.report` makes
the table. The data and the tools: `pip install --no-deps -r benchmarks/tuning/requirements.txt`.
"""
