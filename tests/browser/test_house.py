"""A house in a browser: a colleague is invited and given duties, two people open a sealed list, a
question is answered for everybody."""

from __future__ import annotations

import orjson
import pytest
from playwright.async_api import Page, expect

from auction_engine.identity.vault import Vault
from auction_engine.ledger import store
from browser.fitness import cut_off, violations
from browser.instance import PASSWORD, TERMS, Instance
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
QUESTION = "Thang máy của toà nhà có chạy không?"


async def fit(page: Page) -> None:
    """Whether what stands there is for everybody, down to 320 pixels."""
    assert await violations(page) == []
    size = page.viewport_size
    assert size is not None
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await cut_off(page) == []
    await page.set_viewport_size(size)


async def letter(instance: Instance) -> str:
    """Where the newest invitation leads."""
    connection = await store.connect(instance.settings.database_url or "")
    try:
        row = await connection.fetchrow(
            "SELECT id, secrets FROM letter WHERE kind = 'house.invited'"
            " ORDER BY created_at DESC LIMIT 1"
        )
    finally:
        await connection.close()
    opened = Vault.of(instance.settings).open(row["secrets"], f"letter.secrets:{row['id']}")
    return str(orjson.loads(opened)["link"]["path"])


async def test_a_colleague_joins_by_letter_and_the_head_changes_the_duties(
    instance: Instance, visitors: Visitors
) -> None:
    head = (await visitors.come(await instance.person("organisation"))).page
    await head.goto("/desk/house")
    await head.get_by_label("Họ và tên").first.fill("Lê Thị Hạnh")
    await head.get_by_label("Thư điện tử").fill("hanh@daugia.example")
    await head.get_by_label("Thư ký").check()
    await head.get_by_role("button", name="Gửi thư mời").click()
    await expect(head.get_by_role("status")).to_contain_text("Đã gửi thư mời")
    await expect(head.locator("main")).to_contain_text("hanh@daugia.example")
    await fit(head)
    guest = (await visitors.come()).page
    await guest.goto(await letter(instance))
    await expect(guest.get_by_role("heading", level=1)).to_contain_text("Bạn được mời")
    await fit(guest)
    await guest.get_by_label("Mật khẩu").fill(PASSWORD)
    await guest.get_by_role("button", name="Đặt mật khẩu và nhận lời").click()
    await guest.wait_for_url("**/login**")
    await head.goto("/desk/house")
    await head.get_by_role("link", name="Thay đổi: Lê Thị Hạnh").click()
    await expect(head.get_by_role("heading", level=1)).to_have_text("Lê Thị Hạnh")
    await fit(head)
    await head.get_by_label("Kế toán").check()
    await head.locator("#d-reason").fill("Thêm việc")
    await head.get_by_role("button", name="Giao nhiệm vụ").click()
    await expect(head.get_by_role("status")).to_contain_text("Đã giao nhiệm vụ")
    record = head.get_by_role("region", name="Sổ ghi việc")
    await expect(record.get_by_role("listitem").first).to_contain_text("Thêm việc")
    mine = await visitors.come()
    answer = await mine.context.request.post(
        "/api/login", data={"login": "hanh@daugia.example", "password": PASSWORD}
    )
    assert answer.status == 200
    await mine.page.goto("/desk/money")
    await expect(mine.page.get_by_role("heading", level=1)).to_be_visible()


async def test_two_people_open_a_list_together(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up(terms=TERMS)
    first, second = [
        (await visitors.come(await instance.person("organisation"))).page for _ in range(2)
    ]
    path = f"/desk/lots/{lot}/registrants"
    await first.goto(path)
    await first.get_by_label("Vì sao").fill("Có tin danh sách bị lộ")
    await first.get_by_role("button", name="Mở khoá thứ nhất").click()
    await expect(first.get_by_role("status")).to_contain_text("Cần một người khác")
    await expect(first.get_by_role("button", name="Mở khoá")).to_have_count(0)
    await second.goto(path)
    await expect(second.locator("main")).to_contain_text("Có tin danh sách bị lộ")
    await second.get_by_label("Vì sao").fill("Cùng kiểm tra")
    await fit(second)
    await second.get_by_role("button", name="Mở khoá thứ hai").click()
    await expect(second.get_by_role("status")).to_contain_text("đã mở cho hai người")
    await expect(second.get_by_role("table")).to_be_visible()
    await fit(second)
    await first.reload()
    await expect(first.get_by_role("table")).to_be_visible()


async def test_a_question_is_answered_for_everybody(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up(terms=TERMS)
    bidder = (await visitors.come(await instance.person("bidder"))).page
    await bidder.goto(f"/lots/{lot}")
    await bidder.get_by_role("link", name="Hỏi và đáp").click()
    await bidder.get_by_label("Câu hỏi").fill(QUESTION)
    await bidder.get_by_role("button", name="Gửi câu hỏi").click()
    await expect(bidder.get_by_role("status")).to_contain_text("Đã gửi câu hỏi")
    desk = (await visitors.come(await instance.person("organisation"))).page
    await desk.goto("/desk/questions")
    await desk.get_by_role("listitem").filter(has_text=QUESTION).get_by_role("link").click()
    await expect(desk.locator("#question-vi")).to_have_value(QUESTION)
    await fit(desk)
    await desk.locator("#answer-vi").fill("Có, cả hai thang.")
    await desk.get_by_role("button", name="Công bố", exact=True).click()
    await expect(desk.get_by_role("status")).to_contain_text("Đã công bố")
    anyone = (await visitors.come()).page
    await anyone.goto(f"/lots/{lot}/questions")
    await expect(anyone.locator("main")).to_contain_text("Có, cả hai thang.")
    await fit(anyone)
