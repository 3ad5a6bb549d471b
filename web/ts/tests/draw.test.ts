import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../tests/vectors/draw.json";
import { below, checkDraw, commitment, draw } from "../draw.ts";

test("commitments are those of the server", async () => {
  for (const known of vectors.commitments) {
    assert.equal(await commitment(known.seed, known.lot, known.round, known.holder), known.commitment);
  }
});

test("draws come out as on the server", async () => {
  for (const known of vectors.draws) {
    const order = await draw(known.lot, known.round, known.reveals, known.contributions, known.entrants);
    assert.deepEqual(order, known.order, known.name);
  }
});

test("records are judged as by the server", async () => {
  for (const known of vectors.records) assert.deepEqual(await checkDraw(known.record), known.fault, known.name);
});

test("what is no record at all is said to be none", async () => {
  for (const value of [null, 1, "x", [], {}, { format: "auction-engine/draw/v1" }]) {
    assert.match((await checkDraw(value))!.code, /^BAD_/);
  }
});

test("numbers that would make some results likelier are passed over", async () => {
  const numbers = [2n ** 64n - 1n, 5n, 2n ** 64n - 1n];
  const next = async () => numbers.shift()!;
  assert.equal(await below(3, next), 2);
  // 2^64 is a multiple of 4: its largest number may be used.
  assert.equal(await below(4, next), 3);
});
