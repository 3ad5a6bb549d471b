// The falling price as a function of the server's time: the same as the rules' own, and no more.
import type { LotState } from "./protocol.ts";

export interface Fall {
  step: number;
  steps: number;
  price: number; // of this step, or the accepted one
  next: number | null; // the price after it; null at the last
  leftMs: number; // how long it still stands
  running: boolean; // false: the price stands still
  /** Steps gone by with their fractions, for drawing: 2.5 is half way through the third price. */
  at: number;
}

/** Null for a lot whose price does not fall. */
export function fallAt(state: LotState, now: number): Fall | null {
  const falling = state.life?.falling;
  if (!falling) return null;
  const { interval_ms, prices_minor } = falling;
  const steps = prices_minor.length;
  const since = state.life?.since_ms ?? null;
  // A pause holds the price; before the opening nothing has passed.
  let at = state.phase === "paused" && since !== null ? Math.min(now, since) : now;
  if (state.phase === "scheduled") at = falling.from_ms;
  const passed = Math.max(0, at - falling.from_ms);
  const taken = state.price_minor;
  const fallen = Math.min(falling.step + Math.floor(passed / interval_ms), steps - 1);
  const step = taken === null ? fallen : prices_minor.indexOf(taken);
  const ends = falling.from_ms + (step - falling.step + 1) * interval_ms;
  return {
    step, steps,
    price: prices_minor[step]!,
    next: prices_minor[step + 1] ?? null,
    leftMs: Math.max(0, ends - at),
    running: state.phase === "open" && taken === null,
    at: Math.min(steps, falling.step + passed / interval_ms),
  };
}
