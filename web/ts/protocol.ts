// The messages of /live as docs/protocol/live.md defines them.
export type Phase = "scheduled" | "open" | "closed";

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
  robots?: string[];
}

export interface Bid {
  n: number;
  seq: number;
  at_ms: number;
  code: string;
  amount_minor: number;
}

export interface RefusedBid {
  seq: number;
  at_ms: number;
  amount_minor: number;
  reason: string;
  minimum_minor: number | null;
}

export interface You {
  code: string;
  admitted: boolean;
  leading: boolean;
  best_minor: number | null;
  refused: RefusedBid[];
}

export interface Snapshot {
  t: "snapshot";
  lot: number;
  epoch: number;
  seq: number;
  state: LotState;
  bids: Bid[];
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
}

export interface Recorded {
  t: "recorded";
  lot: number;
  bid_id: string;
  n: number;
  seq: number;
  at_ms: number;
  amount_minor: number;
  repeat: boolean;
}

export interface Refused {
  t: "refused";
  lot: number;
  bid_id: string;
  reason: string;
  minimum_minor: number | null;
  seq: number;
  at_ms: number;
  amount_minor: number;
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

export type ServerMessage =
  | { t: "welcome"; now_ms: number; bidder: boolean; resume_s: number }
  | { t: "time"; at: number; now_ms: number }
  | { t: "bye"; code: number; text: string; retry_ms: number | null }
  | Snapshot
  | Update
  | Recorded
  | Refused
  | Busy
  | Failure;

export type ClientMessage =
  | { t: "hello"; ticket?: string }
  | { t: "watch"; lot: number; epoch?: number; seq?: number }
  | { t: "bid"; lot: number; bid_id: string; amount_minor: number }
  | { t: "time"; at: number };

/** 3500–3999 mean: do not come back. */
export function isFinal(code: number): boolean {
  return code >= 3500 && code <= 3999;
}
