"""Every rule walks the path that its paper, or the library that it is named after, describes."""

import numpy as np
import oracles
import paths
import pytest

from surefoot.rules import RULES


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factors", [None, paths.factors(200)], ids=["one step size", "a schedule"])
def test_the_reference_walks_the_papers_path(name, seed, factors):
    script = paths.gradients(200, seed=seed)
    theta = paths.start(seed=seed + 10)
    ours = paths.reference_path(RULES[name], theta, script, paths.CONSTANTS[name], factors=factors)
    papers = getattr(oracles, name)(theta, script, factors=factors, **paths.CONSTANTS[name])
    assert len(ours) == len(papers) == 200
    for step in (0, 1, 9, 199):
        np.testing.assert_allclose(ours[step], papers[step], rtol=1e-12, atol=1e-13)


def test_every_rule_has_an_oracle_and_constants_that_matter():
    for name, rule in RULES.items():
        assert callable(getattr(oracles, name))
        assert {*paths.CONSTANTS[name]} == {*rule.constants}
