"""Stopping: whether a run should go on, judged from the values that its checks have given so far.

A judge is a value and its judgement pure: the same values give the same verdict, so a stop can be replayed, explained
and tested. It keeps nothing; whoever runs the loop keeps the values, in the order of the checks, the first being check
0, and restores the weights of `verdict.best` on every way out. A check that is not finite is never the best.

    verdict = Patience(checks=10).verdict(validation_penalties)
    if verdict.stop: print(verdict.reason)
"""

from surefoot.stopping.flat import Flat as Flat
from surefoot.stopping.judge import Goal as Goal
from surefoot.stopping.judge import Judge as Judge
from surefoot.stopping.judge import Verdict as Verdict
from surefoot.stopping.patience import Never as Never
from surefoot.stopping.patience import Patience as Patience
