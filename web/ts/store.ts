// What this page knows of one lot: the last snapshot with the updates since.
import type { Bid, ClientMessage, LotState, Recorded, RefusedBid, Snapshot, Update, You } from "./protocol.ts";

const KEEP_BIDS = 200;

export class LotStore {
  state: LotState;
  bids: Bid[];
  you: You | null;
  private readonly lot: number;
  private epoch: number;
  private seq: number;

  constructor(snapshot: Snapshot) {
    this.lot = snapshot.lot;
    this.state = snapshot.state;
    this.bids = snapshot.bids;
    this.you = snapshot.you;
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
  }

  watch(): ClientMessage {
    return { t: "watch", lot: this.lot, epoch: this.epoch, seq: this.seq };
  }

  replace(snapshot: Snapshot): void {
    this.state = { ...snapshot.state, robots: snapshot.state.robots ?? this.state.robots ?? [] };
    this.bids = snapshot.bids;
    this.you = snapshot.you;
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
  }

  /** False when something is missing in between: the page must ask for the lot again. */
  apply(update: Update): boolean {
    if (update.epoch === this.epoch && update.seq < this.seq) return true;
    if (update.epoch < this.epoch) return true;
    if (update.from !== this.seq) return false;
    this.epoch = update.epoch;
    this.seq = update.seq;
    this.state = { ...update.state, robots: update.state.robots ?? this.state.robots ?? [] };
    const known = this.bids[0]?.n ?? 0;
    const fresh = update.bids.filter((bid) => bid.n > known);
    this.bids = [...fresh, ...this.bids].slice(0, KEEP_BIDS);
    this.standAgain();
    return true;
  }

  private standAgain(): void {
    if (!this.you) return;
    const you = this.you;
    let best = you.best_minor;
    for (const bid of this.bids) {
      if (bid.code === you.code && (best === null || bid.amount_minor > best)) best = bid.amount_minor;
    }
    this.you = { ...you, leading: this.state.leader === you.code, best_minor: best };
  }

  noteRecorded(answer: Recorded): void {
    if (!this.you) return;
    const best = Math.max(this.you.best_minor ?? 0, answer.amount_minor);
    this.you = { ...this.you, best_minor: best };
  }

  noteRefused(bid: RefusedBid): void {
    if (!this.you || this.you.refused.some((known) => known.seq === bid.seq)) return;
    this.you = { ...this.you, refused: [bid, ...this.you.refused].slice(0, 20) };
  }

  /** The lowest amount that would be taken, by what this page knows. The server decides. */
  minimum(): number | null {
    return this.state.phase === "closed" ? null : this.state.minimum_minor;
  }
}
