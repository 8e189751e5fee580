"""Schedules: which factor of the peak step size each step of a run takes.

A schedule is a value: compared, hashed, pickled, printed and read back, as text and as JSON. Calling it with a step
gives a factor that is computed from that step alone, so the order of calls cannot matter.

    warmup(0.05) >> linear(to=0.0)                    up for 5 % of the run, then down to zero for the rest of it
    (warmup(100) >> cosine(to=0.1)).over(steps=2000)  every length known: it can be called
    wsd() * piecewise(at=0.5, to=0.1)                 both, side by side: their values multiply

Conventions. Step 0 is the first step. An int is a length in steps and a float a share of the run (1 is one step, 1.0
the whole run); a phase without a length takes what the others leave. At its step i a phase of L steps has gone
(i + 1) / L of its way: a warm-up has no dead first step, and a decay has exactly its end value on its last. End values
are fractions of the peak. A decay starts at the peak, 1, whatever stood before it. After its end a schedule holds its
last value, where torch's cosine rises again and, over its steps, never takes its end value. A factor is finite and
never negative, and the first is not 0, unless a value or a decay of a single step asks for it.

Who takes the rest. In a join one phase at most has no length; it takes the run less what the others claim. A product
is one phase to the join it stands in: as long as its longest factor, or, if a factor takes the rest, that rest, which
then is the span that this factor fills; the others may end earlier and hold their last value.
"""

from surefoot.schedules.joins import one_cycle as one_cycle
from surefoot.schedules.joins import piecewise as piecewise
from surefoot.schedules.joins import wsd as wsd
from surefoot.schedules.reading import from_json as from_json
from surefoot.schedules.reading import parse as parse
from surefoot.schedules.schedule import Schedule as Schedule
from surefoot.schedules.shaped import constant as constant
from surefoot.schedules.shaped import cosine as cosine
from surefoot.schedules.shaped import cosine_warmup as cosine_warmup
from surefoot.schedules.shaped import exponential as exponential
from surefoot.schedules.shaped import inverse_sqrt as inverse_sqrt
from surefoot.schedules.shaped import linear as linear
from surefoot.schedules.shaped import one_minus_sqrt as one_minus_sqrt
from surefoot.schedules.shaped import polynomial as polynomial
from surefoot.schedules.shaped import power as power
from surefoot.schedules.shaped import restarts as restarts
from surefoot.schedules.shaped import warmup as warmup
