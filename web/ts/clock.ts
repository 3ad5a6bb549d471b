// The server's clock, estimated from question-and-answer exchanges as NTP does: the answer with the
// shortest round trip says most, and half of that trip bounds how wrong it can be.
interface Sample {
  at: number; // performance.now() when the answer came
  offset: number; // server's clock minus performance.now()
  error: number;
}

const KEEP = 8;
const MAX_AGE_MS = 90_000;
const DRIFT = 50e-6; // crystals in ordinary machines stay within 50 parts in a million
const SURE_WITHIN_MS = 500;

export class ServerClock {
  private samples: Sample[] = [];
  private readonly fallback: number;
  private skew = Date.now() - performance.now();

  constructor(drawnAtMs: number) {
    // Until the first exchange: the page's own hour, minus nothing we know about the way here.
    this.fallback = drawnAtMs - performance.now();
  }

  /** `askedAt` is performance.now() when the question left. */
  learn(askedAt: number, serverMs: number): void {
    const at = performance.now();
    const trip = at - askedAt;
    if (trip < 0 || trip > 10_000) return;
    this.samples.push({ at, offset: serverMs - (askedAt + trip / 2), error: trip / 2 });
    if (this.samples.length > KEEP) this.samples.shift();
  }

  /** True when this machine slept or its clock was set: what was measured no longer holds. */
  jumped(): boolean {
    const skew = Date.now() - performance.now();
    const moved = Math.abs(skew - this.skew) > 1000;
    if (moved) {
      this.skew = skew;
      this.samples = [];
    }
    return moved;
  }

  private best(): { offset: number; error: number } | null {
    const now = performance.now();
    let best: { offset: number; error: number } | null = null;
    for (const sample of this.samples) {
      const age = now - sample.at;
      const error = sample.error + age * DRIFT;
      if (age <= MAX_AGE_MS && (!best || error < best.error)) best = { offset: sample.offset, error };
    }
    return best;
  }

  now(): number {
    const best = this.best() ?? this.samples.at(-1) ?? null;
    return performance.now() + (best ? best.offset : this.fallback);
  }

  /** ± milliseconds, or null when unsure. */
  error(): number | null {
    const best = this.best();
    return best && best.error <= SURE_WITHIN_MS ? Math.max(1, Math.ceil(best.error)) : null;
  }
}
