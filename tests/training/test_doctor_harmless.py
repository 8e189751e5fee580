"""A run with a doctor is bit for bit the run without: compiled, in half precision, by accumulation or closure, by two."""

import shutil

import pytest
import torch
import torch.distributed as distributed
from torch import nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

import surefoot as sf

STEPS = 50
LIBRARIES = {"torch": torch.optim, "surefoot": sf}
both = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)


def net():
    return nn.Sequential(nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


def batch():
    x = torch.randn(24, 12)
    return x, x[:, :3].argmax(1)


def hooks_of(model, optimizer):
    """Return how many hooks hang on a model, its parameters, an optimizer and all optimizers."""
    modules = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    own = sum(len(p._backward_hooks or ()) + len(p._post_accumulate_grad_hooks or ()) for p in model.parameters())
    steps = len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)
    steps += getattr(optimizer, "witness", None) is not None
    return modules + own + steps + len(_global_optimizer_post_hooks) + len(_global_optimizer_pre_hooks)


def plain(model, optimizer, see):
    for _ in range(STEPS):
        x, y = batch()
        penalty = functional.cross_entropy(model(x), y)
        see(penalty)
        optimizer.zero_grad()
        penalty.backward()
        optimizer.step()


def autocast_bfloat16(model, optimizer, see):
    for _ in range(STEPS):
        x, y = batch()
        with torch.autocast("cpu", torch.bfloat16):
            penalty = functional.cross_entropy(model(x), y)
        see(penalty)
        optimizer.zero_grad()
        penalty.backward()
        optimizer.step()


def autocast_float16_with_a_scaler(model, optimizer, see):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20, growth_interval=10)
    for _ in range(STEPS):
        x, y = batch()
        with torch.autocast("cpu", torch.float16):
            penalty = functional.cross_entropy(model(x), y)
        see(penalty)
        optimizer.zero_grad()
        scaler.scale(penalty).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def accumulation(model, optimizer, see):
    for index in range(STEPS):
        x, y = batch()
        penalty = functional.cross_entropy(model(x), y) / 3
        see(penalty)
        penalty.backward()
        if index % 3 == 2:
            optimizer.step()
            optimizer.zero_grad()


def closure(model, optimizer, see):
    for _ in range(STEPS):
        x, y = batch()

        def penalty_of(x=x, y=y):
            optimizer.zero_grad()
            penalty = functional.cross_entropy(model(x), y)
            see(penalty)
            penalty.backward()
            return penalty

        optimizer.step(penalty_of)


LOOPS = [plain, autocast_bfloat16, autocast_float16_with_a_scaler, accumulation, closure]


def ended(loop, library, watched, wrapped=lambda model: model):
    """Return a run's weights, statistics, optimizer state and the next random number, and what hooks it left."""
    torch.manual_seed(3)
    model = wrapped(net())
    optimizer = library.AdamW(model.parameters(), lr=1e-2)
    before = hooks_of(model, optimizer)
    doctor = sf.Doctor(model, optimizer, tell=None) if watched else None
    loop(model, optimizer, doctor.observe if doctor else lambda penalty: None)
    if doctor:
        doctor.close()
        assert "failed" not in doctor.card()
        assert doctor.diagnosis.sound
        assert hooks_of(model, optimizer) == before
    state = [value for each in optimizer.state.values() for value in each.values() if isinstance(value, torch.Tensor)]
    return [*model.state_dict().values(), *state, torch.rand(2)]


def same(one, other):
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@both
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__.replace("_", " "))
def test_a_run_is_bit_for_bit_the_same_with_a_doctor_and_keeps_no_hook(loop, library):
    assert same(ended(loop, library, watched=False), ended(loop, library, watched=True))


def test_a_line_search_by_closures_is_bit_for_bit_the_same():
    def end(watched):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 3))
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4, line_search_fn="strong_wolfe")
        doctor = sf.Doctor(model, optimizer, tell=None) if watched else None
        closure(model, optimizer, doctor.observe if doctor else lambda penalty: None)
        if doctor:
            doctor.close()
        return [*model.state_dict().values()]

    assert same(end(False), end(True))


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")  # torch's own
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_a_compiled_model_is_bit_for_bit_the_same(backend):
    if backend == "inductor" and shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("inductor needs a C++ compiler, and there is none on this machine")

    def compiled(model):
        torch.compiler.reset()
        return torch.compile(nn.Sequential(model[0], model[2], model[4]), backend=backend)

    assert same(ended(plain, torch.optim, False, compiled), ended(plain, torch.optim, True, compiled))


def _rank(rank, folder):
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    torch.set_num_threads(1)

    def shared(model):
        found = DistributedDataParallel(model)
        torch.manual_seed(10 + rank)  # each has batches of its own
        return found

    try:
        for library in LIBRARIES.values():
            for loop in (plain, accumulation):
                assert same(ended(loop, library, False, shared), ended(loop, library, True, shared))
        distributed.barrier()  # gloo aborts a process whose peer has hung up
    finally:
        distributed.destroy_process_group()


@pytest.mark.skipif(not distributed.is_available(), reason="this torch has no torch.distributed")
def test_two_processes_that_share_their_gradients_are_bit_for_bit_the_same(tmp_path):
    torch.multiprocessing.spawn(_rank, args=(str(tmp_path),), nprocs=2)
