// The messages of /live as docs/protocol/live.md defines them.
export type Phase = "scheduled" | "open" | "paused" | "closed";

/** A falling price: step `step` begins at `from_ms`, each stands for `interval_ms`. */
export interface Falling {
  step: number;
  from_ms: number;
  interval_ms: number;
  prices_minor: number[];
  draw: boolean; // acceptances of one step are equal, and lots are drawn
  late_ms: number | null; // when the first acceptance came that was too late
}

/** Where the lot stands beside its price. */
export interface Life {
  status: string;
  method: "ASCENDING" | "DESCENDING" | "SEALED";
  automatic: boolean;
  ground: string | null;
  since_ms: number | null;
  due_ms: number | null;
  round: number;
  stage: number;
  stages: number;
  winner: string | null;
  award_minor: number | null;
  failure: string | null;
  confirm?: { ratio_bp: number | null; steps: number | null };
  reserve_minor?: number; // 0: secret
  in_round?: string[];
  falling?: Falling;
}

export interface LotState {
  phase: Phase;
  price_minor: number | null;
  leader: string | null;
  n: number;
  minimum_minor: number | null;
  start_ms: number;
  end_ms: number | null; // null: the auctioneer closes
  extensions: number;
  extended_by: number | null;
  robots?: string[]; // in updates only when it has changed
  life?: Life; // of lots whose life or method is more than plain bidding
}

export interface Bid {
  n: number;
  seq: number;
  at_ms: number;
  code: string;
  amount_minor: number;
  automatic?: boolean;
  void?: boolean;
}

/** A turn in the lot's life as everybody may see it; beside these, what its kind says. */
export interface Turn {
  seq: number;
  at_ms: number;
  kind: string;
  status: string;
  bidder?: string;
  bidders?: string[];
  ground?: string;
  reason?: string;
  what?: string;
  choice?: string;
  code?: string;
  price_minor?: number;
  amount_minor?: number;
  start_ms?: number;
  end_ms?: number | null;
  due_ms?: number | null;
  by_ms?: number;
  step?: number;
  round?: number;
  stage?: number;
}

export interface RefusedBid {
  seq: number;
  at_ms: number;
  amount_minor: number | null; // null for a sealed bid
  reason: string;
  minimum_minor: number | null;
}

export interface You {
  code: string;
  admitted: boolean;
  leading: boolean;
  best_minor: number | null;
  refused: RefusedBid[];
  maximum_minor?: number;
  sealed?: { seq: number; at_ms: number; bid_id: string };
  out?: string;
  forfeit?: string;
  /** Where the lot's record knows the deposits: no bid is taken while one is missing. */
  deposit?: { state: "HELD" | "MISSING"; amount_minor: number; needed_minor: number };
}

export interface Snapshot {
  t: "snapshot";
  lot: number;
  epoch: number;
  seq: number;
  state: LotState;
  bids: Bid[];
  turns?: Turn[];
  you: You | null;
}

export interface Update {
  t: "update";
  lot: number;
  epoch: number;
  from: number;
  seq: number;
  state: LotState;
  bids: Bid[];
  omitted: number;
  turns?: Turn[];
}

export interface Recorded {
  t: "recorded";
  lot: number;
  bid_id: string;
  n: number | null; // null for what stays secret
  seq: number;
  at_ms: number;
  amount_minor: number | null;
  repeat: boolean;
  automatic?: boolean;
  receipt?: string;
}

export interface Refused {
  t: "refused";
  lot: number;
  bid_id: string;
  reason: string;
  minimum_minor: number | null;
  seq: number;
  at_ms: number;
  amount_minor: number | null;
  repeat: boolean;
}

export interface Busy {
  t: "busy";
  lot: number;
  bid_id: string;
  retry_ms: number;
}

export interface Failure {
  t: "error";
  code: string;
  text: string;
  bid_id?: string;
}

/** What the house announced to the room, newest first; whole each time. */
export interface Announcements {
  t: "announcements";
  lot: number;
  said: { n: number; at_ms: number; text: { vi?: string; en?: string } }[];
}

export type ServerMessage =
  | { t: "welcome"; now_ms: number; bidder: boolean; resume_s: number }
  | { t: "time"; at: number; now_ms: number }
  | { t: "bye"; code: number; text: string; retry_ms: number | null }
  | Snapshot
  | Update
  | Announcements
  | Recorded
  | Refused
  | Busy
  | Failure;

/** What a bid says beside its amount. */
export interface How {
  step?: number; // the price step an acceptance saw
  automatic?: true; // the amount is a secret maximum
  confirmed?: true; // an unusual amount, confirmed by the bidder
}

export type ClientMessage =
  | { t: "hello"; ticket?: string }
  | { t: "watch"; lot: number; epoch?: number; seq?: number }
  | ({ t: "bid"; lot: number; bid_id: string; amount_minor: number } & How)
  | { t: "time"; at: number };

/** 3500–3999 mean: do not come back. */
export function isFinal(code: number): boolean {
  return code >= 3500 && code <= 3999;
}
