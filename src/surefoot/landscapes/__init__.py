"""Penalties of two parameters, drawn as landscapes, and the paths that the rules take over them.

The paths are the library's own formulas in float64, one gradient at a time; nothing here needs torch.

    surface = Quadratic(conditioning=20.0)
    found = path(surface, "momentum", surface.start, steps=60, settings={"step_size": 0.05, "momentum": 0.8})
    found.positions, found.values, mean_of_last(found, 0.5), limit("momentum", found.settings, surface.steepest)
"""

from surefoot.landscapes.limits import Limit as Limit
from surefoot.landscapes.limits import limit as limit
from surefoot.landscapes.paths import Path as Path
from surefoot.landscapes.paths import mean_of_last as mean_of_last
from surefoot.landscapes.paths import path as path
from surefoot.landscapes.seen import seen as seen
from surefoot.landscapes.surface import Surface as Surface
from surefoot.landscapes.surface import Window as Window
from surefoot.landscapes.surfaces import SURFACES as SURFACES
from surefoot.landscapes.surfaces import Beale as Beale
from surefoot.landscapes.surfaces import NoisyBowl as NoisyBowl
from surefoot.landscapes.surfaces import Quadratic as Quadratic
from surefoot.landscapes.surfaces import Ravine as Ravine
from surefoot.landscapes.surfaces import Rosenbrock as Rosenbrock
from surefoot.landscapes.surfaces import Saddle as Saddle
