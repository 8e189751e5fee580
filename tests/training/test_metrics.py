"""Laws of metrics: functions are means over items, torchmetrics' objects are computed over the whole validation set."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torchmetrics import ConfusionMatrix, MeanSquaredError, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassAUROC, MulticlassF1Score, MulticlassRecall
from torchmetrics.functional.classification import multiclass_auroc, multiclass_f1_score

from surefoot.errors import InvalidValue, TaskError
from surefoot.fitting import fit
from surefoot.pytorch.penalties import CrossEntropy
from surefoot.training.batches import Batches
from surefoot.training.compute import Compute
from surefoot.training.task import Task
from surefoot.training.validation import validated

X = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
Y = X[:, :4].argmax(1)


def task(metrics, size=7, **changes):
    return Task(
        model=lambda: nn.Linear(6, 4), penalty=CrossEntropy(), train=Batches(X, Y, size=10),
        validation=Batches(X, Y, size=size), metrics=metrics, **changes,
    )  # fmt: skip


def model():
    torch.manual_seed(0)
    return nn.Linear(6, 4)


def accuracy(output, target):
    return (output.argmax(1) == target).float().mean()


def test_an_object_is_computed_over_the_whole_set_and_not_as_a_mean_of_batches():
    found = validated(task({"f1": MulticlassF1Score(4), "auroc": MulticlassAUROC(4)}), model())
    output = model()(X)
    assert found["f1"] == pytest.approx(multiclass_f1_score(output, Y, 4).item())
    assert found["auroc"] == pytest.approx(multiclass_auroc(output, Y, 4).item())
    whole = validated(task({"f1": lambda output, target: multiclass_f1_score(output, target, 4)}), model())
    assert whole["f1"] != pytest.approx(found["f1"], rel=1e-3)


def test_objects_and_functions_mix_and_keep_their_order():
    metrics = {"b": MulticlassAccuracy(4, average="micro"), "a": accuracy, "c": MulticlassRecall(4)}
    found = validated(task(metrics), model())
    assert list(found) == ["validation_penalty", "b", "a", "c"]
    assert found["a"] == pytest.approx(found["b"])


def test_each_check_starts_from_nothing_and_leaves_the_users_object_as_it_was():
    metric = MulticlassAccuracy(4, average="micro")
    metric.update(torch.tensor([0, 1]), torch.tensor([1, 0]))
    before = {name: value.clone() for name, value in metric.metric_state.items()}
    first, again = (validated(task({"accuracy": metric}), model()) for _ in range(2))
    assert first == again
    assert first["accuracy"] == pytest.approx(accuracy(model()(X), Y).item())
    assert all(torch.equal(value, before[name]) for name, value in metric.metric_state.items())


def test_fit_records_them_at_each_check():
    run = fit(task({"f1": MulticlassF1Score(4), "accuracy": accuracy}), steps=200)
    assert run.trace["f1"].steps.tolist() == run.trace["validation_penalty"].steps.tolist()
    assert run.best["f1"] == pytest.approx(multiclass_f1_score(run.model(X), Y, 4).item())
    assert run.best["f1"] > 0.8


def test_several_numbers_are_each_recorded_under_the_metrics_name_and_their_own():
    both = MetricCollection({"recall": MulticlassRecall(4), "f1": MulticlassF1Score(4)})
    rows = MulticlassRecall(4, average=None)
    found = validated(task({"all": both, "class": rows}), model())
    names = ["all_f1", "all_recall", "class_0", "class_1", "class_2", "class_3"]
    assert sorted(found)[:-1] == names
    assert found["all_recall"] == pytest.approx(sum(found[f"class_{n}"] for n in range(4)) / 4)


class Says(Metric):
    """A metric that gives what it is told to."""

    def __init__(self, says):
        super().__init__()
        self.says = says

    def update(self, output, target):
        pass

    def compute(self):
        return self.says


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (
            {"table": ConfusionMatrix(task="multiclass", num_classes=4)},
            r"'table' gave a tensor of shape \(4, 4\); use one",
        ),
        ({"curve": Says((torch.ones(2), torch.ones(2)))}, "'curve' gave a tuple"),
        ({"all": Says({"word": "good"})}, "'all_word' gave a str"),
        ({"a": Says({"b": 1.0}), "a_b": accuracy}, "more than one number is called a_b"),
        ({"validation": Says({"penalty": 1.0})}, "more than one number is called validation_penalty"),
    ],
)
def test_what_gives_no_numbers_or_taken_names_is_told(metrics, words):
    with pytest.raises(TaskError, match=words):
        validated(task(metrics), model())


def test_a_metric_that_fails_ends_the_run_and_says_where():
    with pytest.raises(TaskError, match=r"t: judging validation batch 1 \(step 5\) failed: "):
        fit(task({"mse": MeanSquaredError()}, name="t"), steps=5)
    table = ConfusionMatrix(task="multiclass", num_classes=4)
    with pytest.raises(
        TaskError, match=r"computing the metrics after validation batch 8 \(step 5\) failed: metric 'table'"
    ):
        fit(task({"table": table}), steps=5)


def test_a_class_in_place_of_an_object_is_refused():
    with pytest.raises(
        InvalidValue, match=r"metric 'f1' is the class MulticlassF1Score; make one: MulticlassF1Score\(\.\.\.\)"
    ):
        task({"f1": MulticlassF1Score})


def test_objects_are_given_float32_in_a_run_of_bfloat16():
    seen = []

    class Seen(Says):
        def update(self, output, target):
            seen.append((output.dtype, target.dtype))

    validated(task({"seen": Seen(1.0)}, size=50), model(), compute=Compute(precision="bfloat16"))
    assert seen == [(torch.float32, torch.int64)]


def test_torchmetrics_is_not_imported_by_a_run_that_does_without_it():
    code = (
        "import sys, torch; from torch import nn; from surefoot.fitting import fit\n"
        "from surefoot.training.batches import Batches; from surefoot.training.task import Task\n"
        "data = Batches(torch.ones(4, 1), torch.ones(4, 1))\n"
        "metrics = {'twice': lambda output, target: 2 * output.mean()}\n"
        "model = lambda: nn.Linear(1, 1)\n"
        "fit(Task(model=model, penalty=nn.MSELoss(), train=data, validation=data, metrics=metrics), steps=2)\n"
        "sys.exit('torchmetrics' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
