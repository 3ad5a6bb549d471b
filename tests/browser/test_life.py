"""The life of a lot before everybody's eyes, secret maxima and confirmations."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from auction_engine.rules.parts import Confirm, Extension
from browser.instance import START, STEP, TERMS, Instance
from browser.visitors import Room, Visitors, dong, grouped

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def rising(instance: Instance, **params: Any) -> int:
    (lot,) = await instance.put_up(1, **({"terms": TERMS, "extension": None} | params))
    return lot


async def choose(room: Room, mode: str) -> None:
    await room.page.get_by_role("radio", name=mode).check()


async def test_an_incident_a_disqualification_and_the_result(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await rising(instance, lasts_s=14)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    await instance.bid(an, lot, START)
    await instance.bid(binh, lot, START + STEP)
    first = await instance.bid(an, lot, START + 2 * STEP)
    out, winner = [await (await visitors.come(login)).room(lot) for login in (an, binh)]
    onlooker = await (await visitors.come()).room(lot)
    await out.stands("leading")

    await instance.act(lot, "report_incident", "ORGANISATION", what="Mất điện ở máy chủ")
    for room in (out, winner, onlooker):
        await expect(room.course).to_contain_text("Sự cố kỹ thuật từ")
        await expect(room.record.first.locator("q")).to_have_text("Mất điện ở máy chủ")
        await expect(room.page.locator("[data-field=clock_label]")).to_have_text(
            "Đang dừng, còn lại"
        )
    await out.stands("leading")
    await expect(winner.act).to_have_text("Đang tạm dừng")
    left = await onlooker.left.inner_text()
    await instance.act(
        lot, "disqualify", "AUCTIONEER", bidder=await instance.account_id(an),
        ground="COLLUSION", reason="Hai hồ sơ của một người",
    )  # fmt: skip
    assert await onlooker.left.inner_text() == left
    await instance.act(lot, "decide_incident", "AGENCY", choice="CONTINUE")

    await out.stands("out")
    await expect(out.page.locator("[data-bid]")).to_be_hidden()
    await winner.stands("leading")
    for room in (out, winner, onlooker):
        await expect(room.price).to_have_text(dong(START + STEP))
        void = room.record.filter(has_text="vô hiệu")
        await expect(void).to_have_count(2)
        await expect(void.first.locator("s")).to_have_text(grouped(first["amount_minor"]))
        struck = room.record.filter(has_text="bị truất quyền")
        await expect(struck.locator("q")).to_have_text("Hai hồ sơ của một người")
        await expect(room.course).to_be_hidden()

    await instance.until(lot, lambda state: state["phase"] == "closed", 40)
    await winner.stands("won")
    await onlooker.stands("over")
    await out.stands("out")
    await expect(onlooker.course).to_contain_text("Kết quả tạm thời")
    await instance.act(lot, "announce", "AUCTIONEER")
    await winner.stands("winner")
    code = (await instance.state(lot))["life"]["winner"]
    for room in (out, winner, onlooker):
        await expect(room.course).to_contain_text(f"Đã công bố người trúng: {code}")
        await room.page.reload()
        await expect(room.course).to_contain_text(f"Đã công bố người trúng: {code}")


async def test_the_runner_up_is_asked_and_answers(instance: Instance, visitors: Visitors) -> None:
    lot = await rising(instance, lasts_s=5)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    await instance.bid(an, lot, START)
    await instance.bid(binh, lot, START + STEP)
    room = await (await visitors.come(an)).room(lot)
    await instance.until(lot, lambda state: state["phase"] == "closed", 20)
    await instance.act(lot, "announce", "AUCTIONEER")
    await room.stands("lost")
    await instance.act(lot, "refuse_win", "BIDDER", await instance.account_id(binh))
    await room.stands("offered")
    await expect(room.standing).to_contain_text(f"mua với giá {dong(START)}")
    await room.page.get_by_role("button", name="Nhận mua").click()
    await expect(room.ask).to_contain_text("Bạn trở thành người trúng đấu giá")
    await room.ask.get_by_role("button", name="Nhận mua").click()
    await room.stands("winner")


async def test_a_further_round_is_for_those_of_the_round_before(
    instance: Instance, visitors: Visitors
) -> None:
    extension = Extension(60_000, 60_000, 3, mode="ROUNDS")
    lot = await rising(instance, lasts_s=6, extension=extension)
    an, binh, cuong = [await instance.person("bidder", [lot]) for _ in range(3)]
    inside, outside = [await (await visitors.come(login)).room(lot) for login in (an, binh)]
    await instance.bid(cuong, lot, START)
    await inside.bid(START + STEP)
    for room in (inside, outside):
        await expect(room.course).to_contain_text("Vòng thêm số 1, đến", timeout=15_000)
    await outside.stands("not_in_round")
    await expect(outside.act).to_have_text("Bạn không ở vòng này")
    await inside.stands("leading")


async def test_a_secret_maximum_is_set_raised_and_seen_by_nobody_else(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await rising(instance, automatic_bids=True)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    mine = await visitors.come(an)
    room = await mine.room(lot)
    rival = await visitors.come(binh)
    other = await rival.room(lot)
    tab = await (await visitors.second_tab(mine)).room(lot)
    most, more = START + 8 * STEP, START + 9 * STEP

    await choose(room, "Trả tự động")
    await room.type(str(most))
    await room.can_press(f"Đặt tối đa {dong(most)}")
    await room.act.click()
    answer = room.acts.first
    await expect(answer).to_contain_text("Đã ghi sổ mức tối đa lúc")
    await expect(answer).to_contain_text("Mức này được giữ kín.")
    await room.stands("leading_automatic")
    await expect(room.standing).to_contain_text(f"đến {dong(most)}. Chỉ mình bạn thấy mức này.")
    await expect(room.price).to_have_text(dong(START))

    await other.bid(START + STEP)
    for seen in (room, other):
        await expect(seen.price).to_have_text(dong(START + 2 * STEP))
        await expect(seen.record.first).to_contain_text("tự động")
    await other.stands("outbid")
    await room.stands("leading_automatic")
    # The second tab hears of it as soon as a bid is made for its owner.
    await expect(tab.standing).to_contain_text(dong(most))

    # Whoever leads may still raise his maximum, and the price does not move.
    await choose(room, "Trả tự động")
    await room.type(str(most))
    await expect(room.note).to_contain_text(f"Thấp hơn mức nhận được lúc này: {dong(most + 1)}")
    await room.act.click()
    await expect(room.acts.first).to_contain_text("không cao hơn mức bạn đã đặt")
    await room.type(str(more))
    await room.act.click()
    await expect(room.standing).to_contain_text(f"đến {dong(more)}")
    assert (await instance.state(lot))["price_minor"] == START + 2 * STEP
    await room.page.reload()
    await expect(room.standing).to_contain_text(f"đến {dong(more)}")
    heard = "\n".join([*rival.frames, await other.page.content()])
    for secret in (most, more):
        assert str(secret) not in heard
        assert grouped(secret) not in heard


async def test_an_unusual_amount_is_read_back_and_then_taken_without_limit(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await rising(instance, confirm=Confirm(30_000, 10))
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    usual, unusual = START + 10 * STEP, START * 30
    await room.type(str(unusual))
    await room.act.click()
    await expect(room.ask).to_contain_text("Gấp 30 lần giá hiện tại")
    await expect(room.ask).to_contain_text(re.compile("một trăm hai mươi sáu tỷ đồng", re.I))
    await room.ask.get_by_role("button", name="Sửa lại").click()
    await room.bid(usual)
    assert "how" not in (await instance.journal(lot))[-1]
    other = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    await other.type(str(unusual))
    await other.act.click()
    await other.ask.locator("#ask-again").press_sequentially(str(unusual))
    await other.ask.get_by_role("button", name=f"Đúng, trả {dong(unusual)}").click()
    await expect(other.acts.first).to_contain_text("Đã ghi sổ: lượt số 2")
    entry = next(e for e in await instance.journal(lot) if e.get("n") == 2)
    assert (entry["amount_minor"], entry["how"]) == (unusual, {"confirmed": True})


async def test_a_refused_unusual_amount_can_be_confirmed_from_its_refusal(
    instance: Instance, visitors: Visitors
) -> None:
    """The page thought it usual; by then a withdrawal had taken the price back."""
    lot = await rising(instance, confirm=Confirm(None, 10))
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    await instance.bid(an, lot, START + 10 * STEP)
    room = await (await visitors.come(binh)).room(lot)
    amount = START + 20 * STEP
    await room.type(str(amount))
    await room.can_press(f"Trả {dong(amount)}")
    # Pressed by the page itself the moment before it hears of the withdrawal.
    await room.page.evaluate(
        """() => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (data) {
            setTimeout(() => send.call(this, data), data.includes('"bid"') ? 1500 : 0);
          };
        }"""
    )
    await room.act.click()
    await instance.act(lot, "withdraw_bid", "BIDDER", await instance.account_id(an))
    answer = room.acts.first
    await expect(answer).to_contain_text("Số tiền lớn khác thường nên chưa được ghi sổ.")
    await answer.get_by_role("button", name="Đọc lại và xác nhận").click()
    await room.ask.locator("#ask-again").press_sequentially(str(amount))
    await room.ask.get_by_role("button", name=f"Đúng, trả {dong(amount)}").click()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 2")


async def test_between_two_steps_the_nearest_amounts_are_offered(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await rising(instance, increment_rule="FROM_START_MULTIPLE")
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    await room.type(str(START + STEP + 1_000))
    await expect(room.note).to_have_text(
        f"Không đúng bước giá. Gần nhất: {dong(START + STEP)} hoặc {dong(START + 2 * STEP)}."
    )
    await room.act.click()
    answer = room.acts.first
    await expect(answer).to_contain_text("nằm giữa hai bước giá")
    await answer.get_by_role("button", name=f"Trả {dong(START + 2 * STEP)}").click()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1")
    assert [bid["amount_minor"] for bid in await instance.bids(lot)] == [START + 2 * STEP]


async def test_on_a_phone_price_and_time_stay_in_one_line(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(600_000)
    phone = {"viewport": {"width": 390, "height": 844}}
    room = await (await visitors.come(await instance.person("bidder", [lot]), **phone)).room(lot)
    pin = room.page.locator(".pin")
    await expect(pin).to_be_hidden()
    await room.page.evaluate("document.querySelector('#lot').scrollIntoView()")
    await expect(pin).to_be_visible()
    await expect(pin).to_contain_text(dong(START))
    box = await pin.bounding_box()
    assert box is not None
    assert box["height"] <= 56
    await expect(room.accept).to_be_in_viewport()
