// Sealed bids: the box is made here, so that the amount never leaves the browser unencrypted.
// The form is docs/protocol/sealed-bids.md; rules/sealing.py opens the same boxes.
import { concat, framed, hex, isName, isWhole, readToken, readWhole, sha256, utf8, wholeBytes, writeToken } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";

export interface SealContext {
  lot: number;
  round: number;
  bidder_code: string;
  bid_id: string;
}

export interface KeyPair {
  private: string;
  public: string;
}

export type Unreadable =
  | "BAD_BOX_FORM" | "BAD_BOX_POINT" | "BOX_FOREIGN" | "BOX_ALTERED" | "BOX_WITHOUT_AMOUNT";

/** `code` as in docs/protocol/sealed-bids.md; SEALING_UNSUPPORTED is the browser's own. */
export class SealError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

const TAG = "auction-engine/sealed-bid/v1";
const FINGERPRINT = "auction-engine/seal-keys/v1";
const PUBLIC = "v1.pub.";
const PRIVATE = "v1.key.";
const BOX = "v1.box.";
const MOST_HOLDERS = 8;
const KEY_BYTES = 32;
const PADDING_BYTES = 24;
const BOX_BYTES = 112;
const X25519 = { name: "X25519" };
// What PKCS #8 (RFC 8410) writes before the 32 bytes of an X25519 private key.
const PKCS8 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);
const BASE_POINT = wholeBytes(9, KEY_BYTES).reverse();
const P = 2n ** 255n - 19n;
const SMALL_ORDER = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
];

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % P, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P;
  }
  return result;
}

/** On the curve, of no small order, in its one spelling: see rules/sealing_keys.py for the reasons. */
function isSoundPoint(data: Bytes): boolean {
  const u = readWhole(data.slice().reverse());
  if (u >= P || SMALL_ORDER.includes(u)) return false;
  return power((u * u + 486662n * u + 1n) * u, (P - 1n) / 2n) === 1n;
}

function subtle(): SubtleCrypto {
  // Absent where the page did not come over https.
  if (!globalThis.crypto?.subtle) throw new SealError("SEALING_UNSUPPORTED");
  return crypto.subtle;
}

/** Whether this browser can seal: X25519 since Chrome 133, Firefox 130, Safari 17; https only. */
export async function canSeal(): Promise<boolean> {
  try {
    await subtle().generateKey(X25519, false, ["deriveBits"]);
    return true;
  } catch {
    return false;
  }
}

function chance(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

async function importPrivate(secret: Bytes): Promise<CryptoKey> {
  try {
    return await subtle().importKey("pkcs8", concat(PKCS8, secret), X25519, false, ["deriveBits"]);
  } catch (error) {
    throw error instanceof SealError ? error : new SealError("SEALING_UNSUPPORTED");
  }
}

/** What a private key and a public one agree on; the caller has checked the public one. */
async function agree(secret: CryptoKey, point: Bytes): Promise<Bytes> {
  const other = await subtle().importKey("raw", point, X25519, false, []);
  return new Uint8Array(await subtle().deriveBits({ ...X25519, public: other }, secret, 256));
}

/** Agreeing with the base point gives the public key (RFC 7748 section 6.1). */
async function publicPoint(secret: CryptoKey): Promise<Bytes> {
  return agree(secret, BASE_POINT);
}

/** The public key of a private one. Throws SealError BAD_KEY_FORM. */
export async function publicKeyOf(privateKey: string): Promise<string> {
  const secret = readToken(privateKey, PRIVATE, KEY_BYTES);
  if (!secret) throw new SealError("BAD_KEY_FORM");
  return writeToken(PUBLIC, await publicPoint(await importPrivate(secret)));
}

/** A key holder's new pair for one round; the private key must not leave the holder before the opening. */
export async function newKeyPair(): Promise<KeyPair> {
  const own = writeToken(PRIVATE, chance(KEY_BYTES));
  return { private: own, public: await publicKeyOf(own) };
}

/** The 32 bytes of a public key. Throws SealError KEY_IS_PRIVATE, BAD_KEY_FORM, BAD_KEY_POINT. */
export function checkPublicKey(text: unknown): Bytes {
  if (typeof text === "string" && text.trim().startsWith(PRIVATE)) throw new SealError("KEY_IS_PRIVATE");
  const data = readToken(text, PUBLIC, KEY_BYTES);
  if (!data) throw new SealError("BAD_KEY_FORM");
  if (!isSoundPoint(data)) throw new SealError("BAD_KEY_POINT");
  return data;
}

/** The bytes of a round's public keys. Throws SealError as `checkPublicKey`, KEY_COUNT, KEY_TWICE. */
export function checkPublicKeys(texts: readonly unknown[], least = 2): Bytes[] {
  if (texts.length < least || texts.length > MOST_HOLDERS) throw new SealError("KEY_COUNT");
  const keys = texts.map(checkPublicKey);
  if (new Set(texts).size !== texts.length) throw new SealError("KEY_TWICE");
  return keys;
}

/** SHA-256 over the round's public keys, to be compared with the posted notice. */
export async function fingerprint(publicKeys: readonly string[]): Promise<string> {
  return hex(await sha256(framed(FINGERPRINT, ...checkPublicKeys(publicKeys, 1))));
}

/** The 112 bytes of a box. Throws SealError BAD_BOX_FORM, BAD_BOX_POINT. */
export function checkBox(text: unknown): Bytes {
  const data = readToken(text, BOX, BOX_BYTES);
  if (!data) throw new SealError("BAD_BOX_FORM");
  if (!isSoundPoint(data.slice(0, 32))) throw new SealError("BAD_BOX_POINT");
  return data;
}

/** What the bidder keeps: SHA-256 of the box's text, 64 hexadecimal digits. */
export async function receipt(box: string): Promise<string> {
  checkBox(box);
  return hex(await sha256(utf8(box)));
}

/**
 * The box of an amount of minor units, never the same twice. Throws SealError: BAD_AMOUNT,
 * BAD_CONTEXT, KEY_* and BAD_KEY_* (as `checkPublicKeys`), SEALING_UNSUPPORTED.
 */
export async function sealBox(
  amountMinor: number,
  publicKeys: readonly string[],
  context: SealContext,
): Promise<string> {
  return sealWith(chance(KEY_BYTES), chance(PADDING_BYTES), amountMinor, publicKeys, context);
}

/** `sealBox` with a one-time key and padding given: only for comparing with another implementation. */
export async function sealWith(
  oneTimeKey: Bytes,
  padding: Bytes,
  amountMinor: number,
  publicKeys: readonly string[],
  context: SealContext,
): Promise<string> {
  if (!isWhole(amountMinor, 1)) throw new SealError("BAD_AMOUNT");
  checkContext(context);
  const holders = checkPublicKeys(publicKeys, 1);
  const secret = await importPrivate(oneTimeKey);
  const own = await publicPoint(secret);
  const shared = await Promise.all(holders.map((holder) => agree(secret, holder)));
  const binding = await bind(context, holders, own);
  const made = await derive(shared, binding);
  const plain = concat(wholeBytes(amountMinor, 8), padding);
  const hidden = await subtle().encrypt({ name: "AES-GCM", iv: made.nonce, additionalData: binding }, made.key, plain);
  return writeToken(BOX, concat(own, made.commitment, new Uint8Array(hidden)));
}

/**
 * The amount in a box, or why it is an invalid bid. `privateKeys` stand in the order of
 * `publicKeys`; throws SealError if they do not belong together, for other reasons only as
 * `checkPublicKeys`.
 */
export async function openBox(
  box: unknown,
  publicKeys: readonly string[],
  privateKeys: readonly string[],
  context: SealContext,
): Promise<number | Unreadable> {
  checkContext(context);
  const holders = checkPublicKeys(publicKeys, 1);
  if (privateKeys.length !== holders.length) throw new SealError("KEY_MISSING");
  for (const [at, text] of privateKeys.entries()) {
    if ((await publicKeyOf(text)) !== publicKeys[at]) throw new SealError("KEY_FOREIGN");
  }
  let data: Bytes;
  try {
    data = checkBox(box);
  } catch (error) {
    return (error as SealError).code as Unreadable;
  }
  const own = data.slice(0, 32);
  const shared = await Promise.all(
    privateKeys.map(async (text) => agree(await importPrivate(readToken(text, PRIVATE, KEY_BYTES)!), own)),
  );
  const binding = await bind(context, holders, own);
  const made = await derive(shared, binding);
  if (hex(made.commitment) !== hex(data.slice(32, 64))) return "BOX_FOREIGN";
  const plain = await subtle()
    .decrypt({ name: "AES-GCM", iv: made.nonce, additionalData: binding }, made.key, data.slice(64))
    .catch(() => null);
  if (!plain) return "BOX_ALTERED";
  const amount = Number(readWhole(new Uint8Array(plain).slice(0, 8)));
  return isWhole(amount, 1) ? amount : "BOX_WITHOUT_AMOUNT";
}

function checkContext(context: SealContext): void {
  const { lot, round, bidder_code, bid_id } = context;
  if (!isWhole(lot, 1) || !isWhole(round, 1) || !isName(bidder_code) || !isName(bid_id)) {
    throw new SealError("BAD_CONTEXT");
  }
}

async function bind(context: SealContext, holders: Bytes[], own: Bytes): Promise<Bytes> {
  const { lot, round, bidder_code, bid_id } = context;
  return sha256(framed(TAG, lot, round, bidder_code, bid_id, holders.length, ...holders, own));
}

async function derive(shared: Bytes[], binding: Bytes): Promise<{ commitment: Bytes; key: CryptoKey; nonce: Bytes }> {
  const input = await subtle().importKey("raw", concat(...shared), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: binding, info: utf8(TAG) };
  const made = new Uint8Array(await subtle().deriveBits(how, input, 76 * 8));
  const key = await subtle().importKey("raw", made.slice(32, 64), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { commitment: made.slice(0, 32), key, nonce: made.slice(64) };
}
