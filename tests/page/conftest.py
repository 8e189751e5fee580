"""The browser and the page served for it, started once for each file of tests that need them."""

import pytest


@pytest.fixture(scope="module")
def browser():
    from page.chromium import launched

    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(shelf):
    """The page's address with its token."""
    from page.chromium import served

    with served(shelf) as found:
        yield found
