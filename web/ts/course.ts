// Where the lot stands in its life, in one banner; nothing while it is simply open or not open yet.
// The same rules as in the page the server drew (`http/presenting_life.py`).
import { field, setText } from "./dom.ts";
import type { Speech, Values } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotStore } from "./store.ts";

const AWAITED: ReadonlySet<string> = new Set(["reserve.awaited", "keys.awaited", "draw.awaited", "draw.overdue"]);

const UNSOLD: ReadonlySet<string> = new Set(["PRICE_CUT", "IN_KIND_OFFER", "TAKEN_BY_CREDITOR"]);

/** The name of the banner's texts (`course.<name>`), null for none. */
export function courseOf(store: LotStore): string | null {
  const { state, life, turns } = store;
  if (!life) return null;
  if (state.phase === "scheduled") return life.status === "POSTPONED" ? "POSTPONED" : null;
  if (state.phase === "paused") return life.ground === "INCIDENT" ? "INCIDENT" : "PAUSED";
  if (state.phase === "open") {
    if (store.falls && state.price_minor !== null) return "drawing";
    if (turns[0]?.kind === "descent.resumed") return "resumed";
    if (life.round > 0) return "round";
    if (life.stage > 0) return life.method === "SEALED" ? "stage_sealed" : "stage";
    return life.method === "SEALED" ? "sealed" : null;
  }
  if (life.status !== "BIDDING_CLOSED") return life.status;
  const awaited = turns.find((turn) => AWAITED.has(turn.kind))?.kind ?? null;
  return life.due_ms === null && awaited !== "draw.overdue" ? null : awaited;
}

const TONES: Readonly<Record<string, readonly string[]>> = {
  stands: ["PAUSED", "INCIDENT", "POSTPONED", "resumed", "drawing", "draw.overdue"],
  over: ["FAILED", "STOPPED", "WITHDRAWN", "ANNULLED", "RESCINDED", "RESCINDED_BY_BUYER", "PAYMENT_DEFAULT", "RETURNED_BLOCKED"],
  awarded: ["ANNOUNCED", "AWAIT_PAYMENT", "PAID", "DELIVERED", "TITLE_FILED", "PROCEEDS_DISTRIBUTED", "CLOSED"],
};

/** Whether all bids have come to nothing, whoever led. */
export function isVoid(name: string | null): boolean {
  return name !== null && (TONES["over"]!.includes(name) || UNSOLD.has(name));
}

/** Beside the words, a shape: what stands still, what came to nothing, what is decided. */
export function toneOf(name: string): string {
  return Object.keys(TONES).find((tone) => TONES[tone]!.includes(name)) ?? "goes-on";
}

/** The rules' own words where they know the ground; null where the page has numbers to tell. */
function courseRule({ life }: LotStore, name: string): string | null {
  if (name === "INCIDENT" || name === "PAUSED") return `rules.pause.${life?.ground}`;
  if (name === "POSTPONED") return `rules.postponement.${life?.ground}`;
  if (name === "STOPPED") return `rules.stop.${life?.ground}`;
  return name === "FAILED" ? `rules.failure.${life?.failure}` : null;
}

/** The winner's price, the recorded one, or the one from which bidding begins or goes on. */
export function priceOf({ state, life }: LotStore, lot: LotInfo): number {
  const falling = life?.falling;
  const award = life?.winner ? life.award_minor : null; // a refused one no longer counts
  return award ?? state.price_minor ?? falling?.prices_minor[falling.step] ?? lot.starting_price_minor;
}

export function courseValues(store: LotStore, lot: LotInfo, money: Money, speech: Speech): Values {
  const { state, life } = store;
  const price = priceOf(store, lot);
  const at = (ms: number | null | undefined) => (ms == null ? "–" : speech.time(ms));
  const day = (ms: number | null | undefined) => (ms == null ? "–" : speech.moment(ms));
  return {
    code: life?.winner ?? state.leader ?? "–",
    price: money.text(price),
    time: at(life?.since_ms),
    due: day(life?.due_ms),
    end: at(state.end_ms),
    round: life?.round ?? 0,
    stage: (life?.stage ?? 0) + 1,
    stages: life?.stages ?? 1,
  };
}

export class Course {
  constructor(
    private readonly box: HTMLElement,
    private readonly lot: LotInfo,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  draw(store: LotStore): void {
    const name = courseOf(store);
    this.box.hidden = name === null;
    if (name === null) return;
    this.box.className = `course course--${toneOf(name)}`;
    const values = courseValues(store, this.lot, this.money, this.speech);
    const keys = [courseRule(store, name), `course.${name}.text`, `rules.status.${name}`];
    setText(field(this.box, "course_title"), this.speech.coded("course", name, "course.other", values));
    setText(field(this.box, "course_text"), this.speech.t(keys.find((key) => key && this.speech.has(key)) ?? "course.other.text", values));
  }
}
