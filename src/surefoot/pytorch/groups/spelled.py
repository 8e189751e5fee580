"""Settings in the words of torch.optim."""

from collections.abc import Mapping, Sequence

from surefoot.errors import refuse
from surefoot.pytorch.groups.patterns import factor_faults

_WORDS = {"decay": "weight_decay", "step_size": "lr"}


def in_torch_words(settings: Sequence[Mapping[str, object]], step_size: float | None) -> list[dict[str, object]]:
    """Return the settings of groups as torch.optim spells them.

    Args:
        settings: of each group, in our words.
        step_size: the optimizer's; with it every group has an `lr` [>= 0].

    Errors: InvalidValue for relative step sizes without it, a schedule, half of `betas`, or two spellings of one thing.

    >>> in_torch_words([{"decay": 0.1, "relative": 0.5}], 0.01)
    [{'weight_decay': 0.1, 'lr': 0.005}]
    """
    faults = [] if step_size is None else factor_faults("step_size", step_size)
    faults += [fault for each in settings for fault in _faults(each, step_size)]
    refuse("groups.torch", list(dict.fromkeys(faults)))
    return [_worded(each, step_size) for each in settings]


def _faults(settings: Mapping[str, object], step_size: float | None) -> list[str]:
    faults = [
        f"{ours} and {theirs} are two spellings of one thing; give one"
        for ours, theirs in _WORDS.items()
        if {ours, theirs} <= {*settings}
    ]
    own = {"step_size", "lr"} & {*settings}
    if settings.get("relative", 1.0) != 1.0 and step_size is None and not own:
        faults.append("the groups have relative step sizes and torch has none; give the optimizer's: torch(step_size=)")
    if "schedule" in settings:
        faults.append("a rule gives a schedule, which torch's groups have none of; use an optimizer of surefoot's")
    if len({"beta1", "beta2"} & {*settings}) == 1:
        faults.append("a rule gives one of beta1 and beta2 and torch's betas are both; give both")
    return faults


def _worded(settings: Mapping[str, object], step_size: float | None) -> dict[str, object]:
    left = {_WORDS.get(key, key): value for key, value in settings.items()}
    relative = left.pop("relative", 1.0)
    peak = left.pop("lr", step_size)
    betas = (left.pop("beta1"), left.pop("beta2")) if "beta1" in left else None
    assert isinstance(relative, int | float)
    assert peak is None or isinstance(peak, int | float)
    return {**left, **({} if peak is None else {"lr": peak * relative}), **({"betas": betas} if betas else {})}
