from __future__ import annotations

import pytest

from .factories import JournalWriter, realistic, writer

LOTS = [3, 4, 8, 9]


@pytest.fixture
async def journal(database_url: str) -> JournalWriter:
    """Four lots bid for side by side, some 300 entries; lot 9 is still open."""
    async with writer(database_url) as journal:
        await realistic(journal, LOTS, bids=60, bidders=5)
    return journal
