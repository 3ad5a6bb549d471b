// Price and clock at the head of the room.
import type { ServerClock } from "./clock.ts";
import { field, find, setText } from "./dom.ts";
import { countdown, type Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotState } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const LAST_MS = 10_000;
// The bar shows the last stretch only: over a whole day it would not be seen to move.
const BAR_MS = 5 * 60_000;

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
    const { state, bids } = store;
    const shown = state.price_minor ?? this.lot.starting_price_minor;
    const phase = state.phase === "closed" && state.n ? "final" : state.n ? "recorded" : "start";
    setText(field(this.room, "price_label"), t(`price.${phase}`));
    if (this.price !== shown) {
      this.price = shown;
      field(this.room, "price")?.replaceChildren(this.money.element(shown));
      setText(field(this.room, "price_words"), this.money.words(shown));
    }
    const last = bids[0];
    setText(
      field(this.room, "price_by"),
      last ? t("price.by", { n: last.n, code: last.code, time: this.speech.time(last.at_ms, true) }) : t("price.none"),
    );
  }

  drawTerms(store: LotStore): void {
    const { t } = this.speech;
    const { state } = store;
    setText(field(this.room, "count"), t("record.count", { n: state.n }));
    if (state.end_ms !== null) this.drawEnd(state, state.end_ms);
  }

  private drawEnd(state: LotState, endMs: number): void {
    const end = field(this.room, "end");
    setText(end, this.speech.time(endMs));
    end?.setAttribute("datetime", new Date(endMs).toISOString());
    setText(find(this.room, ".clock__date"), this.speech.date(endMs));
    const moved = field(this.room, "moved");
    if (!moved) return;
    moved.hidden = state.extensions === 0;
    if (!state.extensions) return;
    const values = { n: state.extended_by ?? state.n, times: state.extensions, time: this.speech.time(endMs) };
    setText(moved, this.speech.t("clock.moved", values));
  }

  /** Called many times a second; returns how long the next change of the figures is away. */
  tick(store: LotStore): number {
    const { t, lang } = this.speech;
    const { state } = store;
    const now = this.clock.now();
    const target = state.phase === "scheduled" ? state.start_ms : state.end_ms;
    if (target === null) return this.tickByHand(state);
    const left = target - now;
    const last = state.phase === "open" && left < LAST_MS;
    const label = state.phase === "open" && left <= 0 ? "closing" : state.phase;
    setText(field(this.room, "clock_label"), t(`clock.${label}`));
    const figures = field(this.room, "left");
    const closed = state.phase === "closed";
    setText(figures, closed ? this.speech.time(target) : countdown(left, lang === "vi" ? "," : "."));
    figures?.classList.toggle("is-last", last);
    this.drawBar(closed ? 0 : left, target - state.start_ms, last);
    this.drawError();
    return last ? 100 - (Math.max(0, left) % 100) + 1 : Math.min(250, (left % 1000) + 5);
  }

  /** The auctioneer closes this lot: there is no end to count down to. */
  private tickByHand(state: LotState): number {
    const label = state.phase === "closed" ? "closed_by_hand" : "until_closed";
    setText(field(this.room, "clock_label"), this.speech.t(`clock.${label}`));
    setText(field(this.room, "left"), "–");
    this.drawBar(0, 0, false);
    this.drawError();
    return 250;
  }

  private drawBar(left: number, whole: number, last: boolean): void {
    const bar = field(this.room, "bar");
    if (!bar) return;
    const share = Math.max(0, Math.min(1, left / Math.max(1, Math.min(BAR_MS, whole || BAR_MS))));
    bar.style.transform = `scaleX(${share.toFixed(4)})`;
    bar.parentElement?.classList.toggle("is-last", last);
  }

  private drawError(): void {
    const error = this.clock.error();
    const sure = field(this.room, "sure");
    setText(sure, error === null ? this.speech.t("clock.unsure") : this.speech.t("clock.sure", { ms: error }));
    sure?.classList.toggle("is-unsure", error === null);
  }
}
