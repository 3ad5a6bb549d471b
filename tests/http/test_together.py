"""All roles together by the API alone: an agency lists, an organisation publishes, twelve bid, an
auctioneer conducts with an incident and a withdrawal, money and minutes follow, a procurator
watches. Each act is pressed by strangers, by two at once and again (`together.Stage.press`)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import contract
import pytest
import pytest_asyncio
import together_after as after
import together_beside as beside
import together_story as story
from house import running_house
from moved_clock import moved_clock
from post.mailserver import mail_server
from together import stage_of
from together_story import BIDDERS, Sale

from auction_engine.settings import Settings

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]
_MANY = {
    "messages_per_s": 500, "messages_burst": 500, "pages_per_s": 900, "pages_burst": 900,
    "tokens_per_s": 500, "tokens_burst": 500,
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sale(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sale]:
    database = f"together_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("together"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    limits = settings.limits.model_copy(update=_MANY)
    with mail_server() as mail:
        told = settings.model_copy(update={"limits": limits, "smtp_url": mail.url})
        async with moved_clock(told) as clock, running_house(told, lots=0) as house:
            house.hooks.append(contract.check)
            async with stage_of(house, clock) as stage:
                await stage.registers(BIDDERS[0], mail)
                for login in BIDDERS[1:]:
                    await stage.comes(login, "bidder")
                yield Sale(stage)
    servers.drop_database(database)


async def test_one_sale_by_the_api_alone(sale: Sale) -> None:
    for chapter in (
        story.agency_lists,
        story.organisation_takes_on,
        story.session_is_published,
        story.bidders_register,
        beside.question_is_answered,
        story.dossiers_are_decided,
        beside.list_is_opened_by_two,
        after.session_is_held,
        after.result_is_signed,
        beside.complaint_is_decided,
        after.price_is_paid,
        after.proceeds_are_shared,
        after.case_is_closed,
        after.it_is_looked_at,
        beside.identities_are_read,
    ):
        await chapter(sale)
        if sale.lots:
            assert await sale.stage.out_of_order(sale.lot) > 20
    assert sale.stage.pressed > 60
