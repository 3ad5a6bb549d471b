import assert from "node:assert/strict";
import { test } from "node:test";
import { Bids } from "../bids.ts";
import type { ClientMessage, LotState, Snapshot, Update } from "../protocol.ts";
import { LotStore } from "../store.ts";

const STATE: LotState = {
  phase: "open", price_minor: 1000, leader: "B-1", n: 1, minimum_minor: 1100,
  start_ms: 0, end_ms: 60_000, extensions: 0, extended_by: null,
};
const SNAPSHOT: Snapshot = {
  t: "snapshot", lot: 7, epoch: 1, seq: 2, state: STATE,
  bids: [{ n: 1, seq: 2, at_ms: 5, code: "B-1", amount_minor: 1000 }],
  you: { code: "B-2", admitted: true, leading: false, best_minor: null, refused: [] },
};

function update(changes: Partial<Update>): Update {
  const bid = { n: 2, seq: 3, at_ms: 9, code: "B-2", amount_minor: 1100 };
  return {
    t: "update", lot: 7, epoch: 1, from: 2, seq: 3, omitted: 0, bids: [bid],
    state: { ...STATE, price_minor: 1100, leader: "B-2", n: 2, minimum_minor: 1200 }, ...changes,
  };
}

test("an update that follows is applied, and says where the viewer stands", () => {
  const store = new LotStore(SNAPSHOT);
  assert.ok(store.apply(update({})));
  assert.equal(store.bids[0]?.n, 2);
  assert.equal(store.you?.leading, true);
  assert.equal(store.you?.best_minor, 1100);
  assert.deepEqual(store.watch(), { t: "watch", lot: 7, epoch: 1, seq: 3 });
});

test("a gap is not papered over; an old update is passed by", () => {
  const store = new LotStore(SNAPSHOT);
  assert.equal(store.apply(update({ from: 5, seq: 6 })), false);
  assert.equal(store.state.n, 1);
  assert.ok(store.apply(update({ from: 0, seq: 1 })));
  assert.equal(store.state.n, 1);
});

test("a bid keeps its id through a break and counts once", () => {
  const sent: ClientMessage[] = [];
  let up = true;
  const bids = new Bids(7, (message) => (up ? (sent.push(message), true) : false), () => {});
  bids.make(1100);
  up = false;
  bids.lineDown();
  assert.equal(bids.acts[0]?.fate.kind, "waiting");
  bids.make(1200); // refused while one is unanswered
  up = true;
  bids.lineUp();
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[0], sent[1]);
  const id = bids.acts[0]!.id;
  bids.recorded({ t: "recorded", lot: 7, bid_id: id, n: 2, seq: 3, at_ms: 9, amount_minor: 1100, repeat: true });
  assert.equal(bids.acts[0]?.fate.kind, "recorded");
  assert.equal(bids.pending(), false);
});
