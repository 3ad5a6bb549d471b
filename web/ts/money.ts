// Amounts as people read and type them. Amounts are integers of the minor unit, below 2^53.
import type { LotInfo } from "./page.ts";
import { wholeWords } from "./words.ts";

const NBSP = "\u00a0";
const MARKS = { vi: { group: ".", decimal: "," }, en: { group: ",", decimal: "." } } as const;

export class Money {
  private readonly scale: number;

  constructor(private readonly lot: LotInfo, private readonly lang: "vi" | "en") {
    this.scale = 10 ** lot.minor_digits;
  }

  /** A count, grouped like an amount. */
  plain(value: number): string {
    return String(value).replace(/\B(?=(\d{3})+$)/g, MARKS[this.lang].group);
  }

  number(minor: number): string {
    const whole = this.plain(Math.floor(minor / this.scale));
    if (this.scale === 1) return whole;
    return `${whole}${MARKS[this.lang].decimal}${String(minor % this.scale).padStart(this.lot.minor_digits, "0")}`;
  }

  text(minor: number): string {
    return [this.lot.before, this.number(minor), this.lot.after].filter(Boolean).join(NBSP);
  }

  words(minor: number): string {
    const rest = minor % this.scale;
    const whole = `${wholeWords(Math.floor(minor / this.scale), this.lang)} ${this.lot.unit}`;
    return rest ? `${whole} ${this.lang === "vi" ? "và" : "and"} ${rest}/${this.scale}` : whole;
  }

  /** The amount set in type: the number, with a quieter unit before or after it. */
  element(minor: number): HTMLElement {
    const sum = document.createElement("span");
    sum.className = "sum";
    const add = (className: string, text: string) => {
      const part = document.createElement("span");
      part.className = className;
      part.textContent = text;
      sum.append(part);
    };
    if (this.lot.before) {
      add("sum__unit", this.lot.before);
      sum.append(NBSP);
    }
    add("num", this.number(minor));
    if (this.lot.after) {
      sum.append(NBSP);
      add("sum__unit", this.lot.after);
    }
    return sum;
  }

  /** What was typed, or null when it is not certain. Spaces, dots and commas may only group by three. */
  parse(typed: string): number | null {
    const text = typed.replace(/[\u00a0\u202f\u2009]/g, " ").replace(/^(vnd|₫)\s*|\s*(vnd|₫|đ|đồng)$/gi, "").trim();
    let whole = text;
    let rest = "";
    if (this.scale > 1) {
      const cut = new RegExp(`^(.*\\d)([.,])(\\d{${this.lot.minor_digits}})$`).exec(text);
      if (cut && !cut[1]!.includes(cut[2]!)) [whole, rest] = [cut[1]!, cut[3]!];
    }
    if (!/^(\d+|\d{1,3}([., ])\d{3}(\2\d{3})*)$/.test(whole)) return null;
    const digits = whole.replace(/\D/g, "");
    if (digits.length > 16 || /^0/.test(digits)) return null;
    const minor = Number(digits) * this.scale + Number(rest || 0);
    return Number.isSafeInteger(minor) && minor > 0 ? minor : null;
  }

  /**
   * Groups digits while they are typed. Null when something other than digits and grouping was
   * entered: it must stay visible and be refused, never be silently read as another number.
   */
  regroup(typed: string): string | null {
    if (this.scale > 1 && /[.,]\d{0,2}$/.test(typed)) return typed;
    if (!/^[\d., \u00a0]*$/.test(typed)) return null;
    const digits = typed.replace(/\D/g, "").replace(/^0+(?=\d)/, "");
    return digits.replace(/\B(?=(\d{3})+$)/g, MARKS[this.lang].group);
  }
}
