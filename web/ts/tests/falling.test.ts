import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../tests/vectors/descending.json";
import { endOf } from "../clockview.ts";
import { fallAt } from "../falling.ts";
import type { Falling, LotState, Snapshot } from "../protocol.ts";
import { LotStore } from "../store.ts";

const SCENES = vectors as unknown as { name: string; state: LotState; at: [number, number, number][] }[];

test("the price is the one the rules would give", () => {
  assert.ok(SCENES.length > 10);
  for (const { name, state, at } of SCENES) {
    for (const [now, step, price] of at) {
      const fall = fallAt(state, now);
      assert.deepEqual([fall?.step, fall?.price], [step, price], `${name} at ${now}`);
    }
  }
});

function scene(name: string): LotState {
  return SCENES.find((known) => known.name === name)!.state;
}

function falling(state: LotState): Falling {
  return state.life!.falling!;
}

test("the time to the next step runs out exactly when the price changes", () => {
  const state = scene("linear");
  const { from_ms, interval_ms } = falling(state);
  assert.equal(fallAt(state, from_ms)?.leftMs, interval_ms);
  assert.equal(fallAt(state, from_ms + interval_ms - 1)?.leftMs, 1);
  assert.deepEqual(fallAt(state, from_ms + interval_ms - 1)?.price, 1000);
  assert.equal(fallAt(state, from_ms + interval_ms)?.leftMs, interval_ms);
  assert.deepEqual(fallAt(state, from_ms + interval_ms)?.price, 950);
});

test("before the opening, in a pause and once accepted nothing runs", () => {
  assert.equal(fallAt(scene("not open yet"), 0)?.running, false);
  const paused = scene("paused in the third step");
  const since = paused.life!.since_ms!;
  assert.equal(fallAt(paused, since + 3_600_000)?.leftMs, fallAt(paused, since)?.leftMs);
  assert.equal(fallAt(paused, since + 3_600_000)?.running, false);
  assert.equal(fallAt(scene("accepted in the second step"), 0)?.running, false);
  assert.equal(fallAt(scene("linear"), falling(scene("linear")).from_ms)?.running, true);
});

test("the last price has none after it, and stands until the end", () => {
  const state = scene("linear");
  const { from_ms, interval_ms, prices_minor } = falling(state);
  const last = fallAt(state, from_ms + (prices_minor.length - 1) * interval_ms + 5);
  assert.deepEqual([last?.price, last?.next, last?.leftMs], [500, null, interval_ms - 5]);
  assert.equal(fallAt({ ...state, life: undefined! }, from_ms), null);
});

test("a falling lot ends when its last price has stood, or when somebody accepted", () => {
  const state = { ...scene("accepted in the second step"), leader: "B-1", n: 1, end_ms: null } as LotState;
  const snapshot: Snapshot = {
    t: "snapshot", lot: 7, epoch: 1, seq: 2, state, you: null, turns: [],
    bids: [{ n: 1, seq: 2, at_ms: 99, code: "B-1", amount_minor: 950 }],
  };
  assert.equal(endOf(new LotStore(snapshot)), 99);
  const open = scene("linear");
  const { from_ms, interval_ms, prices_minor } = falling(open);
  const running = { ...open, n: 0, leader: null, end_ms: null } as LotState;
  assert.equal(endOf(new LotStore({ ...snapshot, state: running, bids: [] })), from_ms + prices_minor.length * interval_ms);
});
