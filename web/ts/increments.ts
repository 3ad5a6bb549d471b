// Steps between bids, and which amounts are unusual: the same arithmetic as the rules'.
import type { LotInfo } from "./page.ts";
import type { Life } from "./protocol.ts";

const BASIS_POINTS = 10_000;
// Where the auction rules ask for no confirmation, the page still asks before what looks like a slip.
const SLIP = { ratio_bp: 2 * BASIS_POINTS - 1, steps: 10 };

/** What a bid over `price` must add at least. */
export function stepMinor(lot: LotInfo, price: number): number {
  for (const [below, step] of lot.increment_table) if (below === null || price < below) return step;
  return lot.increment_minor;
}

function base(lot: LotInfo, price: number | null): number | null {
  if (lot.increment_rule === "FROM_START_MULTIPLE") return lot.starting_price_minor;
  return lot.increment_rule === "FROM_CURRENT_MULTIPLE" ? (price ?? lot.starting_price_minor) : null;
}

/** Whether the amount lies on the steps that the auction rules may demand. */
export function onStep(lot: LotInfo, price: number | null, amount: number): boolean {
  const from = base(lot, price);
  return from === null || (amount - from) % lot.increment_minor === 0;
}

/** The valid amounts nearest to one that is between two steps, lower first, none below `minimum`. */
export function nearest(lot: LotInfo, price: number | null, minimum: number, amount: number): number[] {
  const from = base(lot, price);
  if (from === null) return [];
  const lower = from + Math.floor((amount - from) / lot.increment_minor) * lot.increment_minor;
  return [lower, lower + lot.increment_minor].filter((near) => near >= minimum);
}

/** The quick amounts: the minimum, and one and two steps above it. */
export function quickAmounts(lot: LotInfo, minimum: number): number[] {
  const second = minimum + stepMinor(lot, minimum);
  return [minimum, second, second + stepMinor(lot, second)];
}

export interface Unusual {
  ratio: number;
  steps: number;
}

/** How unusual an amount is; null for an everyday one. */
export function unusual(lot: LotInfo, price: number | null, amount: number, rule: Life["confirm"]): Unusual | null {
  const { ratio_bp, steps } = rule ?? SLIP;
  const from = price ?? lot.starting_price_minor;
  const step = stepMinor(lot, from);
  // In whole numbers of any size: these products leave what a double can hold.
  const dear = ratio_bp !== null && BigInt(amount) * BigInt(BASIS_POINTS) > BigInt(from) * BigInt(ratio_bp);
  const far = steps !== null && BigInt(amount - from) > BigInt(steps) * BigInt(step);
  return dear || far ? { ratio: amount / from, steps: Math.floor((amount - from) / step) } : null;
}
