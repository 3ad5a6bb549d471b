// Pages that list lots (session, desk, agency) follow all of them on one line.
import { ServerClock } from "./clock.ts";
import { Connection, type Line } from "./connection.ts";
import { field, find, setText } from "./dom.ts";
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
        this.rows.set(lot.id, { lot, box, money: new Money(lot, boot.lang), state, epoch: null, seq: 0 });
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
    const before = row.state;
    row.state = message.state;
    this.draw(row, before);
  }

  private draw(row: Row, before: LotState): void {
    const { t, time } = this.speech;
    const { state, box } = row;
    const price = state.price_minor ?? row.lot.starting_price_minor;
    const shown = field(box, "price");
    if (shown && price !== (before.price_minor ?? row.lot.starting_price_minor)) {
      shown.replaceChildren(row.money.element(price));
      shown.classList.remove("changed");
      void shown.offsetWidth; // lets the mark of change start again
      shown.classList.add("changed");
    }
    setText(field(box, "price_label"), t(state.n ? "board.price" : "board.no_bid"));
    setText(field(box, "start_note"), state.n ? "" : t("board.start"));
    const standing = state.n ? t("board.standing", { n: state.n, code: state.leader ?? "–" }) : t("board.from_start");
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

  /** When every lot has closed, the next session may have begun: the page asks for it now and then. */
  private lookForNext(): void {
    const over = [...this.rows.values()].every((row) => row.state.phase === "closed");
    if (over && !document.hidden && this.connection.line.kind !== "down") location.reload();
  }

  private drawTimes(): void {
    for (const row of this.rows.values()) this.drawTime(row);
  }

  private drawTime({ state, box }: Row): void {
    setText(field(box, "remaining"), remaining(state, this.clock.now(), this.speech));
  }
}

/** What is left of a lot's time. One that the auctioneer closes has no end to count down to. */
export function remaining(state: LotState, now: number, { t, span, time }: Pick<Speech, "t" | "span" | "time">): string {
  const { phase, start_ms, end_ms } = state;
  if (phase === "scheduled") return t("board.opens_in", { span: span(start_ms - now) });
  if (end_ms === null) return t(phase === "closed" ? "board.closed_by_hand" : "board.until_closed");
  if (phase === "closed") return t("board.ended", { time: time(end_ms) });
  return end_ms <= now ? t("board.closing") : t("board.left", { span: span(end_ms - now) });
}
