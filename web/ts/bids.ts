// The bids this page has sent and what became of each. A bid keeps its id through every repeat, so
// the server counts it once; nothing here ever assumes that a bid was taken.
import type { Busy, ClientMessage, Failure, Recorded, Refused } from "./protocol.ts";

export type Fate =
  | { kind: "sent" }
  | { kind: "waiting" }
  | { kind: "busy"; tries: number }
  | { kind: "gave_up" }
  | { kind: "recorded"; n: number; at_ms: number }
  | { kind: "refused"; reason: string; minimum_minor: number | null; at_ms: number }
  | { kind: "error"; code: string };

export interface Act {
  id: string;
  amount: number;
  fate: Fate;
}

export const BUSY_TRIES = 6;
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

  make(amount: number): void {
    if (this.pending()) return;
    const act: Act = { id: newId(), amount, fate: { kind: "sent" } };
    // What is settled stands in the record; only unanswered bids stay beside the new one.
    this.acts = [act, ...this.acts.filter((known) => OPEN.has(known.fate.kind))];
    this.post(act);
  }

  again(act: Act): void {
    act.fate = { kind: "sent" };
    this.post(act);
  }

  forget(act: Act): void {
    this.acts = this.acts.filter((known) => known !== act);
  }

  private post(act: Act): void {
    const sent = this.send({ t: "bid", lot: this.lot, bid_id: act.id, amount_minor: act.amount });
    if (!sent) act.fate = { kind: "waiting" };
    this.changed(act);
  }

  lineDown(): void {
    for (const act of this.acts) {
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
    this.settle(answer.bid_id, { kind: "recorded", n: answer.n, at_ms: answer.at_ms });
  }

  refused(answer: Refused): Act | null {
    const { reason, minimum_minor, at_ms } = answer;
    return this.settle(answer.bid_id, { kind: "refused", reason, minimum_minor, at_ms });
  }

  failed(answer: Failure): void {
    if (answer.bid_id) this.settle(answer.bid_id, { kind: "error", code: answer.code });
  }

  busy(answer: Busy): void {
    const act = this.acts.find((known) => known.id === answer.bid_id);
    if (!act || act.fate.kind === "recorded" || act.fate.kind === "refused") return;
    const tries = (busyTries.get(act.id) ?? 0) + 1;
    busyTries.set(act.id, tries);
    if (tries > BUSY_TRIES) {
      busyTries.delete(act.id);
      act.fate = { kind: "gave_up" };
      this.changed(act);
      return;
    }
    act.fate = { kind: "busy", tries };
    this.changed(act);
    setTimeout(() => {
      if (act.fate.kind === "busy" && act.fate.tries === tries) this.repeat(act);
    }, Math.min(5000, answer.retry_ms) * (1 + Math.random() / 2));
  }

  private repeat(act: Act): void {
    const sent = this.send({ t: "bid", lot: this.lot, bid_id: act.id, amount_minor: act.amount });
    if (sent) return;
    act.fate = { kind: "waiting" };
    this.changed(act);
  }

  private settle(id: string, fate: Fate): Act | null {
    const act = this.acts.find((known) => known.id === id);
    if (!act) return null;
    act.fate = fate;
    busyTries.delete(id);
    this.changed(act);
    return act;
  }
}

const busyTries = new Map<string, number>();

function newId(): string {
  // randomUUID exists only on secure origins; a first trial on a local network may be plain http.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
