// Pages that list lots (session, desk, agency) follow all of them on one line.
import { ServerClock } from "./clock.ts";
import { Connection, type Line } from "./connection.ts";
import { field, find, setText } from "./dom.ts";
import { fallAt } from "./falling.ts";
import { speech, type Speech } from "./i18n.ts";
import { Money } from "./money.ts";
import type { Boot, LotInfo } from "./page.ts";
import type { ClientMessage, LotState, ServerMessage } from "./protocol.ts";
import { closeReason } from "./standing.ts";

const NEXT_SESSION_MS = 20_000;

interface Row {
  lot: LotInfo;
  box: HTMLElement;
  money: Money;
  state: LotState;
  epoch: number | null;
  seq: number;
  shown: number | null; // the price on the page
}

export class Board {
  private readonly rows = new Map<number, Row>();
  private readonly speech: Speech;
  private readonly clock: ServerClock;
  private readonly connection: Connection;

  constructor(boot: Boot) {
    this.speech = speech(boot);
    this.clock = new ServerClock(boot.now_ms);
    for (const lot of boot.lots) {
      const box = find(document, `[data-lot="${lot.id}"]`);
      const state = boot.states?.[lot.id];
      if (box && state) {
        this.rows.set(lot.id, { lot, box, money: new Money(lot, boot.lang), state, epoch: null, seq: 0, shown: null });
      }
    }
    this.connection = new Connection(this, this.clock, null);
    setInterval(() => this.drawTimes(), 1000);
    setInterval(() => this.lookForNext(), NEXT_SESSION_MS * (1 + Math.random() / 2));
    if (this.rows.size) void this.connection.open();
  }

  line(line: Line): void {
    if (line.kind === "up") for (const row of this.rows.values()) this.connection.send(this.watch(row));
    const bar = find(document, "[data-line]");
    if (!bar) return;
    bar.hidden = line.kind === "up" || line.kind === "connecting";
    if (line.kind === "down") setText(bar, this.speech.t("line.down"));
    if (line.kind === "stopped") setText(bar, this.speech.t("line.stopped", { why: closeReason(this.speech, line.code) }));
  }

  private watch(row: Row): ClientMessage {
    const from = row.epoch === null ? {} : { epoch: row.epoch, seq: row.seq };
    return { t: "watch", lot: row.lot.id, ...from };
  }

  message(message: ServerMessage): void {
    if (message.t !== "snapshot" && message.t !== "update") return;
    const row = this.rows.get(message.lot);
    if (!row) return;
    // Only the state is shown here, and every update carries it whole: a gap needs no repair.
    if (row.epoch !== null && (message.epoch < row.epoch || (message.epoch === row.epoch && message.seq < row.seq))) return;
    row.epoch = message.epoch;
    row.seq = message.seq;
    row.state = message.state;
    this.draw(row);
  }

  private draw(row: Row): void {
    const { t, time } = this.speech;
    const { state, box } = row;
    const falls = state.life?.method === "DESCENDING";
    const taken = state.price_minor !== null;
    setText(field(box, "price_label"), t(priceKey(state)));
    setText(field(box, "start_note"), taken || falls ? "" : t("board.start"));
    const first = falls ? "board.accept_first" : "board.from_start";
    const standing = taken ? t("board.standing", { n: state.n, code: state.leader ?? "–" }) : t(first);
    setText(field(box, "standing"), standing);
    const end = field(box, "end");
    if (state.end_ms !== null) {
      setText(end, time(state.end_ms));
      setText(field(box, "end_date"), this.speech.date(state.end_ms));
      end?.setAttribute("datetime", new Date(state.end_ms).toISOString());
    }
    setText(field(box, "leader"), state.leader ?? "–");
    setText(field(box, "n"), String(state.n));
    setText(field(box, "extensions"), String(state.extensions));
    const phase = field(box, "phase");
    if (phase) phase.className = `phase phase--${state.phase}`;
    setText(phase, t(`phase.${state.phase}`));
    if (box.classList.contains("card")) box.className = `card card--${state.phase}`;
    this.drawTime(row);
  }

  private drawPrice(row: Row): void {
    const price = row.state.price_minor ?? fallAt(row.state, this.clock.now())?.price ?? row.lot.starting_price_minor;
    const shown = field(row.box, "price");
    const first = row.shown === null;
    if (!shown || price === row.shown) return;
    row.shown = price;
    shown.replaceChildren(row.money.element(price));
    if (first) return;
    shown.classList.remove("changed");
    void shown.offsetWidth; // lets the mark of change start again
    shown.classList.add("changed");
  }

  /** When every lot has closed, the next session may have begun: the page asks for it now and then. */
  private lookForNext(): void {
    const over = [...this.rows.values()].every((row) => row.state.phase === "closed");
    if (over && !document.hidden && this.connection.line.kind !== "down") location.reload();
  }

  private drawTimes(): void {
    for (const row of this.rows.values()) this.drawTime(row);
  }

  private drawTime(row: Row): void {
    this.drawPrice(row);
    setText(field(row.box, "remaining"), remaining(row.state, this.clock.now(), this.speech));
  }
}

/** What the price on a card is. The same in `parts.html`. */
export function priceKey(state: LotState): string {
  if (state.life?.method === "DESCENDING") return state.price_minor === null ? "board.falling" : "board.accepted";
  return state.price_minor === null ? "board.no_bid" : "board.price";
}

/** What is left of a lot's time. One that the auctioneer closes has no end to count down to. */
export function remaining(state: LotState, now: number, { t, span, time }: Pick<Speech, "t" | "span" | "time">): string {
  const { phase, start_ms, end_ms } = state;
  if (phase === "scheduled") return t("board.opens_in", { span: span(start_ms - now) });
  if (phase === "paused") return t("board.paused");
  if (phase === "closed" && state.life?.status === "STOPPED") return t("board.stopped");
  const falling = fallAt(state, now);
  if (falling && phase === "closed") return t(state.n ? "board.accepted_over" : "board.floor_over");
  if (falling?.running && falling.next !== null) return t("board.falls_in", { span: span(falling.leftMs) });
  if (end_ms === null) return t(phase === "closed" ? "board.closed_by_hand" : "board.until_closed");
  if (phase === "closed") return t("board.ended", { time: time(end_ms) });
  return end_ms <= now ? t("board.closing") : t("board.left", { span: span(end_ms - now) });
}
