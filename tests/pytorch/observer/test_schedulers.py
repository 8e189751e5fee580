"""Schedulers are found without being given, and seen moving on before or after each step."""

import pytest
import torch
from torch import nn

from surefoot.pytorch.observer.schedulers import Lead, scheduled, schedulers_of


def optimizer():
    found = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    found.param_groups[0]["params"][0].grad = torch.ones(1)
    return found


def test_only_the_schedulers_of_the_optimizer_are_found():
    mine, other = optimizer(), optimizer()
    assert not scheduled(mine)
    scheduler = torch.optim.lr_scheduler.StepLR(mine, 3)
    torch.optim.lr_scheduler.StepLR(other, 3)
    assert scheduled(mine)
    assert schedulers_of(mine) == [scheduler]


@pytest.mark.filterwarnings("ignore:Detected call")
@pytest.mark.parametrize("early", [True, False])
def test_a_scheduler_that_moves_on_before_the_step_is_counted(early):
    mine = optimizer()
    scheduler = torch.optim.lr_scheduler.ExponentialLR(mine, 0.5)
    lead = Lead(scheduler)
    for _ in range(4):
        lead.observed()
        if early:
            scheduler.step()
        lead.before_step()
        mine.step()
        if not early:
            scheduler.step()
    assert lead.led(4).early == (4 if early else 0)


def test_the_step_at_which_nothing_was_left_is_kept_until_the_step_size_rises():
    mine = optimizer()
    scheduler = torch.optim.lr_scheduler.StepLR(mine, 1, gamma=0.05)
    lead = Lead(scheduler)
    found = []
    for step in range(1, 7):
        mine.step()
        scheduler.step()
        found.append(lead.led(step))
    assert [each.ended for each in found] == [None, None, 3, 3, 3, 3]
    assert found[-1].every
    assert found[-1].peak == 0.1
    mine.param_groups[0]["lr"] = 0.1
    assert lead.led(7).ended is None


def test_a_scheduler_that_is_stepped_once_an_epoch_is_not_one_of_every_step():
    mine = optimizer()
    scheduler = torch.optim.lr_scheduler.StepLR(mine, 1, gamma=0.1)
    lead = Lead(scheduler)
    for step in range(1, 41):
        mine.step()
        if step % 10 == 0:
            scheduler.step()
        found = lead.led(step) if step % 5 == 0 else None
    assert not found.every


def test_a_scheduler_is_not_kept_alive():
    mine = optimizer()
    lead = Lead(torch.optim.lr_scheduler.StepLR(mine, 1))
    assert lead.led(3).early == 0
