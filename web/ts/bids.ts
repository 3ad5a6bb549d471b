// The bids this page has sent and what became of each. A bid keeps its id through every repeat, so
// the server counts it once; nothing here ever assumes that a bid was taken.
import type { Busy, ClientMessage, Failure, How, Recorded, Refused } from "./protocol.ts";

export type Fate =
  | { kind: "sent" }
  | { kind: "waiting" }
  | { kind: "busy"; tries: number; why: "full" | "fast" | "unknown" }
  | { kind: "gave_up" }
  | { kind: "recorded"; n: number | null; at_ms: number }
  | { kind: "refused"; reason: string; minimum_minor: number | null; at_ms: number }
  | { kind: "error"; code: string };

export interface Act {
  id: string;
  amount: number;
  how: How; // what the bid says beside its amount
  fate: Fate;
  tries: number; // answers in a row that took nothing
  asked: boolean; // the last sending is not answered yet
  lost: boolean; // some sending was never answered: the bid may stand in the record
  elsewhere?: true; // sent by the same bidder from another tab or device
}

export const BUSY_TRIES = 6;
const FAST_MS = 1000;
const LONGEST_MS = 5000;
const OPEN: ReadonlySet<Fate["kind"]> = new Set(["sent", "waiting", "busy"]);

export class Bids {
  acts: Act[] = [];

  constructor(
    private readonly lot: number,
    private readonly send: (message: ClientMessage) => boolean,
    private readonly changed: (act: Act) => void,
  ) {}

  /** True while an answer is outstanding: one bid at a time, so that none is sent by mistake. */
  pending(): boolean {
    return this.acts.some((act) => OPEN.has(act.fate.kind));
  }

  /** The answer is taking its time, and the form should say so. */
  late(): boolean {
    return this.acts.some((act) => act.fate.kind === "waiting" || act.fate.kind === "busy");
  }

  make(amount: number, how: How = {}): void {
    if (this.pending()) return;
    const act: Act = { id: newId(), amount, how, fate: { kind: "sent" }, tries: 0, asked: false, lost: false };
    // What is settled stands in the record; only unanswered bids stay beside the new one.
    this.acts = [act, ...this.acts.filter((known) => OPEN.has(known.fate.kind))];
    this.post(act);
  }

  again(act: Act): void {
    act.fate = { kind: "sent" };
    act.tries = 0;
    this.post(act);
  }

  forget(act: Act): void {
    this.acts = this.acts.filter((known) => known !== act);
  }

  private post(act: Act): void {
    if (!this.sendOne(act)) act.fate = { kind: "waiting" };
    this.changed(act);
  }

  private sendOne(act: Act): boolean {
    const sent = this.send({ t: "bid", lot: this.lot, bid_id: act.id, amount_minor: act.amount, ...act.how });
    if (sent) act.asked = true;
    return sent;
  }

  lineDown(): void {
    for (const act of this.acts) {
      if (act.asked) {
        act.asked = false;
        act.lost = true;
      }
      if (act.fate.kind === "sent" || act.fate.kind === "busy") {
        act.fate = { kind: "waiting" };
        this.changed(act);
      }
    }
  }

  lineUp(): void {
    for (const act of [...this.acts].reverse()) {
      if (act.fate.kind === "waiting") this.again(act);
    }
  }

  recorded(answer: Recorded): void {
    this.settle(answer, { kind: "recorded", n: answer.n, at_ms: answer.at_ms });
  }

  refused(answer: Refused): Act | null {
    const { reason, minimum_minor, at_ms } = answer;
    return this.settle(answer, { kind: "refused", reason, minimum_minor, at_ms });
  }

  failed(answer: Failure): void {
    if (!answer.bid_id) return;
    if (answer.code === "RATE_LIMITED") this.notTaken(answer.bid_id, FAST_MS, "fast");
    else this.decide(this.acts.find((act) => act.id === answer.bid_id), { kind: "error", code: answer.code });
  }

  busy(answer: Busy): void {
    this.notTaken(answer.bid_id, answer.retry_ms, "full");
  }

  /** This sending was not taken. Only if every sending was answered so is nothing recorded. */
  private notTaken(id: string, retryMs: number, why: "full" | "fast"): void {
    const act = this.acts.find((known) => known.id === id);
    if (!act || !OPEN.has(act.fate.kind)) return;
    act.asked = false;
    act.tries += 1;
    if (act.tries > BUSY_TRIES && !act.lost) {
      act.fate = { kind: "gave_up" };
      this.changed(act);
      return;
    }
    const { tries } = act;
    act.fate = { kind: "busy", tries, why: act.lost ? "unknown" : why };
    this.changed(act);
    // A bid whose fate is not known is repeated until it is, ever more slowly.
    const wait = Math.min(LONGEST_MS, retryMs * Math.max(1, tries - BUSY_TRIES));
    setTimeout(() => {
      if (act.fate.kind === "busy" && act.fate.tries === tries && !act.asked) this.repeat(act);
    }, wait * (1 + Math.random() / 2));
  }

  private repeat(act: Act): void {
    if (this.sendOne(act)) return;
    act.fate = { kind: "waiting" };
    this.changed(act);
  }

  /** An answer; to a bid of one's own that another tab or device has sent, it is shown here too. */
  private settle(answer: Recorded | Refused, fate: Fate): Act | null {
    const known = this.acts.find((act) => act.id === answer.bid_id);
    if (known || answer.amount_minor === null || answer.repeat) return this.decide(known, fate);
    const { bid_id, amount_minor } = answer;
    const how: How = "automatic" in answer && answer.automatic ? { automatic: true } : {};
    const act: Act = { id: bid_id, amount: amount_minor, how, fate, tries: 0, asked: false, lost: false, elsewhere: true };
    this.acts = [act, ...this.acts.filter((other) => OPEN.has(other.fate.kind))];
    return this.decide(act, fate);
  }

  private decide(act: Act | undefined, fate: Fate): Act | null {
    if (!act) return null;
    act.fate = fate;
    act.asked = false;
    this.changed(act);
    return act;
  }
}

function newId(): string {
  // randomUUID exists only on secure origins; a first trial on a local network may be plain http.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
