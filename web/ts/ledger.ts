// The record as a page of an account book: newest line first, own lines marked, nothing removed. Turns
// in the lot's life stand between the bids, where they happened.
import { el, find, setText, timeElement } from "./dom.ts";
import type { Speech, Values } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { Bid, Turn } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const LINES = 40;

type Line = { bid: Bid } | { turn: Turn } | { gap: number };

/** The lines to write: bids with their gaps, and the turns that belong between them. */
export function linesOf(bids: readonly Bid[], turns: readonly Turn[], most = LINES): Line[] {
  const shown = bids.slice(0, most);
  const whole = shown.length === bids.length;
  const oldest = shown.at(-1)?.seq ?? 0;
  const rest = turns.filter((turn) => whole || turn.seq > oldest);
  const lines: Line[] = [];
  let above: number | null = null;
  for (const bid of shown) {
    while (rest[0] && rest[0].seq > bid.seq) lines.push({ turn: rest.shift()! });
    if (above !== null && above - bid.n > 1) lines.push({ gap: above - bid.n - 1 });
    lines.push({ bid });
    above = bid.n;
  }
  return [...lines, ...rest.map((turn) => ({ turn }))];
}

/** What happened, as one sentence. */
export function turnText(turn: Turn, money: Money, speech: Speech): string {
  const amount = turn.price_minor ?? turn.amount_minor;
  const moment = (ms: number | null | undefined) => (ms == null ? "–" : speech.moment(ms));
  const values: Values = {
    code: turn.bidder ?? "–",
    codes: (turn.bidders ?? []).join(", "),
    price: amount === undefined ? "–" : money.text(amount),
    time: turn.end_ms == null ? "–" : speech.time(turn.end_ms),
    start: moment(turn.start_ms),
    due: moment(turn.due_ms),
    span: speech.span(turn.by_ms ?? 0),
    ground: turn.ground ? speech.coded("ground", turn.ground, "ground.OTHER") : "",
    what: turn.kind === "lot.changed" && turn.what ? speech.coded("change", turn.what, "change.OTHER") : "",
    why: turn.code ? speech.coded("rules.failure", turn.code, "turn.other") : "",
    round: turn.round ?? 0,
    stage: (turn.stage ?? 0) + 1,
  };
  const key = turn.choice ? `${turn.kind}.${turn.choice}` : turn.kind;
  const event = `rules.event.${turn.kind}`;
  return speech.coded("turn", key, speech.has(event) ? event : "turn.other", values);
}

export class Ledger {
  private top = 0;
  private newestTurn = 0;
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
    // Who "you" are, which codes are robots and which bids are void changes old lines too: then all are
    // written anew.
    const voids = store.bids.filter((bid) => bid.void).length;
    const key = `${store.you?.code ?? ""}|${[...robots].join()}|${voids}`;
    const newest = store.bids[0]?.n ?? 0;
    const turn = store.turns[0]?.seq ?? 0;
    if (key === this.drawnFor && newest === this.top && turn === this.newestTurn) return;
    const all = this.drawnFor === "" || newest < this.top;
    const own = store.you?.code ?? null;
    const lines = linesOf(store.bids, store.turns).map((line) => {
      if ("gap" in line) return this.wide("ledger__gap", this.speech.t("record.gap", { n: line.gap }));
      if ("turn" in line) return this.turn(line.turn, !all && line.turn.seq > this.newestTurn);
      return this.line(line.bid, own, robots, !all && line.bid.n > this.top);
    });
    this.body.replaceChildren(...(lines.length ? lines : [this.wide("ledger__empty", this.speech.t("record.empty"))]));
    this.top = newest;
    this.newestTurn = turn;
    this.drawnFor = key;
  }

  private line(bid: Bid, own: string | null, robots: Set<string>, fresh: boolean): HTMLElement {
    const { t } = this.speech;
    const row = el("tr");
    if (bid.code === own) row.classList.add("own");
    if (fresh) row.classList.add("is-new");
    const who = el("td", "", el("span", "code", bid.code));
    if (bid.code === own) who.append(" ", el("span", "tag tag--own", t("you")));
    if (robots.has(bid.code)) who.append(" ", el("span", "robot", t("robot")));
    if (bid.automatic) who.append(" ", el("span", "tag", t("automatic")));
    const amount = this.money.number(bid.amount_minor);
    const sum = el("td", "num right");
    if (bid.void) {
      row.classList.add("void");
      who.append(" ", el("span", "tag tag--void", t("void")));
      sum.append(el("s", "", amount));
    } else sum.append(amount);
    row.append(
      el("td", "num", String(bid.n)),
      el("td", "num", timeElement(bid.at_ms, this.speech.time(bid.at_ms, true))),
      who, sum,
    );
    return row;
  }

  private turn(turn: Turn, fresh: boolean): HTMLElement {
    const row = el("tr", "ledger__turn");
    if (fresh) row.classList.add("is-new");
    const text = el("td", "", turnText(turn, this.money, this.speech));
    text.colSpan = 2;
    // Words of the people who conduct the sale are shown as theirs.
    const own = turn.kind === "lot.changed" ? [turn.reason] : [turn.what, turn.reason];
    for (const said of own) if (said) text.append(" ", el("q", "", said));
    row.append(el("td"), el("td", "num", timeElement(turn.at_ms, this.speech.time(turn.at_ms, true))), text);
    return row;
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
      const amount = bid.amount_minor === null ? "–" : this.money.text(bid.amount_minor);
      const line = el("li", "", time, " ", el("span", "num", amount), " ");
      const reason = el("span");
      setText(reason, this.speech.coded("refused", bid.reason, "refused.OTHER"));
      line.append(reason);
      return line;
    }));
  }
}
