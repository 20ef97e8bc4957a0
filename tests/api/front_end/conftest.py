"""The front-end's server, with an admin of the organisation behind it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.people import People

from .site import Site


@pytest.fixture
def site(client: FlaskClient, who: People) -> Site:
    return Site(client, who)
