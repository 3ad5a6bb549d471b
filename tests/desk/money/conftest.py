from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .house import House, house


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[House]:
    """A house of its own in a fresh database."""
    async with house(database_url) as made:
        yield made
