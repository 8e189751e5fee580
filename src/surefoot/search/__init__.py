"""The search for a step size: a range test, an annealed race, and snapshots that leave no mark of either.

found = sf.search.range_test(task)            # the penalty over the step size, in a hundred steps a ramp
found.step_size, found.low, found.high, found.figure()

found = sf.search.race(task, steps=2000)      # at most 500 steps: which step size for the run
print(found.table()); sf.fit(task, steps=2000, step_size=found.step_size)
"""

from surefoot.search.found import Found as Found
from surefoot.search.racing import race as race
from surefoot.search.ranging import Range as Range
from surefoot.search.ranging import range_test as range_test
from surefoot.search.snapshot import Snapshot as Snapshot
from surefoot.training.sources import Kept as Kept
