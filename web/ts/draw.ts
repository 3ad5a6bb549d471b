// Recomputes a published draw in the reader's own browser: docs/protocol/draw.md, as rules/draw.py.
import { framed, fromHex, hex, isName, isWhole, readWhole, sha256, utf8, wholeBytes } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";

export interface Reveal {
  holder: string;
  seed: string;
}

export interface Contribution {
  bidder: string;
  text: string;
}

export interface Fault {
  code: string;
  where: string;
}

interface Entry {
  seq: number;
  [field: string]: unknown;
}

const FORMAT = "auction-engine/draw/v1";
const MOST_ENTROPY_BYTES = 256;
const HEX_256 = /^[0-9a-f]{64}$/;
const SPAN = 2n ** 64n;

/** `code` and `where` as in docs/protocol/draw.md. */
export class DrawError extends Error {
  constructor(readonly code: string, readonly where: string) {
    super(`${code}: ${where}`);
  }
}

function must(holds: boolean, code: string, where: string): void {
  if (!holds) throw new DrawError(code, where);
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && HEX_256.test(value);
}

function checkPlace(lot: unknown, round: unknown): void {
  must(isWhole(lot, 1), "BAD_NUMBER", "lot");
  must(isWhole(round, 1), "BAD_NUMBER", "round");
}

function checkEntropy(text: unknown, where: string): void {
  let bytes = 0;
  try {
    if (typeof text === "string") bytes = utf8(text).length;
  } catch {
    // half a surrogate pair
  }
  must(bytes >= 1 && bytes <= MOST_ENTROPY_BYTES, "BAD_ENTROPY", where);
}

/** The entrants sorted, as the shuffle starts. Names are ASCII: code units sort as bytes do. */
function sortEntrants(entrants: readonly unknown[]): string[] {
  for (const name of entrants) must(isName(name), "BAD_NAME", "entrants");
  must(entrants.length >= 2 && new Set(entrants).size === entrants.length, "BAD_ENTRANTS", "entrants");
  return ([...entrants] as string[]).sort();
}

/** What a holder publishes before the entrants are known, 64 hexadecimal digits. */
export async function commitment(seed: string, lot: number, round: number, holder: string): Promise<string> {
  checkPlace(lot, round);
  must(isName(holder), "BAD_NAME", "holder");
  must(isHex(seed), "BAD_SEED", "seed");
  return hex(await sha256(framed(FORMAT, "commitment", lot, round, holder, fromHex(seed))));
}

/** All entrants in drawn order; the first has won. Throws DrawError as rules/draw.py does. */
export async function draw(
  lot: number,
  round: number,
  reveals: readonly Reveal[],
  contributions: readonly Contribution[],
  entrants: readonly string[],
): Promise<string[]> {
  const names = sortEntrants(entrants);
  checkPlace(lot, round);
  must(reveals.length > 0, "NOTHING_REVEALED", "reveals");
  const fields: (Bytes | string | number)[] = ["draw", lot, round, reveals.length];
  for (const { holder, seed } of reveals) {
    must(isName(holder), "BAD_NAME", "reveals");
    must(isHex(seed), "BAD_SEED", "reveals");
    fields.push(holder, fromHex(seed));
  }
  fields.push(contributions.length);
  for (const { bidder, text } of contributions) {
    must(isName(bidder), "BAD_NAME", "contributions");
    checkEntropy(text, "contributions");
    fields.push(bidder, text);
  }
  fields.push(names.length, ...names);
  return shuffle(names, await mac(utf8(FORMAT), framed(...fields)));
}

async function mac(key: Bytes, data: Bytes): Promise<Bytes> {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", made, data));
}

async function shuffle(names: string[], key: Bytes): Promise<string[]> {
  let used = 0;
  const next = async () => readWhole((await mac(key, wholeBytes(used++, 8))).slice(0, 8));
  for (let last = names.length - 1; last > 0; last--) {
    const chosen = await below(last + 1, next);
    [names[last], names[chosen]] = [names[chosen]!, names[last]!];
  }
  return names;
}

/** A number below `bound`, each equally likely: numbers at or above its largest multiple are passed over. */
export async function below(bound: number, next: () => Promise<bigint>): Promise<number> {
  const limit = SPAN - (SPAN % BigInt(bound));
  let number = await next();
  while (number >= limit) number = await next();
  return Number(number % BigInt(bound));
}

/** The first thing wrong in a published draw, or null. The codes are those of rules/draw_record.py. */
export async function checkDraw(record: unknown): Promise<Fault | null> {
  try {
    await check(record);
    return null;
  } catch (error) {
    if (error instanceof DrawError) return { code: error.code, where: error.where };
    throw error;
  }
}

async function check(value: unknown): Promise<void> {
  const record = (value ?? {}) as Record<string, unknown>;
  must(record.format === FORMAT, "BAD_RECORD", "format");
  checkPlace(record.lot, record.round);
  const [lot, round] = [record.lot as number, record.round as number];
  const commitments = readEntries(record, "commitments", "holder");
  const contributions = readEntries(record, "contributions", "bidder");
  const reveals = readEntries(record, "reveals", "holder");
  const entrants = readEntrants(record);
  checkCommitments(commitments, entrants, record.entrants_seq as number);
  once(contributions, "contributions", "bidder", "CONTRIBUTED_TWICE");
  contributions.forEach((entry, at) => checkEntropy(entry.text, `contributions[${at}]`));
  await checkReveals(lot, round, commitments, reveals);
  checkTimes(commitments, contributions, reveals, record.entrants_seq as number);
  const seeds = new Map(reveals.map((entry) => [entry.holder as string, entry.seed as string]));
  const holders = commitments.map((entry) => entry.holder as string);
  must(same(record.left_out, holders.filter((holder) => !seeds.has(holder))), "WRONG_LEFT_OUT", "left_out");
  const revealed = holders.filter((holder) => seeds.has(holder)).map((holder) => ({ holder, seed: seeds.get(holder)! }));
  const added = contributions.map((entry) => ({ bidder: entry.bidder as string, text: entry.text as string }));
  must(same(record.order, await draw(lot, round, revealed, added, entrants)), "WRONG_RESULT", "order");
}

function same(given: unknown, names: string[]): boolean {
  return Array.isArray(given) && given.length === names.length && names.every((name, at) => given[at] === name);
}

function readEntries(record: Record<string, unknown>, name: string, who: string): Entry[] {
  const entries = record[name];
  if (!Array.isArray(entries)) throw new DrawError("BAD_RECORD", name);
  let last = 1;
  for (const [at, value] of entries.entries()) {
    const where = `${name}[${at}]`;
    const entry = (value ?? {}) as Entry;
    must(isWhole(entry.seq, 1), "BAD_RECORD", where);
    must(isName(entry[who]), "BAD_NAME", where);
    must(entry.seq >= last, "OUT_OF_ORDER", where);
    last = entry.seq;
  }
  return entries as Entry[];
}

function once(entries: Entry[], name: string, field: string, code: string): void {
  const seen = new Set<unknown>();
  for (const [at, entry] of entries.entries()) {
    must(!seen.has(entry[field]), code, `${name}[${at}]`);
    seen.add(entry[field]);
  }
}

function readEntrants(record: Record<string, unknown>): string[] {
  const { entrants } = record;
  if (!Array.isArray(entrants)) throw new DrawError("BAD_RECORD", "entrants");
  must(isWhole(record.entrants_seq, 1), "BAD_RECORD", "entrants");
  must(same(entrants, sortEntrants(entrants)), "OUT_OF_ORDER", "entrants");
  return entrants as string[];
}

function checkCommitments(commitments: Entry[], entrants: string[], entrantsSeq: number): void {
  for (const [at, entry] of commitments.entries()) {
    must(isHex(entry.commitment), "BAD_RECORD", `commitments[${at}]`);
    const inTime = entry.seq < entrantsSeq || entrants.includes(entry.holder as string);
    must(inTime, "COMMITTED_LATE", `commitments[${at}]`);
  }
  once(commitments, "commitments", "holder", "HOLDER_TWICE");
  once(commitments, "commitments", "commitment", "COMMITMENT_TWICE");
}

async function checkReveals(lot: number, round: number, commitments: Entry[], reveals: Entry[]): Promise<void> {
  const committed = new Map(commitments.map((entry) => [entry.holder, entry.commitment]));
  once(reveals, "reveals", "holder", "REVEALED_TWICE");
  for (const [at, entry] of reveals.entries()) {
    const where = `reveals[${at}]`;
    if (!isHex(entry.seed)) throw new DrawError("BAD_SEED", where);
    must(committed.has(entry.holder), "NOT_COMMITTED", where);
    const found = await commitment(entry.seed, lot, round, entry.holder as string);
    must(found === committed.get(entry.holder), "WRONG_SEED", where);
  }
}

function checkTimes(commitments: Entry[], contributions: Entry[], reveals: Entry[], entrantsSeq: number): void {
  if (!reveals[0]) throw new DrawError("NOTHING_REVEALED", "reveals");
  const first = reveals[0].seq;
  must(entrantsSeq < first, "ENTRANTS_LATE", "entrants");
  commitments.forEach((entry, at) => must(entry.seq < first, "COMMITTED_LATE", `commitments[${at}]`));
  contributions.forEach((entry, at) => must(entry.seq < first, "CONTRIBUTED_LATE", `contributions[${at}]`));
}
