import assert from "node:assert/strict";
import { test } from "node:test";
import { countdown } from "../i18n.ts";
import { Money } from "../money.ts";
import type { LotInfo } from "../page.ts";
import { wholeWords } from "../words.ts";
import words from "./words.json";

const LOT: LotInfo = {
  id: "x", title: "x", minor_digits: 0, before: "", after: "₫", unit: "đồng",
  starting_price_minor: 1000, increment_minor: 100, increment_rule: "MIN_DELTA", increment_table: [],
  deposit_minor: 0, withdrawal: null, extension: null,
};
const vnd = new Money(LOT, "vi");
const eur = new Money({ ...LOT, minor_digits: 2, after: "€", unit: "euro" }, "vi");

test("words are those the server writes", () => {
  for (const [value, vi, en] of words as [number, string, string][]) {
    assert.equal(wholeWords(value, "vi"), vi);
    assert.equal(wholeWords(value, "en"), en);
  }
});

test("amounts are shown the local way", () => {
  assert.equal(vnd.text(4_300_000_000), "4.300.000.000\u00a0₫");
  assert.equal(eur.text(123_456_705), "1.234.567,05\u00a0€");
});

test("only certain amounts are read", () => {
  for (const typed of ["4.300.000", "4,300,000", "4 300 000", "4300000", "4.300.000 ₫"]) {
    assert.equal(vnd.parse(typed), 4_300_000, typed);
  }
  for (const typed of ["", "0", "4.3", "4,3 tỷ", "4.300,00", "007", "1e9", "-5", "9007199254740992"]) {
    assert.equal(vnd.parse(typed), null, typed);
  }
  assert.equal(eur.parse("1.234,50"), 123_450);
});

test("grouping while typing never turns letters into numbers", () => {
  assert.equal(vnd.regroup("4300000"), "4.300.000");
  assert.equal(vnd.regroup("4.3000"), "43.000");
  assert.equal(vnd.regroup("4 tỷ"), null);
});

test("the countdown shows tenths in the last ten seconds only", () => {
  assert.equal(countdown(3_600_000, ","), "1:00:00");
  assert.equal(countdown(61_000, ","), "01:01");
  assert.equal(countdown(9_940, ","), "00:09,9");
  assert.equal(countdown(-5, "."), "00:00.0");
});
