// What this page knows of one lot: the last snapshot with the updates since.
import type {
  Bid, ClientMessage, Life, LotState, Recorded, RefusedBid, Snapshot, Turn, Update, You,
} from "./protocol.ts";

const KEEP_BIDS = 200;
const KEEP_TURNS = 50;
// After these the bids of the one they name are void, for the ground that goes with them.
const VOIDING: Readonly<Record<string, string>> = {
  "bid.withdrawn": "WITHDREW", "bidder.disqualified": "DISQUALIFIED", "win.refused": "REFUSED_WIN",
};

export class LotStore {
  state: LotState;
  bids: Bid[];
  turns: Turn[];
  you: You | null;
  /** Something of one's own is known only to the server, e.g. a maximum set in another tab. */
  incomplete = false;
  private readonly lot: number;
  private epoch: number;
  private seq: number;

  constructor(snapshot: Snapshot) {
    this.lot = snapshot.lot;
    this.state = snapshot.state;
    this.bids = snapshot.bids;
    this.turns = snapshot.turns ?? [];
    this.you = snapshot.you;
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
  }

  get life(): Life | null {
    return this.state.life ?? null;
  }

  /** Whether the price falls and is accepted, instead of being bid up. */
  get falls(): boolean {
    return this.state.life?.method === "DESCENDING";
  }

  watch(): ClientMessage {
    if (this.incomplete) return { t: "watch", lot: this.lot };
    return { t: "watch", lot: this.lot, epoch: this.epoch, seq: this.seq };
  }

  replace(snapshot: Snapshot): void {
    this.state = { ...snapshot.state, robots: snapshot.state.robots ?? this.state.robots ?? [] };
    this.bids = snapshot.bids;
    this.turns = snapshot.turns ?? [];
    this.you = snapshot.you;
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
    this.incomplete = false;
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
    const last = this.turns[0]?.seq ?? 0;
    const turns = (update.turns ?? []).filter((turn) => turn.seq > last);
    this.turns = [...turns, ...this.turns].slice(0, KEEP_TURNS);
    for (const turn of turns) if (turn.kind in VOIDING) this.void(turn);
    this.standAgain(fresh);
    return true;
  }

  private void({ bidder, seq, kind }: Turn): void {
    this.bids = this.bids.map((bid) => (bid.code === bidder && bid.seq < seq ? { ...bid, void: true } : bid));
    if (this.you && this.you.code === bidder) {
      const { maximum_minor: _, ...rest } = this.you;
      this.you = { ...rest, best_minor: null, out: VOIDING[kind]! };
      this.incomplete = true; // what becomes of the deposit is told to its owner only
    }
  }

  private standAgain(fresh: Bid[]): void {
    if (!this.you) return;
    const you = this.you;
    let best = you.best_minor;
    for (const bid of this.bids) {
      if (bid.code === you.code && !bid.void && (best === null || bid.amount_minor > best)) best = bid.amount_minor;
    }
    this.you = { ...you, leading: this.state.leader === you.code, best_minor: best };
    const most = you.maximum_minor ?? 0;
    if (you.out) return;
    this.incomplete ||= fresh.some((bid) => bid.automatic && bid.code === you.code && bid.amount_minor > most);
  }

  noteRecorded(answer: Recorded): void {
    if (!this.you || answer.amount_minor === null) return;
    if (answer.automatic) {
      this.you = { ...this.you, maximum_minor: answer.amount_minor };
      return;
    }
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

  /** Whether one's own code may bid in this round: rounds are for those of the round before. */
  inRound(): boolean {
    const allowed = this.life?.in_round;
    return !allowed || !this.you?.code || allowed.includes(this.you.code);
  }

  /** Whether one's own deposit is missing where one must be on record. */
  lacksDeposit(): boolean {
    return this.you?.deposit?.state === "MISSING";
  }

  /** The acceptance or bid that stands, if the page has its line. */
  leading(): Bid | null {
    return this.bids.find((bid) => !bid.void && bid.code === this.state.leader) ?? null;
  }

  /** One's own acceptance that came too late for the price another accepted. */
  lateOwn(): RefusedBid | null {
    const price = this.state.price_minor;
    return this.you?.refused.find((bid) => bid.reason === "TOO_LATE" && bid.amount_minor === price) ?? null;
  }
}
