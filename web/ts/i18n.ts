// Texts, times and spans in the page's language. The texts come with the page.
import type { Boot } from "./page.ts";

export type Values = Record<string, string | number>;
export type Translate = (key: string, values?: Values) => string;

export interface Speech {
  lang: "vi" | "en";
  t: Translate;
  has(key: string): boolean;
  /** The text of a code the server sent; of `other` when this page is older than the code. */
  coded(group: string, code: string, other: string, values?: Values): string;
  time(ms: number, withMs?: boolean): string;
  date(ms: number): string;
  /** Day and time of day. */
  moment(ms: number): string;
  span(ms: number): string;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function speech(boot: Boot): Speech {
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: boot.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  const calendar = new Intl.DateTimeFormat("en-GB", {
    timeZone: boot.zone, day: boot.lang === "vi" ? "2-digit" : "numeric",
    month: boot.lang === "vi" ? "2-digit" : "long", year: "numeric",
  });
  const t: Translate = (key, values = {}) => {
    const entry = boot.texts[key];
    if (entry === undefined) throw new Error(`no text is called ${key}`);
    const text = typeof entry === "string"
      ? entry
      : ((values["n"] === 1 ? entry.one : undefined) ?? entry.other);
    return fill(text, values);
  };
  const mark = boot.lang === "vi" ? "," : ".";
  const hour = (ms: number) => clock.format(Math.floor(ms / 1000) * 1000);
  return {
    lang: boot.lang,
    t,
    has: (key) => key in boot.texts,
    coded: (group, code, other, values) => {
      const key = `${group}.${code}`;
      return t(key in boot.texts ? key : other, values);
    },
    time: (ms, withMs = false) => {
      const whole = hour(ms);
      return withMs ? `${whole}${mark}${String(((ms % 1000) + 1000) % 1000).padStart(3, "0")}` : whole;
    },
    date: (ms) => calendar.format(ms),
    moment: (ms) => t("moment", { time: hour(ms), date: calendar.format(ms) }),
    span: (ms) => spanText(t, ms),
  };
}

function spanText(t: Translate, ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return t("span.s", { s: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return seconds % 60 ? t("span.ms", { m: minutes, s: seconds % 60 }) : t("span.m", { m: minutes });
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t("span.hm", { h: hours, m: minutes % 60 });
  return t("span.dh", { d: Math.floor(hours / 24), h: hours % 24 });
}

/** mm:ss, hours when there are any, tenths in the last ten seconds. */
export function countdown(ms: number, mark: string): string {
  const left = Math.max(0, ms);
  if (left < 10_000) return `00:0${Math.floor(left / 1000)}${mark}${Math.floor((left % 1000) / 100)}`;
  const seconds = Math.ceil(left / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
