"""Whether a run is set up right, before it begins: the checks; `start_data` and `start_model` judge."""

from surefoot.diagnose.check import Check

SEES = "sf.examine(task), or surefoot check"

_LOADER = "loader = lambda x, y: torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32)\n"

INPUTS_NOT_FINITE = Check(
    code="inputs-not-finite",
    title="inputs or targets hold NaN or infinity",
    evidence="certain",
    severity="fault",
    question="are the data finite?",
    why="One NaN makes the penalty NaN, and the step after it every weight; nothing brings them back.",
    disproof="The penalty of the named batch is finite, since the model fills in what is missing.",
    sees=SEES,
    at="start",
    explains=(
        "inputs-not-scaled", "activation-scale", "overconfident-outputs", "initial-penalty", "cannot-overfit-one-batch",
    ),
    example="""\
x, y = torch.randn(64, 3), torch.randn(64, 1)
x[5, 1] = float("nan")
task = sf.Task(model=lambda: torch.nn.Linear(3, 1), penalty=sf.MeanSquaredError(), train=sf.Batches(x, y))
found = sf.examine(task)""",
)  # fmt: skip

INPUTS_NOT_SCALED = Check(
    code="inputs-not-scaled",
    title="inputs are far from mean 0 and spread 1",
    evidence="certain",
    severity="note",
    question="are the inputs scaled?",
    why="A column a thousand times larger than another gets a gradient a thousand times larger, so no one step size "
    "suits both; inputs far from 0 do the same to every weight beside its bias. It is a fault where the first penalty "
    "shows it too.",
    disproof="The model scales its inputs itself, behind a first layer that is not one of torch's.",
    sees=SEES,
    at="start",
    explains=("activation-scale", "overconfident-outputs", "initial-penalty", "cannot-overfit-one-batch"),
    source="LeCun, Bottou, Orr & Muller 1998, Efficient BackProp, section 4.3",
    example="""\
x = torch.stack([torch.randn(64), 5000.0 + torch.randn(64)], 1)
task = sf.Task(model=lambda: torch.nn.Linear(2, 1), penalty=sf.MeanSquaredError(),
               train=sf.Batches(x, torch.randn(64, 1)))
found = sf.examine(task)""",
)

CONSTANT_COLUMNS = Check(
    code="constant-columns",
    title="columns of the input never change",
    evidence="certain",
    severity="note",
    question="does every column of the input say something?",
    why="A column that is the same in every row teaches nothing; often something before it has gone wrong.",
    disproof="Rows that were not read have other values in it.",
    sees=SEES,
    at="start",
    example="""\
x = torch.randn(64, 3)
x[:, 1] = 7.0
task = sf.Task(model=lambda: torch.nn.Linear(3, 1), penalty=sf.MeanSquaredError(),
               train=sf.Batches(x, torch.randn(64, 1)))
found = sf.examine(task)""",
)

LABELS_SUSPICIOUS = Check(
    code="labels-suspicious",
    title="labels that the penalty cannot mean",
    evidence="certain",
    severity="fault",
    question="do the labels suit the penalty?",
    why="Labels outside the penalty's range give an error, or a number that means nothing; labels that are all one "
    "class teach a constant. What may be meant, such as very unequal classes, is a note.",
    disproof="Rows that were not read have the classes that are missing, or the range is meant.",
    sees=SEES,
    at="start",
    explains=("initial-penalty", "overconfident-outputs", "cannot-overfit-one-batch"),
    example="""\
data = sf.Batches(torch.randn(64, 2), torch.randint(1, 5, (64,)))  # classes 1 to 4 for outputs 0 to 3
task = sf.Task(model=lambda: torch.nn.Linear(2, 4), penalty=sf.CrossEntropy(), train=data)
found = sf.examine(task)""",
)

LABELS_SORTED = Check(
    code="labels-sorted",
    title="batches hold one class each",
    evidence="certain",
    severity="fault",
    question="are the rows shuffled?",
    why="Every step then pulls all outputs to the class at hand and unlearns the one before.",
    disproof="The order is meant, as in a curriculum or a stream.",
    sees=SEES,
    at="start",
    explains=("initial-penalty",),
    source="the G test: Sokal & Rohlf 1995, Biometry, chapter 17; its spread is taken from shuffled labels",
    example=_LOADER
    + """\
x, y = torch.randn(320, 2), torch.arange(320) // 64
task = sf.Task(model=lambda: torch.nn.Linear(2, 5), penalty=sf.CrossEntropy(), train=loader(x, y))
found = sf.examine(task)""",
)

ROWS_IN_BOTH = Check(
    code="rows-in-both",
    title="training rows stand in the validation data",
    evidence="certain",
    severity="fault",
    question="are the validation rows unseen?",
    why="The validation penalty then measures memory, and early stopping and the choice of a step size trust it.",
    disproof="The rows are equal by chance, as in a space of few values, and not copies.",
    sees=SEES,
    at="start",
    example="""\
x, y = torch.randn(200, 4), torch.randn(200, 1)
task = sf.Task(model=lambda: torch.nn.Linear(4, 1), penalty=sf.MeanSquaredError(),
               train=sf.Batches(x[:160], y[:160]), validation=sf.Batches(x[140:], y[140:]))
found = sf.examine(task)""",
)

INITIAL_PENALTY = Check(
    code="initial-penalty",
    title="the first penalty is far above that of a model that says nothing",
    evidence="certain",
    severity="fault",
    question="is the first penalty what it should be?",
    why="A new model should know nothing; one that is confident and wrong spends its first steps on unlearning that. "
    "From 1.5 times (quantities: 3) it is a note, from 3 times (10) a fault.",
    disproof="The model begins with what it has learnt elsewhere, or the targets' unit is meant and it learns in it.",
    sees=SEES,
    at="start",
    explains=("cannot-overfit-one-batch",),
    source="Karpathy 2019, A Recipe for Training Neural Networks",
    example="""\
model = torch.nn.Linear(4, 3)
torch.nn.init.normal_(model.weight, std=20.0)
data = sf.Batches(torch.randn(64, 4), torch.arange(64) % 3)
found = sf.examine(sf.Task(model=model, penalty=sf.CrossEntropy(), train=data))""",
)

OVERCONFIDENT_OUTPUTS = Check(
    code="overconfident-outputs",
    title="the last layer begins too large",
    evidence="certain",
    severity="fault",
    question="are the first outputs undecided?",
    why="Outputs that spread by more than 3 before any step are nearly certain, and the wrong ones cost most.",
    disproof="The spread is below 3, or the first penalty no higher than that of equal outputs.",
    sees=SEES,
    at="start",
    explains=("initial-penalty",),
    source="Karpathy 2019, A Recipe for Training Neural Networks",
    example=INITIAL_PENALTY.example,
)

ACTIVATION_SCALE = Check(
    code="activation-scale",
    title="what differs between rows vanishes or grows from layer to layer",
    evidence="certain",
    severity="fault",
    question="does the signal keep its size through the layers?",
    why="A signal that shrinks or grows by a factor at every layer does so to the gradient on its way back. Beyond a "
    "factor of 1,000 at the last layer it is a note, beyond a million a fault.",
    disproof="The named layers' inputs, with rows that differ, differ as much as the first layer's.",
    sees=SEES,
    at="start",
    explains=("overconfident-outputs", "initial-penalty", "cannot-overfit-one-batch"),
    source="Glorot & Bengio 2010; He, Zhang, Ren & Sun 2015 (arXiv:1502.01852)",
    example="""\
layers = [part for _ in range(8) for part in (torch.nn.Linear(8, 8), torch.nn.Sigmoid())]
data = sf.Batches(torch.randn(64, 8), torch.arange(64) % 3)
task = sf.Task(model=torch.nn.Sequential(*layers, torch.nn.Linear(8, 3)), penalty=sf.CrossEntropy(), train=data)
found = sf.examine(task)""",
)

BATCH_MIXING = Check(
    code="batch-mixing",
    title="a row's output depends on other rows",
    evidence="tested",
    severity="fault",
    question="is each row of a batch answered by itself?",
    why="A reshape or an attention over the wrong dimension mixes the rows: the model trains on what it will not have "
    "when it answers one row, and nothing else shows it.",
    disproof="Rows are meant to see each other in evaluation mode too, as in contrastive or set models.",
    sees=SEES,
    at="start",
    explains=("cannot-overfit-one-batch",),
    source="Karpathy 2019, A Recipe for Training Neural Networks (use backprop to chart dependencies)",
    example="""\
class Mixing(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.last = torch.nn.Linear(6, 3)
    def forward(self, x):
        return self.last(x.t().reshape(x.shape))
data = sf.Batches(torch.randn(64, 6), torch.arange(64) % 3)
found = sf.examine(sf.Task(model=Mixing, penalty=sf.CrossEntropy(), train=data))""",
)

CANNOT_OVERFIT = Check(
    code="cannot-overfit-one-batch",
    title="a few rows cannot be learnt by heart",
    evidence="tested",
    severity="fault",
    question="can the model learn a few rows by heart?",
    why="A model that cannot learn 2 rows in 200 steps will not learn a data set: the gradient does not reach it, its "
    "outputs cannot take the targets' values, or rows and targets do not belong together.",
    disproof="A copy of the model learns these rows with another optimizer.",
    sees=SEES,
    at="start",
    source="Karpathy 2019, A Recipe for Training Neural Networks (overfit one batch)",
    example="""\
model = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Softmax(1))  # CrossEntropy has its own softmax
data = sf.Batches(torch.randn(64, 6), torch.arange(64) % 3)
found = sf.examine(sf.Task(model=model, penalty=sf.CrossEntropy(), train=data))""",
)

CHECKS: tuple[Check, ...] = (
    INPUTS_NOT_FINITE, INPUTS_NOT_SCALED, CONSTANT_COLUMNS, LABELS_SUSPICIOUS, LABELS_SORTED, ROWS_IN_BOTH,
    INITIAL_PENALTY, OVERCONFIDENT_OUTPUTS, ACTIVATION_SCALE, BATCH_MIXING, CANNOT_OVERFIT,
)  # fmt: skip
"""In the order in which they are looked at: the data first, what trains a copy last."""
