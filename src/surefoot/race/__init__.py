"""The race: which step size to try next, when to drop one, and which has won. It decides; whoever holds it trains.

In five sentences. Step sizes half a decade apart, around the one that usually does well, each train for a few percent
of the run's steps, from the same start and on the same batches, with a warm-up and a decay to zero of their own, and
are judged by the validation penalty at their end. If the best stands at the edge of the grid, the grid grows that way;
then the best few start over at four times the length, the neighbours of the best with them, and between these the best
is where their parabola is lowest. Penalties within 2 % are level, and of level ones the one nearest the usual wins; a
penalty that is not finite is worse than any other. Short runs favour larger step
sizes, so the drift of the best from one length to the other is carried on, in the logarithm of the length and within
bounds, to the length of the run. Even so a short race errs by half a decade, and the usual step size of a rule that
normalises its steps by less: so that one stays, unless the race says something quite different.

    race = Race((Line("adamw", decay=0.1, centre=0.01),), steps=2000, budget=400)
    while asked := race.ask():
        for candidate in asked:                                   # in any order, anywhere
            race = race.tell(candidate, penalty_of(candidate))
    race.verdict()
"""

from surefoot.race.candidate import Candidate as Candidate
from surefoot.race.candidate import Line as Line
from surefoot.race.candidate import Result as Result
from surefoot.race.contest import Race as Race
from surefoot.race.verdict import Verdict as Verdict
