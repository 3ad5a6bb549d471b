// The record as a page of an account book: newest line first, own lines marked, nothing removed.
import { el, find, setText, timeElement } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { Bid } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const LINES = 40;

export class Ledger {
  private top = 0;
  private drawnFor = "";
  private refusedDrawn = -1;

  constructor(
    private readonly room: HTMLElement,
    private readonly body: HTMLElement,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  draw(store: LotStore): void {
    const robots = new Set(store.state.robots ?? []);
    // Who "you" are and which codes are robots changes old lines too: then all are written anew.
    const key = `${store.you?.code ?? ""}|${[...robots].join()}`;
    const newest = store.bids[0]?.n ?? 0;
    if (key === this.drawnFor && newest === this.top) return;
    const all = key !== this.drawnFor || newest < this.top;
    const lines: HTMLElement[] = [];
    let above: number | null = null;
    for (const bid of store.bids.slice(0, LINES)) {
      if (above !== null && above - bid.n > 1) lines.push(this.gap(above - bid.n - 1));
      lines.push(this.line(bid, store.you?.code ?? null, robots, !all && bid.n > this.top));
      above = bid.n;
    }
    if (lines.length) this.body.replaceChildren(...lines);
    else this.body.replaceChildren(this.empty());
    this.top = newest;
    this.drawnFor = key;
  }

  private line(bid: Bid, own: string | null, robots: Set<string>, fresh: boolean): HTMLElement {
    const row = el("tr");
    if (bid.code === own) row.classList.add("own");
    if (fresh) row.classList.add("is-new");
    const who = el("td", "", el("span", "code", bid.code));
    if (bid.code === own) who.append(" ", el("span", "tag tag--own", this.speech.t("you")));
    if (robots.has(bid.code)) who.append(" ", el("span", "robot", this.speech.t("robot")));
    row.append(
      el("td", "num", String(bid.n)),
      el("td", "num", timeElement(bid.at_ms, this.speech.time(bid.at_ms, true))),
      who,
      el("td", "num right", this.money.number(bid.amount_minor)),
    );
    return row;
  }

  private gap(n: number): HTMLElement {
    return this.wide("ledger__gap", this.speech.t("record.gap", { n }));
  }

  private empty(): HTMLElement {
    return this.wide("ledger__empty", this.speech.t("record.empty"));
  }

  private wide(className: string, text: string): HTMLElement {
    const cell = el("td", "", text);
    cell.colSpan = 4;
    return el("tr", className, cell);
  }

  drawRefused(store: LotStore): void {
    const refused = store.you?.refused ?? [];
    const newest = refused[0]?.seq ?? 0;
    if (newest === this.refusedDrawn) return;
    this.refusedDrawn = newest;
    const box = find(this.room, "[data-refused]");
    const list = find(this.room, "[data-refused-list]");
    if (!box || !list) return;
    box.hidden = refused.length === 0;
    list.replaceChildren(...refused.map((bid) => {
      const time = timeElement(bid.at_ms, this.speech.time(bid.at_ms, true));
      const line = el("li", "", time, " ", el("span", "num", this.money.text(bid.amount_minor)), " ");
      const reason = el("span");
      setText(reason, this.speech.coded("refused", bid.reason, "refused.OTHER"));
      line.append(reason);
      return line;
    }));
  }
}
