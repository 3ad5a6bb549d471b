// Amounts in words, the same way as the server writes them.
import { toCardinal as english } from "n2words/en-GB";
import { toCardinal as vietnamese } from "n2words/vi-VN";

const BILLION = 1e9;
const THOUSANDS = {
  vi: ["", "nghìn", "triệu"],
  en: ["", "thousand", "million", "billion", "trillion", "quadrillion"],
} as const;

// The library skips empty places and is wrong from 10^15, so it is asked for three digits at a time.
function group(value: number, lang: "vi" | "en", leading: boolean): string {
  if (lang === "en") return english(value);
  const text = vietnamese(value);
  if (leading || value >= 100) return text;
  return value < 10 ? `không trăm lẻ ${text}` : `không trăm ${text}`;
}

function groups(value: number, lang: "vi" | "en", leading: boolean): string {
  const parts: string[] = [];
  let rest = value;
  for (const name of THOUSANDS[lang]) {
    const part = rest % 1000;
    rest = Math.floor(rest / 1000);
    if (part > 0) {
      const joint = lang === "en" && name === "" && part < 100 && rest > 0 ? "and " : "";
      parts.unshift(`${joint}${group(part, lang, leading && rest === 0)} ${name}`.trim());
    }
    if (rest === 0) break;
  }
  return parts.join(" ");
}

export function wholeWords(value: number, lang: "vi" | "en"): string {
  if (value === 0) return lang === "vi" ? vietnamese(0) : english(0);
  // Vietnamese counts on in "tỷ": 1,234 × 10^9 is "một nghìn hai trăm ba mươi bốn tỷ".
  if (lang === "vi" && value >= BILLION) {
    const low = value % BILLION;
    const rest = low ? groups(low, lang, false) : "";
    return `${wholeWords(Math.floor(value / BILLION), lang)} tỷ ${rest}`.trim();
  }
  return groups(value, lang, true);
}
