"""What a run that is no longer finite died of."""

from surefoot.diagnose.check import Check

NOT_FINITE = Check(
    code="not-finite",
    title="the penalty or a gradient is not finite",
    evidence="certain",
    severity="fault",
    question="why the run is not finite",
    explains=("falls", "step-never-called"),
    why="One step with a gradient that is nan leaves every weight nan, and all that follows is lost. The batch is "
    "replayed from its random state with every operation recorded, so the first module and operation, what was at "
    "fault and the rows are known, without anomaly mode having been on.",
    disproof="The replay of the same batch with the change made is not finite either, at the same operation.",
    example="""\
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
doctor = sf.Doctor(model, optimizer)
x = torch.tensor([[1.0, 2.0], [3.0, torch.nan]])
loss = model(x).square().mean()
doctor.observe(loss)
loss.backward()
""",
)

CHECKS: tuple[Check, ...] = (NOT_FINITE,)
