import assert from "node:assert/strict";
import { test } from "node:test";
import { Bids } from "../bids.ts";
import { courseOf } from "../course.ts";
import { depositOf } from "../deposit.ts";
import { nearest, onStep, quickAmounts, stepMinor, unusual } from "../increments.ts";
import { linesOf } from "../ledger.ts";
import type { LotInfo } from "../page.ts";
import type { Bid, ClientMessage, Life, LotState, Snapshot, Turn, Update } from "../protocol.ts";
import { ownActs } from "../ownacts.ts";
import { race, standing } from "../standing.ts";
import { LotStore } from "../store.ts";

const LIFE: Life = {
  status: "RUNNING", method: "ASCENDING", automatic: true, ground: null, since_ms: null, due_ms: null,
  round: 0, stage: 0, stages: 1, winner: null, award_minor: null, failure: null,
};
const STATE: LotState = {
  phase: "open", price_minor: 1200, leader: "B-1", n: 3, minimum_minor: 1300, start_ms: 0, end_ms: 60_000,
  extensions: 0, extended_by: null, robots: ["B-9"], life: LIFE,
};
const bid = (n: number, code: string, more: Partial<Bid> = {}): Bid => (
  { n, seq: n * 10, at_ms: n * 1000, code, amount_minor: 900 + n * 100, ...more });
const turn = (seq: number, kind: string, more: Partial<Turn> = {}): Turn => ({ seq, at_ms: seq * 100, kind, status: "RUNNING", ...more });
const UP = { kind: "up", bidder: true } as const;

function store(changes: Partial<LotState> = {}, life: Partial<Life> = {}, more: Partial<Snapshot> = {}): LotStore {
  return new LotStore({
    t: "snapshot", lot: 7, epoch: 1, seq: 30, state: { ...STATE, ...changes, life: { ...LIFE, ...life } },
    bids: [bid(3, "B-1"), bid(2, "B-2"), bid(1, "B-1")], turns: [],
    you: { code: "B-2", admitted: true, leading: false, best_minor: 1100, refused: [] }, ...more,
  });
}

function update(more: Partial<Update>): Update {
  const { robots: _, ...state } = STATE;
  return { t: "update", lot: 7, epoch: 1, from: 30, seq: 40, state, bids: [], omitted: 0, ...more };
}

test("a withdrawal makes bids void, keeps them in the record, and says who is out", () => {
  const mine = store();
  assert.ok(mine.apply(update({ turns: [turn(40, "bid.withdrawn", { bidder: "B-2" })] })));
  assert.deepEqual(mine.bids.map((known) => known.void ?? false), [false, true, false]);
  assert.equal(mine.you?.out, "WITHDREW");
  assert.equal(mine.you?.best_minor, null);
  assert.equal(standing(mine, UP, true), "out");
  const theirs = store();
  theirs.apply(update({ turns: [turn(40, "bidder.disqualified", { bidder: "B-1", ground: "COLLUSION" })] }));
  assert.equal(theirs.you?.out, undefined);
  assert.equal(theirs.bids.filter((known) => known.void).length, 2);
});

test("robots are kept from the snapshot, everything else of the state is taken from the update", () => {
  const mine = store({}, { ground: "X" });
  mine.apply(update({ state: { ...update({}).state, n: 4 } }));
  assert.deepEqual(mine.state.robots, ["B-9"]);
  assert.equal(mine.life?.ground, null);
});

test("turns stand between the bids where they happened", () => {
  const turns = [turn(35, "lot.paused"), turn(15, "round.called"), turn(5, "lot.changed")];
  const lines = linesOf([bid(3, "B-1"), bid(1, "B-1")], turns);
  assert.deepEqual(lines.map((line) => ("bid" in line ? `bid ${line.bid.n}` : "turn" in line ? line.turn.kind : `gap ${line.gap}`)), [
    "lot.paused", "bid 3", "round.called", "gap 1", "bid 1", "lot.changed",
  ]);
  // Turns older than the last line shown belong to lines that are not shown.
  assert.equal(linesOf([bid(3, "B-1"), bid(2, "B-2"), bid(1, "B-1")], turns, 2).length, 3);
});

test("a maximum is one's own; one set in another tab is asked for", () => {
  const mine = store();
  mine.noteRecorded({ t: "recorded", lot: 7, bid_id: "x", n: null, seq: 31, at_ms: 1, amount_minor: 5000, repeat: false, automatic: true });
  assert.equal(mine.you?.maximum_minor, 5000);
  assert.equal(mine.you?.best_minor, 1100);
  mine.apply(update({ bids: [bid(4, "B-2", { automatic: true })] }));
  assert.equal(mine.incomplete, false);
  const other = store();
  other.apply(update({ bids: [bid(4, "B-2", { automatic: true })] }));
  assert.deepEqual([other.incomplete, other.watch()], [true, { t: "watch", lot: 7 }]);
});

test("the course is told where it is more than open or closed", () => {
  assert.equal(courseOf(store()), null);
  assert.equal(courseOf(store({ phase: "paused" }, { status: "PAUSED", ground: "INCIDENT" })), "INCIDENT");
  assert.equal(courseOf(store({ phase: "paused" }, { status: "PAUSED", ground: "AUCTIONEER" })), "PAUSED");
  assert.equal(courseOf(store({}, { round: 1 })), "round");
  assert.equal(courseOf(store({}, { stage: 1, stages: 3, method: "SEALED" })), "stage_sealed");
  assert.equal(courseOf(store({}, { method: "DESCENDING" })), "drawing");
  assert.equal(courseOf(store({ phase: "closed" }, { status: "BIDDING_CLOSED" })), null);
  const drawn = store({ phase: "closed" }, { status: "BIDDING_CLOSED", due_ms: 5 }, { turns: [turn(40, "draw.awaited")] });
  assert.equal(courseOf(drawn), "draw.awaited");
  assert.equal(courseOf(store({ phase: "closed" }, { status: "FAILED" })), "FAILED");
  assert.equal(courseOf(store({ price_minor: null }, { method: "DESCENDING" }, { turns: [turn(40, "descent.resumed")] })), "resumed");
});

test("where one stands: leader, winner, in the round or not", () => {
  const you = { code: "B-1", admitted: true, leading: true, best_minor: 1200, refused: [] };
  assert.equal(standing(store(), UP, true), "outbid");
  assert.equal(standing(store({}, {}, { you }), UP, true), "leading");
  assert.equal(standing(store({}, {}, { you: { ...you, maximum_minor: 9000 } }), UP, true), "leading_automatic");
  assert.equal(standing(store({}, { in_round: ["B-1"] }), UP, true), "not_in_round");
  assert.equal(standing(store({}, { method: "DESCENDING" }), UP, true), "accepted");
  assert.equal(standing(store({}, { method: "SEALED" }, { you }), UP, true), "not_boxed");
  const over = { phase: "closed" } as const;
  assert.equal(standing(store(over, { status: "LEADER_DETERMINED" }, { you }), UP, true), "won");
  assert.equal(standing(store(over, { status: "ANNOUNCED", winner: "B-1" }, { you }), UP, true), "winner");
  assert.equal(standing(store(over, { status: "RUNNER_UP_OFFERED" }, { you }), UP, true), "offered");
  assert.equal(standing(store(over, { status: "PAID", winner: "B-1" }, { you }), UP, true), "bought");
  // Whoever leads when it comes to nothing has nothing to wait for.
  for (const status of ["FAILED", "STOPPED", "ANNULLED", "PAYMENT_DEFAULT", "PRICE_CUT"]) {
    assert.equal(standing(store(over, { status, winner: status === "FAILED" ? null : "B-1" }, { you }), UP, true), "over");
  }
  assert.equal(standing(store(over, { status: "ANNOUNCED", winner: "B-1" }), UP, true), "lost");
  assert.equal(standing(store(over, { status: "ANNOUNCED", winner: "B-1" }), UP, false), "over");
  assert.equal(standing(store(), { kind: "down", retryAt: 0 }, true), "offline");
});

test("a deposit that is missing is said, and outweighs what one could bid", () => {
  const you = { code: "B-2", admitted: true, leading: false, best_minor: 1100, refused: [] };
  const held = { state: "HELD", amount_minor: 500, needed_minor: 500 } as const;
  const missing = { state: "MISSING", amount_minor: 0, needed_minor: 500 } as const;
  const seen = (more: Partial<NonNullable<Snapshot["you"]>>, changes: Partial<LotState> = {}, life: Partial<Life> = {}) => {
    const mine = store(changes, life, { you: { ...you, ...more } });
    return [standing(mine, UP, true), depositOf(mine), mine.lacksDeposit()];
  };
  assert.deepEqual(seen({}), ["outbid", null, false]);
  assert.deepEqual(seen({ deposit: held }), ["outbid", "held", false]);
  assert.deepEqual(seen({ deposit: { ...held, amount_minor: 0, needed_minor: 0 } }), ["outbid", "exempt", false]);
  assert.deepEqual(seen({ deposit: missing }), ["no_deposit", "missing", true]);
  assert.deepEqual(seen({ deposit: missing, admitted: false }), ["not_admitted", "needed", true]);
  assert.deepEqual(seen({ deposit: held, admitted: false }), ["awaiting_admission", "held", false]);
  // Bids made before stand: the leader leads, but his maximum no longer answers for him.
  assert.deepEqual(seen({ deposit: missing, leading: true, maximum_minor: 9000 }), ["leading", "missing", true]);
  assert.deepEqual(seen({ deposit: missing }, {}, { method: "SEALED" }), ["no_deposit", "missing", true]);
  assert.deepEqual(seen({ deposit: missing }, { phase: "scheduled" }), ["scheduled", "missing", true]);
  assert.equal(seen({ deposit: missing }, { phase: "closed" }, { status: "FAILED" })[1], null);
  assert.deepEqual(seen({ deposit: missing, out: "WITHDREW" }).slice(0, 2), ["out", null]);
});

test("the loser of a race is told both times and the milliseconds between", () => {
  const falling = { step: 0, from_ms: 0, interval_ms: 9000, prices_minor: [1200, 1000], draw: false, late_ms: 3040 };
  const life: Partial<Life> = { status: "LEADER_DETERMINED", method: "DESCENDING", falling };
  const refused = (at_ms: number) => [{ seq: 31, at_ms, amount_minor: 1200, reason: "TOO_LATE", minimum_minor: null }];
  const you = { code: "B-2", admitted: true, leading: false, best_minor: null };
  const speech = { time: (ms: number) => String(ms) } as Parameters<typeof race>[1];
  const over = { phase: "closed", n: 1 } as const;
  const bids = [bid(3, "B-1")];
  const loser = store(over, life, { bids, you: { ...you, refused: refused(3037) } });
  assert.equal(standing(loser, UP, true), "late");
  assert.deepEqual(race(loser, speech), { first: "3000", own: "3037", ms: 37 });
  assert.equal(standing(store(over, life, { bids, you: { ...you, refused: refused(3000) } }), UP, true), "late_tie");
  const winner = store(over, life, { bids, you: { ...you, code: "B-1", leading: true, best_minor: 1200, refused: [] } });
  assert.equal(standing(winner, UP, true), "first");
  assert.deepEqual(race(winner, speech), { first: "3000", own: "3040", ms: 40 });
});

const LOT: LotInfo = {
  id: 7, title: "x", minor_digits: 0, before: "", after: "₫", unit: "đồng", starting_price_minor: 1000,
  increment_minor: 100, increment_rule: "MIN_DELTA", increment_table: [],
  deposit_minor: 200, withdrawal: "FORFEIT", extension: null,
};

test("amounts between two steps have neighbours, never below the minimum", () => {
  const fromStart: LotInfo = { ...LOT, increment_rule: "FROM_START_MULTIPLE" };
  assert.ok(onStep(LOT, 1250, 1333));
  assert.ok(!onStep(fromStart, 1200, 1333));
  assert.deepEqual(nearest(fromStart, 1200, 1300, 1333), [1300, 1400]);
  assert.deepEqual(nearest(fromStart, 1200, 1300, 1250), [1300]);
  const fromPrice: LotInfo = { ...LOT, increment_rule: "FROM_CURRENT_MULTIPLE" };
  assert.deepEqual(nearest(fromPrice, 1250, 1350, 1400), [1350, 1450]);
});

test("a table gives the step that belongs to the price", () => {
  const table: LotInfo = { ...LOT, increment_rule: "TABLE", increment_table: [[1300, 50], [2000, 100], [null, 250]] };
  assert.deepEqual([1299, 1300, 1999, 2000].map((price) => stepMinor(table, price)), [50, 100, 100, 250]);
  assert.deepEqual(quickAmounts(table, 1250), [1250, 1300, 1400]);
});

test("an amount is unusual exactly where the rules would ask for a confirmation", () => {
  const rule = { ratio_bp: 30_000, steps: 10 };
  assert.equal(unusual(LOT, 1000, 2000, rule), null);
  assert.deepEqual(unusual(LOT, 1000, 2001, rule), { ratio: 2.001, steps: 10 });
  assert.equal(unusual(LOT, 10, 30, { ratio_bp: 30_000, steps: null }), null);
  assert.ok(unusual(LOT, 10, 31, { ratio_bp: 30_000, steps: null }));
  assert.equal(unusual(LOT, null, 9_000, { ratio_bp: null, steps: null }), null);
  // Of no price yet: measured against the starting price. In numbers no double could hold.
  assert.ok(unusual(LOT, null, 2 ** 53 - 1, rule));
  // Without a rule the page itself asks at what looks like a slip.
  assert.equal(unusual(LOT, 1000, 1900, undefined), null);
  assert.ok(unusual(LOT, 1000, 2000, undefined));
});

test("what a bid says beside its amount goes with every sending of it", () => {
  const sent: ClientMessage[] = [];
  const bids = new Bids(7, (message) => (sent.push(message), true), () => {});
  bids.make(950, { step: 0 });
  bids.lineDown();
  bids.lineUp();
  const id = bids.acts[0]!.id;
  assert.deepEqual(sent[0], { t: "bid", lot: 7, bid_id: id, amount_minor: 950, step: 0 });
  assert.deepEqual(sent[1], sent[0]);
  bids.recorded({ t: "recorded", lot: 7, bid_id: id, n: null, seq: 3, at_ms: 9, amount_minor: 950, repeat: true, automatic: true });
  assert.deepEqual(bids.acts[0]?.fate, { kind: "recorded", n: null, at_ms: 9 });
});

test("a bid can be withdrawn until the winner is announced, by whoever has one", () => {
  assert.deepEqual(ownActs(store(), LOT), ["withdraw_bid"]);
  assert.deepEqual(ownActs(store(), { ...LOT, withdrawal: null }), []);
  assert.deepEqual(ownActs(store({ phase: "closed" }, { status: "ANNOUNCED", winner: "B-1" }), LOT), []);
  const you = { code: "B-2", admitted: true, leading: true, best_minor: null, refused: [] };
  assert.deepEqual(ownActs(store({}, {}, { you: { ...you, leading: false } }), LOT), []);
  assert.deepEqual(ownActs(store({}, {}, { you: { ...you, best_minor: 5, out: "WITHDREW" } }), LOT), []);
  const offered = store({ phase: "closed" }, { status: "RUNNER_UP_OFFERED" }, { you: { ...you, best_minor: 5 } });
  assert.deepEqual(ownActs(offered, LOT), ["accept_offer", "decline_offer"]);
});
