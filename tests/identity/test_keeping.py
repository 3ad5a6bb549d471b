"""What is kept of whom: the inventory, taking it away, erasing it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlalchemy import BigInteger

from auction_engine.identity import accounts, erasure, export, people, traces
from auction_engine.identity.inventory import CREDENTIALS, PLACES
from auction_engine.identity.sealing_columns import all_columns
from auction_engine.ledger.schema import Base
from auction_engine.settings import Settings
from identity.folk import AN, BINH, Folk, dumped, folk_of

NOW_MS = 1_795_000_000_000  # 18 November 2026
# Numbers of accounts without a foreign key. `payer` and `payee` are 0 where it is nobody's, what a
# head says follows from its journal, and the code of a box is not the bidder's number.
UNTIED = {("journal", "bidder"), ("payment_request", "payer"), ("payout", "payee")}
DERIVED = {("lot_head", "leader")}
# Accounts of a book, which are nobody's to sign in to.
BOOKS = {("balance", "account_id"), ("posting", "account_id")}


@pytest.fixture
async def folk(settings: Settings) -> AsyncIterator[Folk]:
    async with folk_of(settings) as made:
        yield made


def test_every_column_that_names_an_account_is_in_the_inventory() -> None:
    """Whoever adds a table that points at accounts says here what becomes of it."""
    pointing = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "account"
    }
    listed = {(place.table, place.column) for place in PLACES}
    assert pointing | UNTIED == listed
    assert len(PLACES) == len(listed)


def test_no_other_column_looks_like_an_accounts_number() -> None:
    """A number without a foreign key must at least have been thought of."""
    names = {"account_id", "account", "bidder", "payer", "payee", "leader", "owner_id", "person_id"}
    tables = Base.metadata.tables.values()
    found = {
        (table.name, column.name)
        for table in tables
        for column in table.columns
        if column.name in names and isinstance(column.type, BigInteger) and not column.foreign_keys
    }
    assert found <= UNTIED | DERIVED | BOOKS


def test_what_hangs_on_a_place_is_named_rightly() -> None:
    for place in PLACES:
        table = Base.metadata.tables[place.table]
        for name in (place.column, *place.left_out):
            assert name in table.columns, f"{place.table}.{name}"
        for child, child_column, column in place.through:
            assert child_column in Base.metadata.tables[child].columns
            assert column in table.columns
        assert (place.fate == "KEEP") == (place.ground is not None) or place.fate == "SPECIAL"
    erased = {place.table for place in PLACES if place.fate == "ERASE"}
    assert set(CREDENTIALS) <= erased


def test_every_table_below_a_persons_rows_is_exported_with_them() -> None:
    """A table that hangs on an exported one is the person's too."""
    tops = {place.table for place in PLACES if place.export and place.column == "account_id"}
    through = {child for place in PLACES for child, _, _ in place.through}
    personal = tops - {"letter", "practice", "web_session"}
    hanging = {
        table.name
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name in personal
    }
    assert hanging <= through | {place.table for place in PLACES}


def test_sealed_columns_name_what_their_rows_have() -> None:
    columns = all_columns()
    assert {"person.data", "letter.secrets", "registration.data"} <= {
        f"{one.table.name}.{one.column}" for one in columns
    }
    for one in columns:
        for name in one.needs:
            assert name in one.table.columns, f"{one.table.name}: {one.context}"


async def lot(
    folk: Folk, account: int, *, over: bool, leader: bool = False, status: str = "CLOSED"
) -> int:
    """A lot in which `account` took part, as its journal and head show it. Its end: NOW_MS."""
    from auction_engine.desk import listing

    named = {"vi": "Nhà", "en": "House"}
    session = await listing.create_session(folk.engine, named, named, named, demo=True)
    [(number, _)] = await listing.create_lots(folk.engine, session, [{"title": named}], 1)
    first = {"kind": "lot.listed", "at_ms": NOW_MS - 10**9, "params": {"pack": "vn-voluntary"}}
    last = {"kind": "bidder.admitted", "at_ms": NOW_MS, "bidder": account, "code": "B-001"}
    for seq, body in ((1, first), (2, last)):
        await folk.sql(
            "INSERT INTO journal (lot_id, seq, kind, bidder, body, hash)"
            " VALUES (:lot, :seq, :kind, :bidder, :body, :hash)",
            lot=number, seq=seq, kind=body["kind"], bidder=body.get("bidder"),
            body=json.dumps(body).encode(), hash=bytes(32),
        )  # fmt: skip
    await folk.sql(
        "INSERT INTO lot_head (lot_id, shard, seq, hash, phase, status, leader, end_ms, accepted,"
        " refused, extensions) VALUES (:lot, 0, 2, :hash, :phase, :status, :leader, :end, 0, 0, 0)",
        lot=number, hash=bytes(32), phase="closed" if over else "open", status=status,
        leader=account if leader else None, end=NOW_MS,
    )  # fmt: skip
    return number


async def gone(folk: Folk, account: int) -> bool:
    done = await erasure.erase(folk.engine, folk.vault, account, NOW_MS)
    return done is not None


async def test_without_an_auction_everything_goes(folk: Folk) -> None:
    account = await folk.registered()
    from auction_engine.identity import sessions

    await sessions.create(folk.engine, account)
    ended = await erasure.erase(folk.engine, folk.vault, account, NOW_MS)
    assert ended is not None
    assert len(ended) == 1
    row = await folk.person(account)
    assert row["data"] is None
    assert row["keep_until"] is None
    for column in ("email", "email_mark", "identity_mark", "email_confirmed_at"):
        assert row[column] is None
    [kept] = await folk.sql("SELECT * FROM account WHERE id = :a", a=account)
    assert (kept["state"], kept["name"], kept["password_hash"]) == ("ERASED", "—", None)
    assert kept["login"].startswith("erased-")
    assert await folk.sql("SELECT 1 FROM web_session") == []
    found = await accounts.find(folk.engine, account)
    assert found is not None
    assert not accounts.may_sign_in(found)
    # One letter is left: the last one, to an address nobody else has any more.
    [last] = [one for one in await folk.letters() if one[1].startswith("people.erased")]
    assert last[0] == "an@example.com"
    assert last[1] == "people.erased"


async def test_every_place_is_empty_or_kept_by_a_named_ground(folk: Folk) -> None:
    """Whatever was there of the person before is gone, or its place says by which ground not."""
    account = await folk.registered()
    await lot(folk, account, over=True)
    await folk.sql(
        "INSERT INTO saved_search (account_id, query, lang, seen_ms) VALUES (:a, 'x', 'vi', 0)",
        a=account,
    )
    await folk.sql(
        "INSERT INTO recovery_code (account_id, code_hash) VALUES (:a, :h)", a=account, h=b"x"
    )
    assert await gone(folk, account)
    for place in PLACES:
        rows = await folk.sql(
            f'SELECT * FROM "{place.table}" WHERE "{place.column}" = :a', a=account
        )
        if place.fate == "ERASE":
            assert rows == [], place
        if rows:
            assert place.ground is not None or place.fate == "SPECIAL", place
    for secret in ("an@example.com", "0901234567"):
        everywhere = [
            row
            for table in Base.metadata.tables
            for row in await folk.sql(f'SELECT * FROM "{table}"')
        ]
        assert secret not in dumped(everywhere)


async def test_what_the_law_orders_to_keep_stays_sealed_until_its_day(folk: Folk) -> None:
    account = await folk.registered()
    await people.change(
        folk.engine, folk.vault, account, phone="0901", bank_account="1", address="Huế"
    )
    await lot(folk, account, over=True)
    async with folk.engine.connect() as connection:
        outlook = await erasure.outlook(connection, account, NOW_MS)
    # vn-voluntary: five years from the end.
    assert outlook.keep_until == date(2031, 11, 18)
    assert outlook.possible
    assert await gone(folk, account)
    async with folk.engine.connect() as connection:
        kept = await people.own(connection, folk.vault, account)
    assert kept is not None
    assert (kept.name, kept.identity, kept.address) == (AN.name, AN.identity, "Huế")
    assert (kept.phone, kept.bank_account, kept.email) == (None, None, None)
    told = (await folk.letters())[-1]
    assert told[1] == "people.erased_but"
    assert "18/11/2031" in told[2]
    # Not a day early, and by itself.
    assert await erasure.end_of_keeping(folk.engine, date(2031, 11, 18)) == 0
    assert await erasure.end_of_keeping(folk.engine, date(2031, 11, 19)) == 1
    assert (await folk.person(account))["data"] is None
    assert await erasure.end_of_keeping(folk.engine, date(2031, 11, 19)) == 0


async def test_an_auction_under_way_or_money_on_its_way_hinders(folk: Folk) -> None:
    running = await folk.registered()
    await lot(folk, running, over=False, status="OPEN")
    assert not await gone(folk, running)
    winner = await folk.registered(BINH)
    number = await lot(folk, winner, over=True, leader=True, status="ANNOUNCED")
    assert not await gone(folk, winner)
    await folk.sql("UPDATE lot_head SET status = 'CLOSED' WHERE lot_id = :l", l=number)
    [book] = await folk.sql("""
        INSERT INTO book (kind, name, currency, minor_digits, body_id)
        SELECT 'ORGANISATION', '{"vi": "S", "en": "S"}', 'VND', 0, max(organisation_id)
          FROM auction_session RETURNING id
    """)
    await folk.sql(
        "INSERT INTO payout (book_id, key, kind, lot_id, payee, code, account_key, amount_minor,"
        " text, state) VALUES (:b, 'k', 'REFUND', :l, :a, 'x', 'x', 5, 'x', 'DUE')",
        b=book["id"], l=number, a=winner,
    )  # fmt: skip
    assert not await gone(folk, winner)
    assert (await folk.person(winner))["email"] is not None
    await folk.sql("UPDATE payout SET state = 'BOOKED'")
    assert await gone(folk, winner)


async def test_an_export_has_everything_of_one_and_nothing_of_another(folk: Folk) -> None:
    an, binh = await folk.registered(), await folk.registered(BINH)
    for account in (an, binh):
        await lot(folk, account, over=True)
    clerk = await accounts.create(folk.engine, "clerk", "Clerk Name", "organisation")
    async with folk.engine.begin() as connection:
        await traces.reading(connection, clerk.id, an, "dossier", "admission")
    async with folk.engine.connect() as connection:
        found = await export.everything(connection, folk.vault, an)
    shown = found.document().decode()
    value = json.loads(shown)
    for text in (AN.name, "079200012345", "an@example.com", "0901234567", "dossier"):
        assert text in shown
    for text in ("Bình", "079200054321", "binh@", "Clerk", "$argon2"):
        assert text not in shown
    assert set(value["tables"]) == {
        name
        for place in PLACES
        if place.export
        for name in (place.table, *(child for child, _, _ in place.through))
        if name in value["tables"] or place.table == name
    }
    assert [row["body"]["kind"] for row in value["tables"]["journal"]] == ["bidder.admitted"]
    assert value["tables"]["reading_trace"][0]["what"] == "dossier"
    row = await folk.person(an)
    assert bytes(row["email_mark"]).hex() not in shown


async def test_documents_come_as_they_were_handed_in(folk: Folk) -> None:
    account = await folk.registered()
    number = await lot(folk, account, over=True)
    [dossier] = await folk.sql(
        "INSERT INTO dossier (lot_id, account_id, number, state, version, declared, for_another,"
        " marks) VALUES (:l, :a, 'H-1', 'SENT', 1, '{}', false, '{}') RETURNING id",
        l=number, a=account,
    )  # fmt: skip
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    context = f"dossier/{dossier['id']}/document"
    await folk.sql(
        "INSERT INTO dossier_document (dossier_id, kind, media_type, size, sha256, name, sealed)"
        " VALUES (:d, 'ID', 'image/png', 9, :h, :n, :s)",
        d=dossier["id"], h=bytes(32), n=folk.vault.seal("thẻ.png".encode(), context),
        s=folk.vault.seal(picture, context),
    )  # fmt: skip
    async with folk.engine.connect() as connection:
        found = await export.everything(connection, folk.vault, account)
    [row] = found.tables["dossier_document"]
    assert row["name"] == "thẻ.png"
    assert found.files[row["sealed"]["file"]] == picture
    import io
    import zipfile

    archive = zipfile.ZipFile(io.BytesIO(found.archive()))
    assert archive.read(row["sealed"]["file"]) == picture
    assert json.loads(archive.read("account.json"))["tables"]["dossier_document"] == [row]


async def test_a_draft_goes_at_once_and_a_dossier_when_its_time_is_over(folk: Folk) -> None:
    account = await folk.registered()
    ids = {}
    for state in ("DRAFT", "SENT"):
        number = await lot(folk, account, over=True)
        [dossier] = await folk.sql(
            "INSERT INTO dossier (lot_id, account_id, number, state, version, declared,"
            " for_another, marks, person) VALUES (:l, :a, 'H-1', :s, 1, '{}', false,"
            " ARRAY[CAST(:m AS bytea)], :p) RETURNING id",
            l=number, a=account, s=state, m=b"mark", p=b"sealed",
        )  # fmt: skip
        ids[state] = dossier["id"]
        await folk.sql(
            "INSERT INTO dossier_document (dossier_id, kind, media_type, size, sha256, name,"
            " sealed) VALUES (:d, 'ID', 'image/png', 9, :h, 'n', 's')",
            d=dossier["id"], h=bytes(32),
        )  # fmt: skip

    async def there() -> dict[str, bool]:
        rows = await folk.sql(
            "SELECT d.id, d.person IS NOT NULL AND p.sealed IS NOT NULL AS whole,"
            " d.person IS NULL AND p.sealed IS NULL AND p.name IS NULL AS gone"
            " FROM dossier d JOIN dossier_document p ON p.dossier_id = d.id"
        )
        found = {row["id"]: row for row in rows}
        for row in rows:
            assert row["whole"] != row["gone"]
        return {state: found[ids[state]]["whole"] for state in ids}

    assert await gone(folk, account)
    assert await there() == {"DRAFT": False, "SENT": True}
    after = date(2031, 11, 18) + timedelta(days=1)
    assert await erasure.end_of_keeping(folk.engine, after) == 1
    assert await there() == {"DRAFT": False, "SENT": False}


async def test_practice_keeps_nothing_and_hinders_nothing(folk: Folk) -> None:
    account = await folk.registered()
    played = await lot(folk, account, over=True)
    running = await lot(folk, account, over=False)
    for number, over in ((played, True), (running, False)):
        await folk.sql(
            "INSERT INTO practice (lot_id, account_id, over) VALUES (:l, :a, :o)",
            l=number, a=account, o=over,
        )  # fmt: skip
    assert await erasure.erase(folk.engine, folk.vault, account, NOW_MS) is not None
    assert (await folk.person(account))["data"] is None
