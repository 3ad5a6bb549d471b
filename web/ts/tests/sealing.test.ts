import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../tests/vectors/sealed-bids.json";
import { fromHex, readToken } from "../bytes.ts";
import type { Bytes } from "../bytes.ts";
import * as sealing from "../sealing.ts";
import { SealError } from "../sealing.ts";

const CONTEXT = { lot: 7, round: 1, bidder_code: "B-001", bid_id: "8f14e45f-ceea-467f-9575-0b1a1d2f3c4d" };

function fails(code: string) {
  return (error: unknown) => error instanceof SealError && error.code === code;
}

test("a private key gives its public key", async () => {
  for (const pair of vectors.key_pairs) assert.equal(await sealing.publicKeyOf(pair.private), pair.public);
});

test("fingerprints are those the server shows", async () => {
  for (const known of vectors.fingerprints) {
    assert.equal(await sealing.fingerprint(known.public_keys), known.fingerprint);
  }
});

test("from the same chance comes the same box, and its receipt", async () => {
  for (const known of vectors.boxes) {
    const chance: [Bytes, Bytes] = [fromHex(known.one_time_key), fromHex(known.padding)];
    const box = await sealing.sealWith(...chance, known.amount_minor, known.public_keys, known.context);
    assert.equal(box, known.box, known.name);
    assert.equal(await sealing.receipt(box), known.receipt, known.name);
    const amount = await sealing.openBox(box, known.public_keys, known.private_keys, known.context);
    assert.equal(amount, known.amount_minor, known.name);
  }
});

test("what is an invalid bid to the server is one here, for the same reason", async () => {
  for (const known of vectors.unreadable) {
    const found = await sealing.openBox(known.box, known.public_keys, known.private_keys, known.context);
    assert.equal(found, known.reason, known.name);
  }
});

test("public keys that mean nothing are refused", () => {
  for (const known of vectors.bad_public_keys) {
    assert.throws(() => sealing.checkPublicKey(known.text), fails(known.code), known.name);
  }
  const [first, second] = vectors.key_pairs.map((pair) => pair.public);
  assert.equal(sealing.checkPublicKeys([first, second]).length, 2);
  assert.throws(() => sealing.checkPublicKeys([first]), fails("KEY_COUNT"));
  assert.throws(() => sealing.checkPublicKeys([first, first]), fails("KEY_TWICE"));
});

test("a new box opens with new keys, in any browser that can seal", async () => {
  assert.ok(await sealing.canSeal());
  const pairs = [await sealing.newKeyPair(), await sealing.newKeyPair()];
  const [publics, privates] = [pairs.map((pair) => pair.public), pairs.map((pair) => pair.private)];
  const boxes = await Promise.all([1, 1, Number.MAX_SAFE_INTEGER].map((n) => sealing.sealBox(n, publics, CONTEXT)));
  assert.equal(new Set(boxes).size, 3);
  // Not even the same one-time key or padding.
  const [one, other] = boxes.map((box) => readToken(box, "v1.box.", 112)!);
  assert.notDeepEqual(one!.slice(0, 32), other!.slice(0, 32));
  for (const [at, amount] of [1, 1, Number.MAX_SAFE_INTEGER].entries()) {
    assert.equal(boxes[at]!.length, 157);
    assert.equal(await sealing.openBox(boxes[at], publics, privates, CONTEXT), amount);
  }
});

test("amounts and contexts that cannot be are not sealed", async () => {
  const publics = vectors.key_pairs.map((pair) => pair.public);
  for (const amount of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    await assert.rejects(sealing.sealBox(amount, publics, CONTEXT), fails("BAD_AMOUNT"));
  }
  for (const wrong of [{ lot: 0 }, { round: 1.5 }, { bidder_code: "" }, { bid_id: "a b" }, { bidder_code: "é" }]) {
    await assert.rejects(sealing.sealBox(1, publics, { ...CONTEXT, ...wrong }), fails("BAD_CONTEXT"));
  }
  await assert.rejects(sealing.sealBox(1, [], CONTEXT), fails("KEY_COUNT"));
});

test("boxes are not opened with keys that do not belong to the round", async () => {
  const known = vectors.boxes[0]!;
  const [first, second] = known.private_keys;
  const open = (keys: string[]) => sealing.openBox(known.box, known.public_keys, keys, known.context);
  await assert.rejects(open([first!]), fails("KEY_MISSING"));
  await assert.rejects(open([second!, first!]), fails("KEY_FOREIGN"));
  await assert.rejects(open([first!, "v1.key."]), fails("BAD_KEY_FORM"));
});

test("a browser that cannot seal says so before anything is typed", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto")!;
  const [first, second] = vectors.key_pairs.map((pair) => pair.public);
  try {
    const subtle = Object.create(crypto.subtle, {
      generateKey: { value: () => Promise.reject(new DOMException("", "NotSupportedError")) },
      importKey: { value: () => Promise.reject(new DOMException("", "NotSupportedError")) },
    });
    const getRandomValues = crypto.getRandomValues.bind(crypto);
    for (const without of [{ subtle, getRandomValues }, { getRandomValues }]) {
      Object.defineProperty(globalThis, "crypto", { value: without, configurable: true });
      assert.equal(await sealing.canSeal(), false);
      await assert.rejects(sealing.sealBox(1, [first!, second!], CONTEXT), fails("SEALING_UNSUPPORTED"));
    }
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
});
