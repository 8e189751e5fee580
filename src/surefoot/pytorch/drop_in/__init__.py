"""The optimizers that torch.optim has too: the same arguments, defaults, trajectory and `state_dict` layout.

Beside torch's words each takes ours: `step_size` for `lr`, `beta1` and `beta2` for `betas`, `decay` for decoupled
weight decay (AdamW's `weight_decay`; in the others `weight_decay` is torch's L2 term, another thing). `foreach`,
`fused` and `capturable` are accepted and change nothing: every step here is fused.
"""

from surefoot.pytorch.drop_in.adagrad import Adadelta as Adadelta
from surefoot.pytorch.drop_in.adagrad import Adagrad as Adagrad
from surefoot.pytorch.drop_in.adam import Adam as Adam
from surefoot.pytorch.drop_in.adam import AdamW as AdamW
from surefoot.pytorch.drop_in.adam_kin import Adamax as Adamax
from surefoot.pytorch.drop_in.adam_kin import NAdam as NAdam
from surefoot.pytorch.drop_in.adam_kin import RAdam as RAdam
from surefoot.pytorch.drop_in.asgd import ASGD as ASGD
from surefoot.pytorch.drop_in.muon import Muon as Muon
from surefoot.pytorch.drop_in.rmsprop import RMSprop as RMSprop
from surefoot.pytorch.drop_in.rprop import Rprop as Rprop
from surefoot.pytorch.drop_in.sgd import SGD as SGD
