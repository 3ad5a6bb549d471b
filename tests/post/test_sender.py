from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from auction_engine.ledger.database import transaction
from auction_engine.post import outbox, values

from .conftest import BASE, Office
from .mailserver import DROP, DROP_AFTER, STALL, free_port, html_of, mail_server, text_of


async def test_a_letter_is_sent_once_in_the_readers_language(office: Office) -> None:
    for lang in ("vi", "en"):
        await office.put(await office.person(f"an-{lang}", lang=lang))
    async with office.sending():
        rows = await office.until("SENT", "SENT")
    assert all(row["sent_at"] is not None and row["error"] is None for row in rows)
    [(to, first), (_, second)] = office.server.letters
    assert to == "an-vi@example.com"
    assert first["From"].addresses[0].addr_spec == "no-reply@auction.vn"
    assert first["Message-ID"] == f"<{rows[0]['id']}@auction.vn>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert (first["Content-Language"], second["Content-Language"]) == ("vi", "en")
    assert "Nguyễn Văn An" in text_of(first)
    assert "Nguyễn Văn An" in html_of(second)
    assert "địa chỉ" in text_of(first)
    assert "address" in text_of(second)
    assert "<img" not in html_of(first)
    assert "src=" not in html_of(first)


async def test_values_are_formatted_for_their_reader(office: Office) -> None:
    an = await office.person("an", lang="en")
    await office.put(an, "people.erased_but", values={"until": values.day(date(2031, 7, 15))})
    async with office.sending():
        await office.until("SENT")
    assert "15 July 2031" in text_of(office.server.letters[0][1])


async def test_a_links_button_and_address_are_this_installations(office: Office) -> None:
    an = await office.person("an")
    await office.put(an, "people.tried", values={"link": values.link("/recover")})
    async with office.sending():
        await office.until("SENT")
    [(_, message)] = office.server.letters
    assert f"{BASE}/recover" in text_of(message)
    assert f'<a class="button" href="{BASE}/recover">' in html_of(message)


async def test_what_was_put_in_a_transaction_that_fails_is_never_sent(office: Office) -> None:
    an = await office.person("an")

    async def fail() -> None:
        async with transaction(office.engine) as connection:
            await outbox.put(connection, to=an, kind="people.email_asked", values={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await office.put(an)
    async with office.sending():
        await office.until("SENT")
    assert len(office.server.letters) == 1


async def test_a_key_counts_once_and_without_an_address_nothing_is_put(office: Office) -> None:
    an = await office.person("an")
    assert await office.put(an, key="due:7")
    assert not await office.put(an, key="due:7")
    from auction_engine.identity import accounts

    robot = await accounts.create(office.engine, "robot", "Robot", "bidder", robot=True)
    assert not await office.put(robot.id)
    assert len(await office.rows()) == 1


async def test_asyncpg_connections_can_put_too(office: Office) -> None:
    from auction_engine.ledger import store

    an = await office.person("an")
    connection = await store.connect(office.settings.database_url or "")
    try:
        async with connection.transaction():
            put = await outbox.put(
                connection, to=an, kind="people.email_asked", values={}, key="k", lang="en"
            )
            assert put
            assert not await outbox.put(
                connection, to=an, kind="people.email_asked", values={}, key="k"
            )
    finally:
        await connection.close()
    async with office.sending():
        await office.until("SENT")
    assert office.server.letters[0][1]["Content-Language"] == "en"


async def test_refused_for_now_and_then_taken(office: Office) -> None:
    office.server.script = ["451 try later", "452 too busy"]
    office.server.recipients = ["450 mailbox busy"]
    await office.put(await office.person("an"))
    async with office.sending():
        [row] = await office.until("SENT")
    assert row["attempts"] == 4
    assert len(office.server.letters) == 1


@pytest.mark.parametrize("step", ["script", "recipients"])
async def test_refused_for_good_is_dead_and_names_no_address(office: Office, step: str) -> None:
    setattr(office.server, step, ["550 no such user an@example.com"])
    await office.put(await office.person("an"))
    await office.put(await office.person("binh"))
    async with office.sending():
        first, _ = await office.until("DEAD", "SENT")
    assert first["error"] == ("recipient 550" if step == "recipients" else "letter 550")
    assert [to for to, _ in office.server.letters] == ["binh@example.com"]


async def test_a_server_that_hangs_up_gets_the_letter_again(office: Office) -> None:
    office.server.script = [DROP, DROP]
    await office.put(await office.person("an"))
    async with office.sending():
        await office.until("SENT")
    assert office.server.asked == 3
    assert len(office.server.letters) == 1


async def test_twice_only_when_the_answer_was_lost_and_then_recognisably(office: Office) -> None:
    office.server.script = [DROP_AFTER]
    await office.put(await office.person("an"))
    async with office.sending():
        await office.until("SENT")
    first, second = office.server.letters
    assert first[1]["Message-ID"] == second[1]["Message-ID"]


async def test_a_server_that_stalls_is_left(office: Office) -> None:
    office.server.script = [STALL]
    await office.put(await office.person("an"))
    async with office.sending(patience_s=0.3):
        await office.until("SENT")
    assert len(office.server.letters) == 1


async def test_a_server_that_is_away_is_waited_for(office: Office) -> None:
    port = free_port()
    office.settings = office.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
    await office.put(await office.person("an"))
    async with office.sending():
        await office.tried()
        [row] = await office.rows()
        # Nobody's letter is to blame for it, so none comes nearer to being given up.
        assert (row["state"], row["attempts"]) == ("QUEUED", 0)
        with mail_server(port) as server:
            await office.until("SENT")
            assert len(server.letters) == 1


async def test_a_sender_the_server_refuses_is_no_letters_fault(office: Office) -> None:
    office.server.sender = "550 not you"
    await office.put(await office.person("an"))
    async with office.sending():
        await office.tried()
        office.server.sender = None
        await office.until("SENT")


async def test_after_days_of_trying_a_letter_is_given_up(office: Office) -> None:
    office.server.script = ["451 later"]
    await office.put(await office.person("an"))
    async with transaction(office.engine) as connection:
        await connection.execute(text("UPDATE letter SET created_at = now() - interval '6 days'"))
    async with office.sending():
        [row] = await office.until("DEAD")
    assert row["error"] == "letter 451"


async def test_many_senders_send_each_letter_once(office: Office) -> None:
    people = [await office.person(f"p{n}") for n in range(4)]
    for n in range(40):
        await office.put(people[n % 4])
    async with office.sending(4):
        await office.until(*["SENT"] * 40)
    identifiers = [message["Message-ID"] for _, message in office.server.letters]
    assert len(identifiers) == len(set(identifiers)) == 40


async def test_a_sender_killed_half_way_loses_nothing(office: Office) -> None:
    """Its row lock goes with its connection; whoever comes next sends."""
    office.server.script = [STALL]
    await office.put(await office.person("an"))
    async with office.sending(patience_s=30):
        await office.asked()
    async with office.sending():
        await office.until("SENT")
    assert len(office.server.letters) == 1


async def test_secrets_and_addresses_are_sealed_and_gone_once_sent(office: Office) -> None:
    import orjson

    letter = outbox.new_id()
    secrets = orjson.dumps({"link": values.link("/confirm/very-secret"), "name": "Lê Bình"})
    async with transaction(office.engine) as connection:
        await outbox.put(
            connection,
            to=None,
            kind="people.confirm",
            values={"hours": 48},
            lang="en",
            address=office.vault.seal(b"new@example.com", f"letter.address:{letter}"),
            secrets=office.vault.seal(secrets, f"letter.secrets:{letter}"),
            letter=letter,
        )
    async with office.engine.connect() as connection:
        shown = str((await connection.execute(text("SELECT letter::text FROM letter"))).scalar())
    assert "very-secret" not in shown
    assert b"very-secret".hex() not in shown
    assert "example.com" not in shown
    async with office.sending():
        [row] = await office.until("SENT")
    assert (row["address"], row["secrets"]) == (None, None)
    [(to, message)] = office.server.letters
    assert to == "new@example.com"
    assert f"{BASE}/confirm/very-secret" in text_of(message)
    assert "Lê Bình" in text_of(message)


async def test_an_address_that_went_before_the_letter_did(office: Office) -> None:
    an = await office.person("an")
    await office.put(an)
    async with transaction(office.engine) as connection:
        await connection.execute(text("UPDATE person SET email = NULL, email_mark = NULL"))
    async with office.sending():
        await office.until("NO_ADDRESS")
    assert office.server.letters == []


async def test_a_text_that_does_not_exist_holds_nothing_up(office: Office) -> None:
    an = await office.person("an")
    await office.put(an, "people.no_such_letter")
    await office.put(an)
    async with office.sending():
        first, _ = await office.until("DEAD", "SENT")
    assert first["error"] == "text KeyError"


async def test_a_letter_nobody_can_write_holds_nothing_up(office: Office) -> None:
    an = await office.person("an")
    await office.put(an, values={"when": {"t": "moment", "ms": "soon"}})
    await office.put(an)
    async with office.sending():
        first, _ = await office.until("DEAD", "SENT")
    assert first["error"] == "text TypeError"


async def test_without_a_server_the_demonstration_keeps_and_others_wait(office: Office) -> None:
    an = await office.person("an")
    await office.put(an)
    office.settings = office.settings.model_copy(update={"smtp_url": None})
    async with office.sending():
        await asyncio.sleep(0.2)
        assert (await office.rows())[0]["state"] == "QUEUED"
    office.settings = office.settings.model_copy(update={"demo": True})
    async with office.sending():
        await office.until("KEPT")
