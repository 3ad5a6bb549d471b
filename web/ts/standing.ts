// The one banner that says where the viewer stands. The same rules as in the page the server drew
// (`http/presenting_life.py`).
import { courseOf, isVoid, priceOf } from "./course.ts";
import { el, find, setText } from "./dom.ts";
import type { Line } from "./connection.ts";
import type { Speech, Values } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotStore } from "./store.ts";

// What the winner has to do himself; after it the course tells what others do.
const SIGNED_OUT = 3504;
const TO_DO: ReadonlySet<string> = new Set(["ANNOUNCED", "AWAIT_PAYMENT"]);

export function standing(store: LotStore, line: Line, bidder: boolean): string {
  const { state, you } = store;
  if (you?.out) return "out";
  if (state.phase === "closed") return closed(store, bidder);
  if (line.kind === "stopped") return line.code === SIGNED_OUT ? "signed_out" : "stopped";
  if (line.kind === "down") return "offline";
  if (line.kind === "up" && line.refused) return line.refused;
  const falls = store.falls;
  if (state.phase === "scheduled") return falls ? "scheduled_fall" : "scheduled";
  if (!bidder) return falls ? "watching_fall" : "watching";
  if (!you?.admitted) return you?.deposit?.state === "HELD" ? "awaiting_admission" : "not_admitted";
  if (falls && you.best_minor) return "accepted";
  const lacks = store.lacksDeposit();
  if (you.leading && store.life?.method !== "SEALED") return you.maximum_minor && !lacks ? "leading_automatic" : "leading";
  if (lacks) return "no_deposit";
  if (!store.inRound()) return "not_in_round";
  if (falls) return "ready";
  if (store.life?.method === "SEALED") return you.sealed ? "boxed" : "not_boxed";
  return you.best_minor ? "outbid" : "no_bid";
}

function closed(store: LotStore, bidder: boolean): string {
  const { state, you, life } = store;
  const course = courseOf(store);
  if (course === null && state.n === 0) return "closed_empty";
  if (isVoid(course)) return "over";
  if (bidder && you?.admitted) {
    if (life?.winner && life.winner === you.code) return TO_DO.has(course ?? "") ? "winner" : "bought";
    if (you.leading) return course === "RUNNER_UP_OFFERED" ? "offered" : store.falls ? "first" : "won";
    const late = store.lateOwn();
    if (late) return store.leading()?.at_ms === late.at_ms ? "late_tie" : "late";
    if (course !== null && you.best_minor) return "lost";
  }
  return course === null ? (store.falls ? "closed_fall" : "closed") : "over";
}

export function closeReason(speech: Speech, code: number): string {
  const known = [3500, 3501, 3502, 3503, 3504].includes(code);
  return speech.t(`close.${known ? code : "other"}`);
}

/** The two recorded times of a race, and the milliseconds between them; empty where there was none. */
export function race(store: LotStore, speech: Speech): Values {
  const first = store.leading();
  const own = store.lateOwn();
  const later = own?.at_ms ?? store.life?.falling?.late_ms ?? null;
  if (!first || later === null) return { first: first ? speech.time(first.at_ms, true) : "–", own: "–", ms: 0 };
  return { first: speech.time(first.at_ms, true), own: speech.time(later, true), ms: later - first.at_ms };
}

export class Standing {
  private shown = "";
  /** What was last shown, for those who must know that it has changed. */
  kind: string | null = null;

  constructor(
    private readonly box: HTMLElement,
    private readonly lot: LotInfo,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  draw(store: LotStore, line: Line, bidder: boolean): void {
    const kind = standing(store, line, bidder);
    const { t } = this.speech;
    const values = this.values(store, line);
    if (kind !== this.shown) {
      this.box.className = `standing standing--${kind}`;
      find(this.box, "use")?.setAttribute("href", `#mark-${kind}`);
      this.shown = kind;
    }
    this.kind = kind;
    setText(find(this.box, ".standing__title"), t(`standing.${kind}`, values));
    const text = find(this.box, ".standing__text");
    if (kind === "signed_out" || kind === "signed_anew") {
      this.offerWay(text, kind);
      return;
    }
    // The drawn text of an onlooker ends with a link to sign in: it stays.
    if (kind.startsWith("watching") && text?.querySelector("a")) return;
    const raced = kind === "first" && store.life?.falling?.late_ms != null;
    const more = raced ? (values["ms"] ? ".raced" : ".tied") : "";
    if (text) delete text.dataset["way"];
    setText(text, kind === "out" ? this.out(store) : t(`standing.${kind}.text${more}`, values));
  }

  /** The session this page was drawn for has ended: the prices go on, and there is a way back. */
  private offerWay(text: HTMLElement | null, kind: "signed_out" | "signed_anew"): void {
    if (!text || text.dataset["way"] === kind) return;
    const link = el("a", "", this.speech.t(`standing.${kind}.link`));
    link.href = kind === "signed_out" ? `/login?next=${encodeURIComponent(location.pathname)}` : location.pathname;
    text.replaceChildren(`${this.speech.t(`standing.${kind}.text`)} `, link);
    text.dataset["way"] = kind;
  }

  /** What the banner says, for those who do not see it. */
  words(): string {
    return [".standing__title", ".standing__text"].map((part) => find(this.box, part)?.textContent ?? "").join(". ");
  }

  /** Why one is out, and what it cost where it cost the deposit. */
  private out({ you }: LotStore): string {
    if (you?.forfeit && this.speech.has(`rules.forfeit.${you.forfeit}`)) return this.speech.t(`rules.forfeit.${you.forfeit}`);
    return this.speech.coded("out", you?.out ?? "", "out.OTHER");
  }

  private values(store: LotStore, line: Line): Values {
    const { state, you, life } = store;
    const minimum = store.minimum();
    const text = (minor: number | null | undefined) => (minor == null ? "–" : this.money.text(minor));
    return {
      ...race(store, this.speech),
      minimum: text(minimum),
      price: text(priceOf(store, this.lot)),
      maximum: text(you?.maximum_minor),
      time: this.speech.time(state.start_ms),
      due: life?.due_ms == null ? "–" : this.speech.moment(life.due_ms),
      code: state.leader ?? "–",
      why: line.kind === "stopped" ? closeReason(this.speech, line.code) : "",
    };
  }
}
