"""A browser for tests of pages."""

import pytest

import browser as browsers


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium without a window."""
    if browsers.CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with browsers.Browser(tmp_path_factory.mktemp("browser")) as found:
        yield found
