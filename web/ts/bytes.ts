// Bytes as text, and fields joined before they are hashed; as rules/sealing_bytes.py has them.
export type Bytes = Uint8Array<ArrayBuffer>;

const UTF8 = new TextEncoder();
const HALF_PAIR = /[\ud800-\udfff]/u;

export function concat(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** UTF-8. Throws RangeError for half a surrogate pair, which would silently become another letter. */
export function utf8(text: string): Bytes {
  if (HALF_PAIR.test(text)) throw new RangeError("half a surrogate pair");
  return concat(UTF8.encode(text));
}

/** The number's `size` bytes, big-endian. */
export function wholeBytes(value: number | bigint, size: number): Bytes {
  const bytes = new Uint8Array(size);
  let rest = BigInt(value);
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

export function readWhole(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Each field behind its length as 4 bytes; text is UTF-8, a number is its decimal digits. */
export function framed(...fields: (Uint8Array | string | number)[]): Bytes {
  return concat(
    ...fields.flatMap((field) => {
      const data = field instanceof Uint8Array ? field : utf8(String(field));
      return [wholeBytes(data.length, 4), data];
    }),
  );
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of an even number of hexadecimal digits, which the caller has checked. */
export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** `data` as base64url without padding behind `prefix`. */
export function writeToken(prefix: string, data: Uint8Array): string {
  const text = btoa(String.fromCharCode(...data));
  return prefix + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The `size` bytes behind `prefix`; null unless `text` is the one way to write them. */
export function readToken(text: unknown, prefix: string, size: number): Bytes | null {
  if (typeof text !== "string" || text.length !== prefix.length + Math.ceil((size * 8) / 6)) return null;
  const body = text.slice(prefix.length);
  if (!/^[\w-]*$/.test(body)) return null;
  const letters = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
  const data = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  return writeToken(prefix, data) === text ? data : null;
}

export function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** What may name a holder, bidder or bid: ASCII, so that everybody sorts and encodes it alike. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(value);
}
