// Price and clock at the head of the room.
import type { ServerClock } from "./clock.ts";
import { field, find, setText } from "./dom.ts";
import { fallAt, type Fall } from "./falling.ts";
import { fallsUntil } from "./fallview.ts";
import { countdown, type Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotState } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const LAST_MS = 10_000;
// The bar shows the last stretch only: over a whole day it would not be seen to move.
const BAR_MS = 5 * 60_000;

/** When a lot ends or has ended; null where the auctioneer closes. */
export function endOf(store: LotStore): number | null {
  const { state } = store;
  const falling = state.life?.falling;
  if (!falling) return state.end_ms;
  if (state.phase === "closed" && state.price_minor !== null) return store.leading()?.at_ms ?? null;
  return state.end_ms ?? fallsUntil(falling);
}

export class Head {
  private price: number | null | undefined;

  constructor(
    private readonly room: HTMLElement,
    private readonly lot: LotInfo,
    private readonly clock: ServerClock,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  drawPrice(store: LotStore): void {
    const { t } = this.speech;
    const { state } = store;
    const fall = fallAt(state, this.clock.now());
    const shown = state.price_minor ?? fall?.price ?? this.lot.starting_price_minor;
    setText(field(this.room, "price_label"), t(`price.${this.priceKind(state, fall)}`));
    if (this.price !== shown) {
      this.price = shown;
      field(this.room, "price")?.replaceChildren(this.money.element(shown));
      for (const name of ["pin_price", "bid_price"]) field(this.room, name)?.replaceChildren(this.money.element(shown));
      setText(field(this.room, "price_words"), this.money.words(shown));
    }
    setText(field(this.room, "price_by"), this.by(store, fall));
  }

  private priceKind(state: LotState, fall: Fall | null): string {
    if (fall && state.price_minor !== null) return "accepted";
    if (fall) return { scheduled: "first", open: "falling", paused: "still", closed: "last" }[state.phase];
    return state.phase === "closed" && state.n ? "final" : state.price_minor !== null ? "recorded" : "start";
  }

  private by(store: LotStore, fall: Fall | null): string {
    const { t, time } = this.speech;
    const last = store.leading() ?? store.bids.find((bid) => !bid.void);
    if (last && store.state.price_minor !== null) return t("price.by", { n: last.n, code: last.code, time: time(last.at_ms, true) });
    return fall ? t("price.step", { n: fall.step + 1, of: fall.steps }) : t("price.none");
  }

  drawTerms(store: LotStore): void {
    const { t } = this.speech;
    const { state } = store;
    setText(field(this.room, "count"), t("record.count", { n: state.n }));
    const endMs = endOf(store);
    if (endMs !== null) this.drawEnd(state, endMs);
  }

  private drawEnd(state: LotState, endMs: number): void {
    const end = field(this.room, "end");
    setText(end, this.speech.time(endMs));
    end?.setAttribute("datetime", new Date(endMs).toISOString());
    setText(find(this.room, ".clock__date"), this.speech.date(endMs));
    const moved = field(this.room, "moved");
    if (!moved) return;
    // A further round is told with the lot's course; only single late bids are told here.
    const extended = state.extensions > 0 && !state.life?.round;
    moved.hidden = !extended;
    if (!extended) return;
    const values = { n: state.extended_by ?? state.n, times: state.extensions, time: this.speech.time(endMs) };
    setText(moved, this.speech.t("clock.moved", values));
  }

  /** Called many times a second; returns how long the next change of the figures is away. */
  tick(store: LotStore): number {
    const { state } = store;
    const now = this.clock.now();
    const fall = fallAt(state, now);
    this.drawError();
    if (fall?.running) return this.tickFall(fall, state);
    if (state.phase === "paused") return this.stand(store, fall);
    const target = state.phase === "scheduled" ? state.start_ms : endOf(store);
    if (target === null) return this.tickByHand(state);
    const left = target - now;
    const last = state.phase === "open" && left < LAST_MS;
    const label = state.phase === "open" && left <= 0 ? "closing" : fall && state.phase === "open" ? "draw_in" : state.phase;
    const closed = state.phase === "closed";
    this.figures(`clock.${label}`, closed ? this.speech.time(target) : this.count(left), last);
    this.drawBar(closed ? 0 : left, target - state.start_ms, last);
    return last ? 100 - (Math.max(0, left) % 100) + 1 : Math.min(250, (left % 1000) + 5);
  }

  private tickFall(fall: Fall, state: LotState): number {
    const { leftMs, next } = fall;
    const last = leftMs < LAST_MS;
    const label = next === null ? this.speech.t("clock.floor") : this.speech.t("clock.next", { amount: this.money.text(next) });
    this.figures(null, this.count(leftMs), last, label);
    this.drawBar(leftMs, state.life!.falling!.interval_ms, last, true);
    // Exactly when the step is over the next price must be there, and the bar full again.
    return Math.min(leftMs + 1, last ? 100 - (leftMs % 100) + 1 : Math.min(250, (leftMs % 1000) + 5));
  }

  /** A pause: the figures stand still where they were. */
  private stand(store: LotStore, fall: Fall | null): number {
    const since = store.life?.since_ms ?? this.clock.now();
    const end = endOf(store);
    const left = fall ? fall.leftMs : end === null ? null : end - since;
    this.figures("clock.paused", left === null ? "–" : this.count(left), false);
    this.drawBar(left ?? 0, fall ? store.life!.falling!.interval_ms : 0, false, fall !== null);
    return 250;
  }

  /** The auctioneer closes this lot: there is no end to count down to. */
  private tickByHand(state: LotState): number {
    this.figures(`clock.${state.phase === "closed" ? "closed_by_hand" : "until_closed"}`, "–", false);
    this.drawBar(0, 0, false);
    return 250;
  }

  private count(left: number): string {
    return countdown(left, this.speech.lang === "vi" ? "," : ".");
  }

  private figures(key: string | null, text: string, last: boolean, label = ""): void {
    setText(field(this.room, "clock_label"), key === null ? label : this.speech.t(key));
    for (const name of ["left", "pin_left", "bid_left"]) {
      const figures = field(this.room, name);
      setText(figures, text);
      figures?.classList.toggle("is-last", last);
    }
  }

  private drawBar(left: number, whole: number, last: boolean, entire = false): void {
    const most = entire ? whole : Math.min(BAR_MS, whole || BAR_MS);
    const share = Math.max(0, Math.min(1, left / Math.max(1, most)));
    for (const name of ["bar", "pin_bar"]) {
      const bar = field(this.room, name);
      if (!bar) continue;
      bar.style.transform = `scaleX(${share.toFixed(4)})`;
      bar.parentElement?.classList.toggle("is-last", last);
    }
  }

  private drawError(): void {
    const error = this.clock.error();
    const sure = field(this.room, "sure");
    setText(sure, error === null ? this.speech.t("clock.unsure") : this.speech.t("clock.sure", { ms: error }));
    sure?.classList.toggle("is-unsure", error === null);
  }
}
