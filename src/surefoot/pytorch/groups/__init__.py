"""Parameter groups by rules, and the table that says what became of each parameter.

    groups(model, decay=0.1)                                     decay on matrices, none on the rest
    groups(model, layers=0.8)                                    and smaller step sizes for lower layers
    groups(model, rules=[(nn.Embedding, {"relative": 0.1}),      what a rule says comes first
                         (r"^head", {"decay": 0.0})])

Conventions. Rules are asked in order; for each key the first one that matches a parameter and gives that key decides,
and the defaults fill what is left. Names are those of the model without what wrappers put in front (`module.`,
`_orig_mod.`). A tensor under several names is one parameter: its first name decides. Frozen parameters are left out.
Groups of the same settings are one group; groups and what is in them stand in the model's order.
"""

from surefoot.pytorch.groups.assembly import Groups as Groups
from surefoot.pytorch.groups.assembly import groups as groups
from surefoot.pytorch.groups.assignment import Row as Row
from surefoot.pytorch.groups.patterns import Pattern as Pattern
from surefoot.pytorch.groups.patterns import Rule as Rule
