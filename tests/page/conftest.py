"""The browser, started once for each file of tests that need one."""

import pytest


@pytest.fixture(scope="module")
def browser():
    from page.chromium import launched

    with launched() as found:
        yield found
