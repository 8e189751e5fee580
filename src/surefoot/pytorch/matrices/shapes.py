"""Which parameters can be seen as matrices."""

from math import inf

from surefoot.pytorch.spelling import Group


def shape_faults(group: Group, most: float = inf) -> list[str]:
    """Say which parameters of a group a matrix rule cannot step.

    Args:
        group: as torch keeps it.
        most: the largest number of axes; what has more than two is seen as the first axis by all others.

    >>> import torch
    >>> shape_faults({"params": [torch.zeros(3)], "param_names": ["bias"]})
    ['parameter bias has the shape (3,) and is no matrix; give it to AdamW, or the whole model to MuonAdamW']
    """
    names = group.get("param_names", range(len(group["params"])))
    return [
        f"parameter {name} has the shape {tuple(p.shape)} and is no matrix; "
        "give it to AdamW, or the whole model to MuonAdamW"
        for name, p in zip(names, group["params"], strict=True)
        if not 2 <= p.ndim <= most
    ]
