"""The doctor in a loop: every planted fault is found, healthy runs stay silent, and no run is changed by it."""

import copy
import gc
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.optimizer import _global_optimizer_post_hooks

import surefoot as sf
from surefoot.diagnose import CHECKS
from surefoot.errors import InvalidValue

OPTIMIZERS = {
    "torch SGD": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "torch AdamW": lambda p: torch.optim.AdamW(p, lr=3e-3),
    "sf.SGD": lambda p: sf.SGD(p, lr=0.05, momentum=0.9),
    "sf.AdamW": lambda p: sf.AdamW(p, lr=3e-3),
}
every_optimizer = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def mlp(*last):
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3), *last)


def batch(rows=32):
    x = torch.randn(rows, 8)
    return x, x[:, :3].argmax(1)


def quiet(model, optimizer, *rest, **more):
    return sf.Doctor(model, optimizer, *rest, tell=None, **more)


def train(model, optimizer, doctor, steps=40, penalty=functional.cross_entropy, each=lambda step: None):
    for step in range(steps):
        x, y = batch()
        loss = penalty(model(x), y)
        doctor.observe(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        each(step)


def faults(doctor):
    found = [each.code for each in doctor.findings if each.severity == "fault"]
    assert "failed" not in doctor.card()
    return found


# Faults

RUNNING = [code for code, check in CHECKS.items() if "sf.Doctor" in check.example]
HARMLESS = "Using a target size"


@pytest.mark.parametrize("code", RUNNING)
def test_the_example_of_every_check_shows_its_finding_and_no_other_fault(code, capsys):
    given = {"torch": torch, "sf": sf}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", HARMLESS)
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler")
        exec(CHECKS[code].example, given)
    doctor = given["doctor"]
    doctor.close()
    found = doctor.diagnosis
    assert code in [each.code for each in doctor.findings]
    assert "failed" not in doctor.card()
    if CHECKS[code].severity == "fault":
        assert found.headline.code == code
        assert not found.others
        assert f"FAULT {code}" in capsys.readouterr().err
    else:
        assert found.sound
        assert not capsys.readouterr().err


@every_optimizer
@pytest.mark.parametrize("clip", [False, True], ids=["plain", "clipped"])
def test_a_missing_zero_grad_is_found_within_20_steps_and_named(make, clip):
    model = mlp()
    optimizer = make(model.parameters())
    doctor = quiet(model, optimizer)
    for _ in range(20):
        x, y = batch()
        loss = functional.cross_entropy(model(x), y)
        doctor.observe(loss)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    assert faults(doctor) == ["zero-grad-missing"]


@every_optimizer
def test_parameters_left_out_are_found_by_name(make):
    model = mlp()
    optimizer = make(model[3].parameters())
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 24)
        assert faults(doctor) == ["parameters-not-optimized"]
        assert doctor.diagnosis.headline.where.layer == ("0.weight", "0.bias")


def test_layers_in_a_plain_list_are_found_by_name():
    class Hiding(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = [nn.Linear(8, 16)], nn.Linear(16, 3)

        def forward(self, x):
            return self.last(self.hidden[0](x).relu())

    model = Hiding()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 24)
        assert faults(doctor) == ["parameters-not-optimized"]
        assert "hidden[0].weight" in doctor.findings[0].where.layer
        assert "ModuleList" in doctor.findings[0].change


def test_a_detached_body_is_found_and_a_body_under_no_grad_is_taken_as_frozen():
    class Cut(nn.Module):
        def __init__(self, frozen):
            super().__init__()
            self.body, self.head, self.frozen = nn.Linear(8, 16), nn.Linear(16, 3), frozen

        def forward(self, x):
            with torch.set_grad_enabled(not self.frozen):
                x = self.body(x).relu()
            return self.head(x.detach())

    for frozen, found in ((False, ["no-gradient"]), (True, [])):
        model = Cut(frozen)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with quiet(model, optimizer) as doctor:
            train(model, optimizer, doctor, 24)
            assert faults(doctor) == found


def test_forgetting_to_return_to_training_mode_after_validation_is_found_even_with_batch_norm_alone():
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 30)
        model.eval()
        with torch.no_grad():
            model(batch()[0])
        train(model, optimizer, doctor, 10)
        assert faults(doctor) == ["training-in-eval-mode"]
        assert doctor.findings[0].where.step <= 35


def test_passes_without_gradients_in_training_mode_are_found_after_the_last_step_too():
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 30)
        with torch.no_grad():
            for _ in range(3):
                model(batch()[0])
        assert faults(doctor) == ["validating-in-training-mode"]


def test_not_finite_is_explained_once_with_its_row():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer, functional.cross_entropy) as doctor:
        for step in range(30):
            x, y = batch()
            if step == 25:
                x[7, 2] = torch.nan
            loss = doctor.penalty(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert [each.code for each in doctor.findings] == ["not-finite"]
        where = doctor.findings[0].where
        assert (where.step, where.rows) == (25, (7,))


def test_a_gradient_that_is_not_finite_is_explained_before_the_weights_have_changed():
    model = nn.Sequential(nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def penalty(output, target):
        return (output - output.detach() + (target - target)).abs().sqrt().sum()  # sqrt has no slope at 0

    with quiet(model, optimizer, penalty) as doctor:
        for _ in range(3):
            loss = doctor.penalty(model(torch.ones(4, 8)), torch.ones(4, 1))
            assert loss.isfinite()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            break
        assert [each.code for each in doctor.findings] == ["not-finite"]
        assert doctor.findings[0].where.step == 0


# Healthy runs


@every_optimizer
def test_a_plain_run_is_silent(make):
    model = mlp()
    optimizer = make(model.parameters())
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 60, each=lambda _: scheduler.step())
        assert not faults(doctor)


@every_optimizer
@pytest.mark.parametrize("kept", [False, True], ids=["set to none", "set to zero"])
@pytest.mark.parametrize("first", [False, True], ids=["after the penalty", "before the forward pass"])
def test_clearing_gradients_in_any_way_and_place_is_silent(make, kept, first):
    model = mlp()
    optimizer = make(model.parameters())
    with quiet(model, optimizer) as doctor:
        for _ in range(30):
            x, y = batch()
            if first:
                optimizer.zero_grad(set_to_none=not kept)
            loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            if not first:
                optimizer.zero_grad(set_to_none=not kept)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        assert not faults(doctor)


@every_optimizer
@pytest.mark.parametrize("kept", [False, True], ids=["set to none", "set to zero"])
def test_gradient_accumulation_is_silent(make, kept):
    model = mlp()
    optimizer = make(model.parameters())
    with quiet(model, optimizer) as doctor:
        for step in range(120):
            x, y = batch(8)
            loss = functional.cross_entropy(model(x), y) / 4
            doctor.observe(loss)
            loss.backward()
            if step % 4 == 3:
                optimizer.step()
                optimizer.zero_grad(set_to_none=not kept)
        assert not faults(doctor)


def test_accumulation_over_more_batches_than_are_looked_at_is_silent():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        for step in range(600):
            x, y = batch(4)
            loss = functional.cross_entropy(model(x), y) / 200
            doctor.observe(loss)
            loss.backward()
            if step % 200 == 199:
                optimizer.step()
                optimizer.zero_grad()
        assert not faults(doctor)


@pytest.mark.parametrize("kept", [False, True], ids=["set to none", "set to zero"])
@pytest.mark.parametrize("joined", [False, True], ids=["a doctor each", "one doctor"])
@pytest.mark.parametrize("critic", [1, 5])
def test_a_gan_with_two_optimizers_is_silent(joined, kept, critic):
    generator = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
    judge = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(16, 1))
    makes, judges = (torch.optim.Adam(each.parameters(), lr=1e-3) for each in (generator, judge))
    if joined:
        one = quiet(nn.ModuleList([generator, judge]), [makes, judges])
        doctors = [one, one]
    else:
        doctors = [quiet(generator, makes), quiet(judge, judges)]
    penalty = nn.BCEWithLogitsLoss()
    for step in range(100):
        with torch.no_grad():
            fake = generator(torch.randn(32, 4))
        judges.zero_grad(set_to_none=not kept)
        loss = penalty(judge(torch.randn(32, 2)), torch.ones(32, 1)) + penalty(judge(fake), torch.zeros(32, 1))
        doctors[1].observe(loss)
        loss.backward()
        judges.step()
        if step % critic == critic - 1:
            makes.zero_grad(set_to_none=not kept)
            loss = penalty(judge(generator(torch.randn(32, 4))), torch.ones(32, 1))
            doctors[0].observe(loss)
            loss.backward()
            makes.step()
    for doctor in doctors:
        assert not faults(doctor)
        doctor.close()


def test_a_closure_that_is_called_many_times_a_step_is_silent():
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=30)
    x, y = batch(64)
    with quiet(model, optimizer) as doctor:

        def closure():
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            loss.backward()
            return loss

        for _ in range(20):
            optimizer.step(closure)
        assert not faults(doctor)


class Sam(torch.optim.Optimizer):
    """Sharpness-aware minimisation as it is commonly written: two backwards a step, the second at a worse place."""

    def __init__(self, params, base):
        super().__init__(params, {"rho": 0.05})
        self.base = base(self.param_groups)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def first_step(self):
        self.moved = [(p, 0.05 * p.grad / (p.grad.norm() + 1e-12)) for g in self.param_groups for p in g["params"]]
        for p, by in self.moved:
            p.add_(by)
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for p, by in self.moved:
            p.sub_(by)
        self.base.step()
        self.zero_grad()


@pytest.mark.parametrize("inner", [False, True], ids=["watching it", "watching its base"])
@pytest.mark.parametrize("both", [False, True], ids=["first penalty", "both penalties"])
@every_optimizer
def test_two_backwards_a_step_are_silent(make, inner, both):
    model = mlp()
    optimizer = Sam(model.parameters(), make)
    with quiet(model, optimizer.base if inner else optimizer) as doctor:
        for _ in range(40):
            x, y = batch()
            loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            loss.backward()
            optimizer.first_step()
            second = functional.cross_entropy(model(x), y)
            if both:
                doctor.observe(second)
            second.backward()
            optimizer.second_step()
        assert not faults(doctor)


@every_optimizer
def test_autocast_to_bfloat16_is_silent(make):
    model = mlp()
    optimizer = make(model.parameters())
    with quiet(model, optimizer) as doctor:
        for _ in range(30):
            x, y = batch()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert not faults(doctor)


def test_a_gradient_scaler_that_skips_its_first_steps_is_silent():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24)
    with quiet(model, optimizer) as doctor, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected call")
        for _ in range(60):
            x, y = batch()
            with torch.autocast("cpu", dtype=torch.float16):
                loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            scheduler.step()
        assert doctor.steps < 60
        assert not faults(doctor)


@every_optimizer
@pytest.mark.parametrize("told", [False, True], ids=["optimizer holds all", "optimizer holds the head"])
def test_a_frozen_backbone_is_silent(make, told):
    model = mlp()
    model[0].requires_grad_(False)
    optimizer = make(model[3].parameters() if told else model.parameters())
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor)
        assert not faults(doctor)


def test_tied_weights_and_a_zero_residual_branch_and_low_rank_adapters_are_silent():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.out = nn.Embedding(20, 16), nn.Linear(16, 20, bias=False)
            self.out.weight = self.embed.weight
            self.branch = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 16))
            nn.init.zeros_(self.branch[2].weight)
            nn.init.zeros_(self.branch[2].bias)
            self.base = nn.Linear(16, 16).requires_grad_(False)
            self.down, self.up = nn.Linear(16, 2, bias=False), nn.Linear(2, 16, bias=False)
            nn.init.zeros_(self.up.weight)

        def forward(self, x):
            h = self.embed(x)
            h = h + self.branch(h)
            return self.out(h + self.base(h) + self.up(self.down(h)))

    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    with quiet(model, optimizer) as doctor:
        for _ in range(40):
            x = torch.randint(20, (32,))
            loss = functional.cross_entropy(model(x), (x + 1) % 20, label_smoothing=0.1)
            doctor.observe(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert not faults(doctor)


def test_a_zero_classifier_over_zero_branches_with_a_warm_up_from_zero_is_silent():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))
    nn.init.zeros_(model[4].weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0 if step < 30 else 1.0)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 60, each=lambda _: scheduler.step())
        assert not faults(doctor)


def test_batch_norms_frozen_in_eval_mode_are_silent():
    body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    only = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)).eval()
    body[1].eval()
    for model in (body, only):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with quiet(model, optimizer) as doctor:
            train(model, optimizer, doctor)
            assert not faults(doctor)


def test_sound_validation_and_renewed_statistics_and_dropout_sampling_are_silent():
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        for _ in range(3):
            train(model, optimizer, doctor, 15)
            model.eval()
            with torch.no_grad():
                for _ in range(4):
                    doctor.observe(functional.cross_entropy(model(batch()[0]), batch()[1]))
            model.train()
            torch.optim.swa_utils.update_bn([batch()[0] for _ in range(4)], model)
            x = batch()[0]
            model[1].eval()
            with torch.no_grad():
                for _ in range(10):
                    model(x)
            model.train()
        assert not faults(doctor)


def test_attacks_and_saliency_in_eval_mode_are_silent():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 20)
        model.eval()
        for _ in range(20):
            x, y = batch()
            x.requires_grad_()
            torch.autograd.grad(functional.cross_entropy(model(x), y), x)
        model.train()
        train(model, optimizer, doctor, 20)
        assert not faults(doctor)


SOUND = {
    "log_softmax before cross-entropy": lambda o, y: functional.cross_entropy(o.log_softmax(1), y),
    "nll on log_softmax": lambda o, y: functional.nll_loss(o.log_softmax(1), y),
    "nll on log of softmax": lambda o, y: functional.nll_loss(o.softmax(1).log(), y),
    "label smoothing": lambda o, y: functional.cross_entropy(o, y, label_smoothing=0.1),
    "soft targets": lambda o, y: functional.cross_entropy(o, functional.one_hot(y, 3).float() * 0.8 + 0.2 / 3),
    "binary with sigmoid": lambda o, y: functional.binary_cross_entropy(o.sigmoid(), functional.one_hot(y, 3).float()),
    "binary with logits": lambda o, y: functional.binary_cross_entropy_with_logits(o, functional.one_hot(y, 3).float()),
    "distillation": lambda o, y: (
        functional.kl_div((o / 2).log_softmax(1), o.detach().softmax(1), reduction="batchmean")
        + functional.cross_entropy(o, y)
    ),
    "squared error of one shape": lambda o, y: functional.mse_loss(o, torch.randn(32, 3)),
    "squared error by hand": lambda o, y: ((o[:, 0] - torch.randn(32)) ** 2).mean(),
    "pairwise differences": lambda o, y: (o[:, :1] - o[:, 0]).square().mean() + functional.cross_entropy(o, y),
    "an L2 term": lambda o, y: functional.cross_entropy(o, y) + 1e-3 * (o**2).sum(),
    "multi-class margin": lambda o, y: functional.multi_margin_loss(o, y),
    "policy gradient": lambda o, y: -(o.log_softmax(1).gather(1, y[:, None]) * torch.randn(32, 1)).mean(),
    "surefoot's": lambda o, y: sf.CrossEntropy()(o, y),
}


@pytest.mark.parametrize("penalty", SOUND.values(), ids=SOUND)
def test_sound_penalties_are_silent(penalty):
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 20, penalty)
        assert not doctor.findings


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_model_is_silent_and_its_faults_in_the_loop_are_found():
    for cleared, found in ((True, []), (False, ["zero-grad-missing"])):
        model = torch.compile(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)), backend="aot_eager")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        with quiet(model, optimizer) as doctor:
            for _ in range(30):
                x, y = batch()
                loss = functional.cross_entropy(model(x), y)
                doctor.observe(loss)
                if cleared:
                    optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            assert faults(doctor) == found


def test_schedules_that_end_with_the_run_or_warm_up_are_silent():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    warm = torch.optim.lr_scheduler.LinearLR(optimizer, 1e-4, total_iters=60)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 140)
    both = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], [60])
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 200, each=lambda _: both.step())
        assert not faults(doctor)


# The run


def weights_after(make, step, watched):
    torch.manual_seed(1)
    model = make()
    optimizer = sf.AdamW(model.parameters(), lr=1e-2) if step % 2 else torch.optim.SGD(model.parameters(), lr=0.05)
    doctor = quiet(model, optimizer) if watched else None
    for index in range(60):
        x = torch.randn(16, 1, 8, 8)
        loss = functional.cross_entropy(model(x), torch.randint(3, (16,)))
        if doctor is not None:
            doctor.observe(loss)
        loss.backward()
        if index % step == 0:
            optimizer.step()
            optimizer.zero_grad()
        if index % 20 == 19:
            model.eval()
            with torch.no_grad():
                model(x)
            model.train()
    return [*model.state_dict().values(), torch.rand(1)]


NETS = {
    "MLP with dropout": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16), nn.Dropout(), nn.ReLU(), nn.Linear(16, 3)
    ),
    "CNN with batch norm": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 3)
    ),
}


@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_weights_statistics_and_random_numbers_are_bit_for_bit_the_same_with_a_doctor(make, step):
    plain, watched = weights_after(make, step, False), weights_after(make, step, True)
    assert all(torch.equal(a, b) for a, b in zip(plain, watched, strict=True))


def test_the_autopsy_changes_no_bit_of_the_run():
    def end(watched):
        torch.manual_seed(1)
        model = NETS["CNN with batch norm"]()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        doctor = quiet(model, optimizer, functional.cross_entropy)
        for index in range(30):
            x, y = torch.randn(16, 1, 8, 8), torch.randint(3, (16,))
            if index == 10:
                x[0, 0, 0, 0] = torch.inf
            loss = doctor.penalty(model(x), y) if watched else functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            if index != 10:
                loss.backward()
                optimizer.step()
        return [*model.state_dict().values(), torch.rand(1)], faults(doctor)

    (plain, _), (watched, found) = end(False), end(True)
    assert found == ["not-finite"]
    assert all(
        torch.equal(
            a,
            b,
        )
        or (a.isnan() == b.isnan()).all()
        for a, b in zip(plain, watched, strict=True)
    )


def hooks_of(model, optimizer):
    modules = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    parameters = [len(p._backward_hooks or ()) + len(p._post_accumulate_grad_hooks or ()) for p in model.parameters()]
    steps = len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)
    return sum(modules) + sum(parameters) + steps + len(_global_optimizer_post_hooks)


@every_optimizer
def test_hooks_are_few_after_the_first_steps_and_none_when_closed(make):
    model = mlp()
    optimizer = make(model.parameters())
    before = hooks_of(model, optimizer)
    doctor = quiet(model, optimizer)
    train(model, optimizer, doctor, 30)
    assert hooks_of(model, optimizer) - before <= 3
    doctor.close()
    assert hooks_of(model, optimizer) == before
    doctor.observe(torch.zeros((), requires_grad=True))
    assert doctor.steps == 30


def test_closing_lets_go_of_the_batches():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    doctor = quiet(model, optimizer)
    train(model, optimizer, doctor, 3)
    kept = [each.args[0] for each in doctor._ward._calls.kept]
    assert len(kept) == 2
    doctor.close()
    gc.collect()
    assert not doctor._ward._calls.kept


def test_dismissed_codes_are_never_said():
    model = mlp(nn.Softmax(1))
    optimizer = torch.optim.AdamW(model.parameters())
    with quiet(model, optimizer, dismiss=["softmax-twice", "decay-on-norms-and-biases"]) as doctor:
        train(model, optimizer, doctor, 5)
        assert not doctor.findings


def test_a_fault_is_told_once_when_it_is_found_and_a_note_is_not():
    told = []
    model = mlp(nn.Softmax(1))
    optimizer = torch.optim.AdamW(model.parameters())
    with sf.Doctor(model, optimizer, tell=told.append) as doctor:
        train(model, optimizer, doctor, 30)
    assert [text.splitlines()[0] for text in told] == ["FAULT softmax-twice (certain)"]
    assert [each.code for each in doctor.diagnosis.notes] == ["decay-on-norms-and-biases"]


def test_the_penalty_is_called_observed_and_returned():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    doctor = quiet(model, optimizer, nn.CrossEntropyLoss())
    x, y = batch()
    output = model(x)
    assert doctor.penalty(output, y) == functional.cross_entropy(output, y)
    doctor.close()
    with pytest.raises(InvalidValue, match="made without a penalty"):
        quiet(model, optimizer).penalty(output, y)


def test_a_doctor_that_fails_leaves_the_run_alone_and_says_so():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    doctor = quiet(model, optimizer)
    doctor._ward._penalties = None
    train(model, optimizer, doctor, 5)
    assert "The doctor itself failed and looked no further: AttributeError" in doctor.card()


def test_what_is_no_model_optimizer_penalty_or_code_is_refused_at_once():
    with pytest.raises(InvalidValue) as error:
        sf.Doctor(mlp, ["adam"], nn.MSELoss, dismiss=["softmax"])
    text = str(error.value)
    assert "model is a function" in text
    assert "optimizer is a str" in text
    assert "penalty is" in text
    assert "dismiss has 'softmax'" in text


def test_copies_and_pickles_of_the_model_work_and_are_not_watched():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        x = torch.randn(4, 8, requires_grad=True) * 2  # torch copies no tensor that has a graph
        doctor.observe(model(x).sum())
        for _ in range(12):
            train(model, optimizer, doctor, 1)
            model(x)
            graded = doctor._ward._calls.graded
            others = [
                copy.deepcopy(model),
                pickle.loads(pickle.dumps(model)),
                torch.optim.swa_utils.AveragedModel(model),
            ]
            for other in others:
                assert torch.equal(other.eval()(x), copy.deepcopy(model).eval()(x))
            assert doctor._ward._calls.graded == graded
        assert not faults(doctor)


def test_a_penalty_observed_after_its_backward_claims_nothing():
    model = mlp(nn.Softmax(1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        for _ in range(30):
            x, y = batch()
            loss = functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            doctor.observe(loss)
            optimizer.step()
        assert not [code for code in faults(doctor) if code != "softmax-twice"]


@pytest.mark.parametrize("watched", [True, False])
def test_a_spectral_norm_is_not_renewed_by_being_looked_at(watched):
    torch.manual_seed(3)
    model = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(8, 16)), nn.ReLU(), nn.Linear(16, 3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    doctor = quiet(model, optimizer) if watched else None
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    for _ in range(30):
        x, y = batch()
        loss = functional.cross_entropy(model(x), y)
        if doctor is not None:
            doctor.observe(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    norms = [tensor for name, tensor in model.state_dict().items() if name.endswith("_u")]
    torch.manual_seed(3)
    plain = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(8, 16)), nn.ReLU(), nn.Linear(16, 3))
    stepper = torch.optim.SGD(plain.parameters(), lr=0.05)
    for _ in range(30):
        x, y = batch()
        loss = functional.cross_entropy(plain(x), y)
        stepper.zero_grad()
        loss.backward()
        stepper.step()
    assert norms
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), plain.state_dict().values(), strict=True))


def test_a_scheduler_stepped_after_each_step_of_a_closure_is_silent():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
    doctor = quiet(model, optimizer)
    for _ in range(40):
        x, y = batch()

        def closure(x=x, y=y):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            loss.backward()
            return loss

        optimizer.step(closure)
        scheduler.step()
    assert faults(doctor) == []


# What is too small for float16


def halved(by, scaler=None, steps=24):
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05 / by)
    with quiet(model, optimizer) as doctor:
        for _ in range(steps):
            x, y = batch()
            with torch.autocast("cpu", torch.float16):
                loss = by * functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            optimizer.zero_grad()
            if scaler is None:
                loss.backward()
                optimizer.step()
            else:
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
        return faults(doctor)


def test_gradients_that_float16_rounds_away_are_found_with_and_without_a_scaler_and_others_are_not():
    assert halved(1e-6) == ["float16-underflow"]
    assert halved(1e-11, torch.amp.GradScaler("cpu")) == ["float16-underflow"]
    assert not halved(1.0)
    assert not halved(1e-3)
    assert not halved(1e-6, torch.amp.GradScaler("cpu"))


def test_a_small_term_beside_a_large_one_may_be_rounded_away():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with quiet(model, optimizer) as doctor:
        for _ in range(24):
            x, y = batch()
            with torch.autocast("cpu", torch.float16):
                output = model(x)
                loss = functional.cross_entropy(output, y) + 1e-8 * output.square().mean()
            doctor.observe(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert not faults(doctor)


# Autopsies


def test_batch_norms_statistics_that_a_nan_has_spoilt_in_this_pass_are_not_blamed():
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = sf.AdamW(model.parameters(), lr=1e-3)
    with quiet(model, optimizer) as doctor:
        for step in range(30):
            x, y = batch()
            if step == 25:
                x[5, 2] = torch.nan
            loss = functional.cross_entropy(model(x), y)
            doctor.observe(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        (found,) = [each for each in doctor.findings if each.code == "not-finite"]
        assert found.where.rows == (5,)
        assert "the input holds nan" in found.claim


class Rooted(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.head = nn.Parameter(torch.ones(8)), nn.Linear(8, 3)

    def forward(self, x):
        x = x * self.scale
        return self.head(x / (x.square().mean(1, keepdim=True).sqrt() + 1.0))


@every_optimizer
@pytest.mark.parametrize("each", [1, 2])
def test_a_gradient_is_explained_before_the_step_of_any_optimizer_and_in_any_of_the_passes_that_it_adds_up(make, each):
    model = Rooted()
    optimizer = make(model.parameters())
    with quiet(model, optimizer) as doctor:
        for step in range(40 * each):
            x, y = batch()
            if step == 30 * each:  # of two passes the first
                x[7] = 0.0
            loss = functional.cross_entropy(model(x), y) / each
            doctor.observe(loss)
            loss.backward()
            if step % each == each - 1:
                optimizer.step()
                optimizer.zero_grad()
        (found,) = [one for one in doctor.findings if one.code == "not-finite"]
        assert found.where.rows == (7,)
        assert "sqrt" in found.claim


def test_a_penalty_that_is_scaled_by_hand_is_replayed_with_its_scale():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with quiet(model, optimizer, functional.cross_entropy) as doctor:
        for _ in range(3):
            x, y = batch()
            with torch.autocast("cpu", torch.float16):
                loss = doctor.penalty(model(x), y)
            optimizer.zero_grad()
            (2.0**30 * loss).backward()
            optimizer.step()
        found = doctor.diagnosis.headline
        assert found.code == "not-finite"
        assert "float16" in found.claim


@pytest.mark.parametrize("inside", [False, True], ids=["observed after autocast", "within autocast"])
def test_a_weight_that_is_nan_is_named_though_autocast_has_cast_it_before(inside):
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with quiet(model, optimizer, functional.cross_entropy) as doctor:
        with torch.no_grad():
            model[0].weight[1] = torch.nan
        x, y = batch()
        with torch.autocast("cpu", torch.float16):
            loss = doctor.penalty(model(x), y) if inside else functional.cross_entropy(model(x), y)
        if not inside:
            doctor.observe(loss)
        (found,) = [each for each in doctor.findings if each.code == "not-finite"]
        assert found.where.layer == ("0.weight",)


# Loops


def test_an_optimizer_whose_parameters_take_part_in_a_later_penalty_only_is_followed_too():
    generator, critic = nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    both = nn.ModuleDict({"generator": generator, "critic": critic})
    first, second = (torch.optim.Adam(each.parameters(), lr=1e-3) for each in (generator, critic))
    with quiet(both, [first, second]) as doctor:
        for _ in range(12):
            second.zero_grad()
            told = critic(generator(torch.randn(16, 4)).detach()).mean() - critic(torch.randn(16, 2)).mean()
            doctor.observe(told)
            told.backward()
            second.step()
            penalty = -critic(generator(torch.randn(16, 4))).mean()  # the generator's gradients are never cleared
            doctor.observe(penalty)
            penalty.backward()
            first.step()
        assert faults(doctor) == ["zero-grad-missing"]


def test_a_softmax_by_hand_is_a_softmax_and_exponentials_over_another_sum_are_not():
    def over(dimension):
        def penalty(output, y):
            powers = (output - output.amax(1, keepdim=True)).exp()
            return functional.cross_entropy(powers / powers.sum(dimension, keepdim=True), y)

        return penalty

    for dimension, found in ((1, ["softmax-twice"]), (0, [])):
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with quiet(model, optimizer) as doctor:
            train(model, optimizer, doctor, 8, over(dimension))
            assert faults(doctor) == found


def test_layers_that_are_but_numbers_are_named_with_their_kind():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    model[2].forward = torch.Tensor.detach
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with quiet(model, optimizer) as doctor:
        train(model, optimizer, doctor, 24)
        (found,) = [each for each in doctor.findings if each.severity == "fault"]
        assert found.where.layer == ("0",)
        assert found.claim.startswith("0 (Linear) is in the optimizer")


def test_every_claim_is_a_sentence():
    assert CHECKS["equal-units"].finding("All is equal", "nothing").claim == "All is equal."
    assert CHECKS["equal-units"].finding("All is equal.", "nothing").claim == "All is equal."
