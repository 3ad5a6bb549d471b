from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from auction_engine.identity import accounts, people, recovery
from auction_engine.identity.personal import email_mark
from auction_engine.ledger.schema import Base
from auction_engine.post import outbox, values
from auction_engine.settings import Settings
from identity.folk import AN, BINH, HASH, Folk, dumped, folk_of


@pytest.fixture
async def folk(settings: Settings) -> AsyncIterator[Folk]:
    async with folk_of(settings) as made:
        yield made


def kinds(statements: list[str]) -> list[str]:
    """What was done to which table, without the values."""
    return [" ".join(one.split()[:3]) for one in statements]


async def test_nothing_personal_is_readable_in_any_table(folk: Folk) -> None:
    account = await folk.registered()
    await people.change(
        folk.engine, folk.vault, account, address="12 Nguyễn Huệ", bank_account="007100012345"
    )
    await people.register(folk.engine, folk.vault, BINH, HASH, "vi")  # and one not confirmed
    for table in Base.metadata.tables:
        shown = dumped(await folk.sql(f'SELECT * FROM "{table}"'))
        for secret in (
            "Nguyễn", "Lê Thị", "079200", "example.com", "0901234567", "Huệ", "0071000",
        ):  # fmt: skip
            assert secret not in shown, table
            assert secret.encode().hex() not in shown, table


async def test_an_account_is_found_by_its_address_however_typed(folk: Folk) -> None:
    account = await folk.registered()
    mark = email_mark(folk.vault, " An@EXAMPLE.com ")
    found = await accounts.find_by_email_mark(folk.engine, mark)
    assert found is not None
    assert (found[0].id, found[0].role, found[1]) == (account, "bidder", HASH)
    assert accounts.may_sign_in(found[0])
    other = await accounts.find_by_email_mark(folk.engine, email_mark(folk.vault, "x@example.com"))
    assert other is None


async def test_known_and_unknown_take_the_same_statements(folk: Folk) -> None:
    await folk.registered()
    cases = {
        "new": BINH,
        "address": replace(BINH, email="an@example.com"),
        "identity": replace(BINH, email="other@example.com", identity=AN.identity),
        "both": AN,
    }
    seen = {}
    for name, personal in cases.items():
        with folk.counting() as statements:
            await people.register(folk.engine, folk.vault, personal, HASH, "vi")
        seen[name] = kinds(statements)
    assert len({tuple(one) for one in seen.values()}) == 1, seen
    seen = {}
    for name, address in (("known", "an@example.com"), ("unknown", "nobody@example.com")):
        with folk.counting() as statements:
            await recovery.ask(folk.engine, folk.vault, address)
        seen[name] = kinds(statements)
    assert seen["known"] == seen["unknown"]


async def test_somebody_who_has_not_confirmed_blocks_nobody(folk: Folk) -> None:
    stranger = replace(AN, email="stranger@example.com")
    await people.register(folk.engine, folk.vault, stranger, HASH, "vi")
    late = await folk.token()
    account = await folk.registered()  # the number's owner, meanwhile
    assert await people.confirm(folk.engine, folk.vault, late) is None
    assert (await folk.person(account))["email_mark"] == email_mark(folk.vault, "an@example.com")
    told = [(to, kind) for to, kind, _ in await folk.letters()]
    assert ("an@example.com", "people.tried") in told
    assert [kind for to, kind in told if to == "stranger@example.com"] == ["people.confirm"]


async def test_two_links_at_the_same_moment_make_one_account(folk: Folk) -> None:
    tokens = []
    for n in range(6):
        personal = replace(AN, email=f"an{n}@example.com")
        await people.register(folk.engine, folk.vault, personal, HASH, "vi")
        tokens.append(await folk.token())
    confirmed = await asyncio.gather(
        *(people.confirm(folk.engine, folk.vault, token) for token in tokens)
    )
    assert len([account for account in confirmed if account is not None]) == 1
    assert len(await folk.sql("SELECT 1 FROM person")) == 1
    assert len(await folk.sql("SELECT 1 FROM account")) == 1


async def test_a_link_has_its_time_and_only_a_hash_of_it_is_kept(folk: Folk) -> None:
    await people.register(folk.engine, folk.vault, AN, HASH, "vi")
    token = await folk.token()
    assert token not in dumped(await folk.sql("SELECT * FROM registration"))
    await folk.sql("UPDATE registration SET expires_at = now()")
    assert await people.confirm(folk.engine, folk.vault, token) is None
    # The next registration takes it away.
    await people.register(folk.engine, folk.vault, BINH, HASH, "vi")
    assert len(await folk.sql("SELECT 1 FROM registration")) == 1


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "é" * 43, "x" * 5000])
async def test_made_up_links_are_nothing(folk: Folk, token: str) -> None:
    assert await people.confirm(folk.engine, folk.vault, token) is None
    assert await recovery.holder(folk.engine, token, "RECOVER") is None
    assert await recovery.recover(folk.engine, token, HASH) is None
    assert await recovery.confirm_email(folk.engine, folk.vault, token) is None


async def test_the_holder_hears_once_a_day(folk: Folk) -> None:
    await folk.registered()
    for _ in range(5):
        await people.register(folk.engine, folk.vault, AN, HASH, "vi")
    assert [kind for _, kind, _ in await folk.letters()].count("people.tried") == 1


async def test_a_link_for_one_purpose_is_none_for_another(folk: Folk) -> None:
    account = await folk.registered()
    await recovery.ask(folk.engine, folk.vault, "an@example.com")
    token = await folk.token("people.recover")
    assert await recovery.confirm_email(folk.engine, folk.vault, token) is None
    assert await people.confirm(folk.engine, folk.vault, token) is None
    assert await recovery.holder(folk.engine, token, "EMAIL") is None
    assert await recovery.holder(folk.engine, token, "RECOVER") == account
    await folk.sql("UPDATE one_use_token SET expires_at = now()")
    assert await recovery.recover(folk.engine, token, HASH) is None


async def test_links_end_with_the_password_and_the_address_they_were_asked_under(
    folk: Folk,
) -> None:
    """Whoever was in an account does not come back by a link he asked for meanwhile."""
    account = await folk.registered()
    await recovery.ask_email(folk.engine, folk.vault, account, "thief@example.com")
    link = await folk.token("people.email_new")
    await recovery.ask(folk.engine, folk.vault, "an@example.com")
    done = await recovery.recover(folk.engine, await folk.token("people.recover"), HASH)
    assert done is not None
    assert await recovery.confirm_email(folk.engine, folk.vault, link) is None
    # Nor whoever reads the mailbox that its owner has left.
    await recovery.ask(folk.engine, folk.vault, "an@example.com")
    left = await folk.token("people.recover")
    await recovery.ask_email(folk.engine, folk.vault, account, "new@example.com")
    token = await folk.token("people.email_new")
    assert await recovery.confirm_email(folk.engine, folk.vault, token) == account
    assert await recovery.recover(folk.engine, left, HASH) is None


async def test_letters_to_addresses_not_confirmed_say_nothing_of_the_askers(folk: Folk) -> None:
    """Or anybody could write to strangers, in our name, what he likes for a name."""
    account = await folk.registered()
    await recovery.ask_email(folk.engine, folk.vault, account, "stranger@example.com")
    told = {kind: words for _, kind, words in await folk.letters()}
    assert AN.name not in told["people.confirm"]
    assert AN.name not in told["people.email_new"]
    assert AN.name in told["people.welcome"]


async def test_a_value_called_name_is_not_its_readers_name(folk: Folk) -> None:
    account = await folk.registered()
    told = {"name": "Laptop", "when": values.moment(0), "link": values.link("/account/security")}
    async with folk.engine.begin() as connection:
        for kind in ("passkey_added", "passkey_removed"):
            await outbox.put(connection, to=account, kind=kind, values=told)
    letters = [words for _, kind, words in await folk.letters() if kind.startswith("passkey_")]
    assert len(letters) == 2
    for words in letters:
        assert "Laptop" in words
        assert AN.name in words


async def test_a_closed_account_gets_no_way_back(folk: Folk) -> None:
    account = await folk.registered()
    await folk.sql("UPDATE account SET state = 'CLOSED' WHERE id = :a", a=account)
    await recovery.ask(folk.engine, folk.vault, "an@example.com")
    assert "people.recover" not in [kind for _, kind, _ in await folk.letters()]
    found = await accounts.find(folk.engine, account)
    assert found is not None
    assert not accounts.may_sign_in(found)


async def test_whoever_reads_anothers_data_leaves_a_trace_that_stays(folk: Folk) -> None:
    from auction_engine.identity import traces

    account = await folk.registered()
    clerk = await accounts.create(folk.engine, "clerk", "Clerk", "organisation")
    async with folk.engine.begin() as connection:
        read = await people.of_another(
            connection, folk.vault, clerk.id, account, "dossier", "admission"
        )
        assert read is not None
        assert read.name == AN.name
        own = await people.of_another(connection, folk.vault, account, account, "x", "y")
        assert own == read
        found = await traces.of_subject(connection, account)
    assert [(one.reader, one.what, one.why) for one in found] == [
        ("organisation", "dossier", "admission")
    ]
    for change in ("UPDATE reading_trace SET why = ''", "DELETE FROM reading_trace"):
        with pytest.raises(Exception, match=r"append-only|permission denied"):
            await folk.sql(change)
