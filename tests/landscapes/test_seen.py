"""What is said of a path is what it did."""

import pytest

from surefoot.landscapes import NoisyBowl, Quadratic, Rosenbrock, Saddle, path, seen

BOWL = Quadratic(10.0)


def said(surface, rule, steps, share=0.5, start=None, **settings):
    return seen(surface, path(surface, rule, start or surface.start, steps, settings), share)


@pytest.mark.parametrize(
    ("step_size", "begins"),
    [
        (0.25, "diverges: step size x curvature is 0.25 x 10 = 2.5, above 2."),
        (0.205, "diverges: step size x curvature is 0.205 x 10 = 2.05, above 2."),
        (0.199, "zigzags: 100 % of its steps turn back, and it ends"),
        (0.1, "arrives: after 6"),
        (0.001, "is still under way"),
    ],
)
def test_of_gradient_descent_on_a_bowl_the_step_size_times_the_curvature_says_what_is_seen(step_size, begins):
    assert said(BOWL, "sgd", 100, start=(3.0, 1.8), step_size=step_size).startswith(begins)


def test_of_momentum_the_limit_that_is_passed_is_its_own():
    assert "above 3.8." in said(BOWL, "momentum", 100, step_size=0.5, momentum=0.9)


def test_a_path_that_diverges_where_the_start_is_gentle_is_told_by_its_penalty():
    assert said(Rosenbrock(), "sgd", 100, start=(0.0, 0.0), step_size=0.02).startswith("diverges: ")


def test_in_noise_the_mean_is_told_to_be_nearer():
    text = said(NoisyBowl(noise=4.0), "sgd", 400, 0.8, step_size=0.3)
    assert "the mean of its last 80 % is" in text
    assert text.endswith("nearer.")


def test_under_way_the_mean_is_told_to_be_farther():
    assert said(BOWL, "sgd", 100, 1.0, step_size=0.05).endswith("farther, since it remembers the way.")


def test_on_the_pass_a_path_is_told_to_be_stuck():
    assert said(Saddle(), "sgd", 40, start=(0.0, 1.2), step_size=0.3).startswith(
        "is still near a place without a slope"
    )
