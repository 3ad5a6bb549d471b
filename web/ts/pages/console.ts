// The auctioneer's console, kept up to date; keys; confirmations without leaving the page. Everything
// works without it: every button is a form, and every form has a page that asks once.
import { priceKey, remaining } from "../board.ts";
import { ServerClock } from "../clock.ts";
import { Connection, type Line } from "../connection.ts";
import { el, field, find, setText, timeElement } from "../dom.ts";
import { fallAt } from "../falling.ts";
import { speech, type Speech } from "../i18n.ts";
import { Money } from "../money.ts";
import type { Boot, LotInfo } from "../page.ts";
import type { Bid, LotState, ServerMessage } from "../protocol.ts";

const BIDS = 6;
// Counts of people and refusals, and which acts are open, come with the page's own figures.
const LOOK_MS = 5_000;
const SOON_MS = 400;

interface Row {
  lot: LotInfo;
  box: HTMLElement;
  money: Money;
  state: LotState;
  epoch: number | null;
  seq: number;
}

class Console {
  private readonly rows = new Map<number, Row>();
  private readonly speech: Speech;
  private readonly clock: ServerClock;
  private readonly connection: Connection;
  private chosen = -1;
  private looking = false;
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly root: HTMLElement, boot: Boot) {
    this.speech = speech(boot);
    this.clock = new ServerClock(boot.now_ms);
    for (const lot of boot.lots) {
      const box = find(root, `[data-lot="${lot.id}"]`);
      const state = boot.states?.[lot.id];
      if (box && state) this.rows.set(lot.id, { lot, box, money: new Money(lot, boot.lang), state, epoch: null, seq: 0 });
    }
    this.connection = new Connection(this, this.clock, null);
    setInterval(() => this.drawTimes(), 1000);
    setInterval(() => !document.hidden && void this.look(), LOOK_MS);
    document.addEventListener("keydown", (event) => this.pressed(event));
    root.addEventListener("submit", (event) => void ask(event));
    // After an act the page comes back with its lot: the next key is for the same one.
    const acted = new URLSearchParams(location.search).get("lot");
    const at = this.boxes().findIndex((box) => box.dataset["lot"] === acted);
    if (at >= 0) this.choose(at + 1, false);
    if (this.rows.size) void this.connection.open();
  }

  line(line: Line): void {
    if (line.kind === "up") for (const row of this.rows.values()) this.connection.send(watch(row));
    const bar = find(this.root, "[data-line]");
    if (!bar) return;
    bar.hidden = line.kind === "up" || line.kind === "connecting";
    if (!bar.hidden) setText(bar, bar.dataset["down"] ?? "");
  }

  message(message: ServerMessage): void {
    if (message.t !== "snapshot" && message.t !== "update") return;
    const row = this.rows.get(message.lot);
    if (!row) return;
    if (row.epoch !== null && (message.epoch < row.epoch || (message.epoch === row.epoch && message.seq < row.seq))) return;
    const turned = message.turns?.length && message.t === "update";
    const moved = message.state.phase !== row.state.phase || message.state.life?.status !== row.state.life?.status;
    row.epoch = message.epoch;
    row.seq = message.seq;
    row.state = message.state;
    this.draw(row, message.bids);
    // What can be done has changed with it.
    if (turned || moved) this.lookSoon();
  }

  private draw(row: Row, bids: readonly Bid[]): void {
    const { state, box, money } = row;
    const price = state.price_minor ?? fallAt(state, this.clock.now())?.price ?? row.lot.starting_price_minor;
    field(box, "price")?.replaceChildren(money.element(price));
    setText(field(box, "price_label"), this.speech.t(priceKey(state)));
    setText(field(box, "leader"), state.leader ?? "–");
    setText(field(box, "n"), String(state.n));
    const phase = field(box, "phase");
    if (phase) phase.className = `phase phase--${state.phase}`;
    setText(phase, this.speech.t(`phase.${state.phase}`));
    setText(field(box, "end"), this.end(state, bids) ?? field(box, "end")?.textContent ?? "");
    this.drawBids(row, bids);
    this.drawTime(row);
  }

  /** When the lot ends or has ended; null where that cannot be told from this message. */
  private end({ phase, end_ms, life, n }: LotState, bids: readonly Bid[]): string | null {
    if (phase === "paused" && end_ms !== null) return this.speech.t("board.end_moves");
    if (phase === "closed" && life?.method === "DESCENDING" && n > 0) {
      const taken = bids.find((bid) => bid.n === n);
      return taken ? this.speech.time(taken.at_ms) : null;
    }
    return end_ms === null ? null : this.speech.time(end_ms);
  }

  private drawBids({ box, money }: Row, bids: readonly Bid[]): void {
    const list = find(box, "[data-bids]");
    if (!list || !bids.length) return;
    find(list, ".console__none")?.remove();
    // A snapshot tells older bids than the page shows: each goes to its own place, the newest on top.
    for (const bid of bids) {
      const after = [...list.children].find((line) => place(line) <= bid.n);
      if (after && place(after) === bid.n) continue;
      const time = timeElement(bid.at_ms, this.speech.time(bid.at_ms, true));
      const sum = el("span", "num", bid.void ? el("s", "", money.number(bid.amount_minor)) : money.number(bid.amount_minor));
      const line = el("li", "", el("span", "num", String(bid.n)), " ", time, " ", el("span", "code", bid.code), " ", sum);
      list.insertBefore(line, after ?? null);
    }
    while (list.childElementCount > BIDS) list.lastElementChild!.remove();
  }

  private drawTimes(): void {
    for (const row of this.rows.values()) this.drawTime(row);
    const open = [...this.rows.values()].filter(({ state }) => state.phase === "open" && state.end_ms !== null);
    const next = Math.min(...open.map(({ state }) => state.end_ms!));
    setText(find(this.root, "[data-next-end]"), open.length ? this.speech.time(next) : "–");
  }

  private drawTime(row: Row): void {
    setText(field(row.box, "remaining"), remaining(row.state, this.clock.now(), this.speech));
  }

  private lookSoon(): void {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => void this.look(), SOON_MS);
  }

  /** The page anew, for the parts that are not on the live line; what has the focus keeps it. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of this.root.querySelectorAll<HTMLElement>("[data-swap]")) swap(part, page);
      for (const { box, lot } of this.rows.values()) {
        const fresh = find(page, `[data-lot="${lot.id}"]`);
        if (!fresh) continue;
        for (const name of ["here", "watching", "auctioneer"]) {
          setText(field(box, name), field(fresh, name)?.textContent ?? "–");
        }
      }
    } catch {
      // The line says so already; the next look comes soon.
    } finally {
      this.looking = false;
    }
  }

  // --- keys -----------------------------------------------------------------------------------

  private pressed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const types = target.closest("input, textarea, select, [contenteditable]") !== null;
    if (types || event.ctrlKey || event.metaKey || event.altKey || find(document, "dialog[open]")) return;
    const list = find(this.root, "[data-keys]");
    if (!list) return; // switched off
    const key = event.key.toLowerCase();
    if (key === "?") this.help(list);
    else if (key === "j" || key === "k") this.choose(key === "j" ? 1 : -1);
    else if (!this.press(key)) return;
    event.preventDefault();
  }

  private press(key: string): boolean {
    if (!/^[a-z]$/.test(key)) return false;
    const all = find(this.root, `[data-key="${key}"]`);
    const lot = this.boxes()[this.chosen];
    const one = lot && find(lot, `[data-lot-key="${key}"]`);
    const button = all ?? one;
    if (!button) return false;
    button.click();
    if (button.getAttribute("href") === "#announce") find<HTMLTextAreaElement>(this.root, "#text_vi")?.focus();
    return true;
  }

  private boxes(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>(".console__lot")];
  }

  private choose(by: number, scroll = true): void {
    const boxes = this.boxes();
    if (!boxes.length) return;
    this.chosen = Math.max(0, Math.min(boxes.length - 1, this.chosen + by));
    boxes.forEach((box, n) => box.classList.toggle("is-chosen", n === this.chosen));
    const box = boxes[this.chosen]!;
    box.focus({ preventScroll: true });
    if (scroll) box.scrollIntoView({ block: "nearest" });
    setText(find(this.root, "[data-chosen]"), find(box, "h2")?.textContent ?? "");
  }

  private help(list: HTMLElement): void {
    const dialog = find<HTMLDialogElement>(document, "[data-help]");
    find(document, "[data-help-list]")?.replaceChildren(list.cloneNode(true));
    dialog?.showModal();
  }
}

/** The number of the bid in a line of the list. */
function place(line: Element): number {
  return Number(find(line, ".num")?.textContent ?? 0);
}

function watch(row: Row): { t: "watch"; lot: number; epoch?: number; seq?: number } {
  return { t: "watch", lot: row.lot.id, ...(row.epoch === null ? {} : { epoch: row.epoch, seq: row.seq }) };
}

/** A part of the page as it is now; left alone while it has the focus, or nothing has changed. */
function swap(part: HTMLElement, page: Document): void {
  const fresh = find(page, `[data-swap="${part.dataset["swap"]}"]`);
  if (!fresh || part.innerHTML === fresh.innerHTML || part.contains(document.activeElement)) return;
  part.replaceChildren(...fresh.childNodes);
}

/** The page that asks once, in a dialog of this one; whatever goes wrong, it is opened as a page. */
async function ask(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  const dialog = find<HTMLDialogElement>(document, "[data-dialog]");
  if (!form.matches("[data-ask]") || !dialog) return;
  event.preventDefault();
  if (form.dataset["sent"]) return;
  form.dataset["sent"] = "1";
  try {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) body.append(name, String(value));
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const confirm = find<HTMLFormElement>(page, "[data-confirm]");
    if (!answer.ok || !confirm) throw new Error("not asked");
    dialog.replaceChildren(find(page, "h1")!, confirm);
    find(dialog, "[data-back]")?.addEventListener("click", (click) => {
      click.preventDefault();
      dialog.close();
    });
    once(confirm);
    dialog.showModal();
  } catch {
    form.submit();
  } finally {
    delete form.dataset["sent"];
  }
}

/** A second press of the same button waits for the first one's answer. */
function once(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    if (form.dataset["sent"]) event.preventDefault();
    else form.dataset["sent"] = "1";
  });
}

const data = document.getElementById("console");
const root = find(document, "[data-console]");
if (data && root) new Console(root, JSON.parse(data.textContent ?? "null") as Boot);
