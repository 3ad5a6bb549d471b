import assert from "node:assert/strict";
import { test } from "node:test";
import { remaining } from "../board.ts";
import { Bids, BUSY_TRIES } from "../bids.ts";
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

/** Bids over a line that can be cut, with timers that fire when told to. */
function bidding(context: { mock: { timers: { enable(options: object): void; tick(ms: number): void } } }) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const line = { up: true, sent: [] as ClientMessage[] };
  const bids = new Bids(7, (message) => (line.up ? (line.sent.push(message), true) : false), () => {});
  bids.make(1100);
  const act = bids.acts[0]!;
  const busy = () => {
    bids.busy({ t: "busy", lot: 7, bid_id: act.id, retry_ms: 100 });
    context.mock.timers.tick(20_000);
  };
  return { line, bids, act, busy };
}

test("nothing was recorded when every sending was answered busy", (context) => {
  const { line, act, busy } = bidding(context);
  for (let n = 0; n < BUSY_TRIES; n += 1) busy();
  assert.equal(act.fate.kind, "busy");
  busy();
  assert.equal(act.fate.kind, "gave_up");
  assert.equal(line.sent.length, BUSY_TRIES + 1);
});

test("a bid whose sending was never answered is repeated until its fate is known", (context) => {
  const { line, bids, act, busy } = bidding(context);
  line.up = false;
  bids.lineDown();
  line.up = true;
  bids.lineUp();
  for (let n = 0; n < 3 * BUSY_TRIES; n += 1) busy();
  assert.deepEqual(act.fate, { kind: "busy", tries: 3 * BUSY_TRIES, why: "unknown" });
  assert.ok(bids.pending());
  assert.equal(line.sent.length, 2 + 3 * BUSY_TRIES);
  assert.equal(new Set(line.sent.map((message) => JSON.stringify(message))).size, 1);
  bids.recorded({ t: "recorded", lot: 7, bid_id: act.id, n: 2, seq: 3, at_ms: 9, amount_minor: 1100, repeat: true });
  assert.equal(act.fate.kind, "recorded");
});

test("a line lost between two sendings leaves nothing in doubt, one lost after a sending does", (context) => {
  const { line, bids, act } = bidding(context);
  bids.busy({ t: "busy", lot: 7, bid_id: act.id, retry_ms: 100 });
  bids.lineDown();
  assert.equal(act.lost, false);
  bids.lineUp();
  assert.equal(line.sent.length, 2);
  bids.lineDown();
  assert.equal(act.lost, true);
});

test("a bid that came too fast is sent again after a second, visibly", (context) => {
  const { line, bids, act } = bidding(context);
  bids.failed({ t: "error", code: "RATE_LIMITED", text: "", bid_id: act.id });
  assert.deepEqual(act.fate, { kind: "busy", tries: 1, why: "fast" });
  context.mock.timers.tick(900);
  assert.equal(line.sent.length, 1);
  context.mock.timers.tick(1000);
  assert.equal(line.sent.length, 2);
  assert.deepEqual(line.sent[0], line.sent[1]);
});

test("a lot that the auctioneer closes has no countdown", () => {
  const speech = { t: (key: string) => key, span: String, time: String } as unknown as Parameters<typeof remaining>[2];
  assert.equal(remaining({ ...STATE, end_ms: null }, 5, speech), "board.until_closed");
  assert.equal(remaining({ ...STATE, end_ms: null, phase: "closed" }, 5, speech), "board.closed_by_hand");
  assert.equal(remaining({ ...STATE, end_ms: null, phase: "scheduled" }, 5, speech), "board.opens_in");
  assert.equal(remaining(STATE, 5, speech), "board.left");
});
