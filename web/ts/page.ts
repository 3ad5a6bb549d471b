// What the server wrote into the page for the script.
import texts from "#texts";
import type { LotState, Snapshot } from "./protocol.ts";

export interface LotInfo {
  id: number;
  title: string;
  minor_digits: number;
  before: string;
  after: string;
  unit: string;
  starting_price_minor: number;
  increment_minor: number;
  increment_rule: "MIN_DELTA" | "FROM_START_MULTIPLE" | "FROM_CURRENT_MULTIPLE" | "TABLE";
  increment_table: [below: number | null, step: number][];
  deposit_minor: number;
  withdrawal: "FORFEIT" | "FREE" | null; // what withdrawing a bid costs; null: it is not possible
  extension: { trigger_ms: number; by_ms: number; max_count: number | null } | null;
}

export interface Boot {
  kind: "room" | "board";
  lang: "vi" | "en";
  now_ms: number;
  csrf: string;
  bidder: boolean;
  zone: string;
  lots: LotInfo[];
  texts: Record<string, string | { one?: string; other: string }>;
  snapshot?: Snapshot;
  states?: Record<string, LotState>;
}

export function readBoot(): Boot | null {
  const block = document.getElementById("boot");
  const boot = block ? (JSON.parse(block.textContent ?? "null") as Omit<Boot, "texts"> | null) : null;
  return boot && { ...boot, texts };
}
