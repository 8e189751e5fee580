"""Fitting: a task from its first penalty to its finished weights, with nothing to tune.

All that `fit` does is also there as values: `search.race`, `task.make()`, an optimizer with a schedule, `descend`,
`RunFolder`.
"""

from surefoot.fitting.run import Run as Run
from surefoot.fitting.run import RunFailed as RunFailed
from surefoot.fitting.whole_run import fit as fit
