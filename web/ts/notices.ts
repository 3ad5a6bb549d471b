// What the house announced to the room. New ones are added to a log, which screen readers read politely.
import { el, timeElement } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Announcements } from "./protocol.ts";

// The page of the record has all of them.
const SHOWN = 3;

export function drawNotices(box: HTMLElement | null, { said }: Announcements, speech: Speech): void {
  if (!box) return;
  const known = new Set([...box.children].map((line) => Number((line as HTMLElement).dataset["n"])));
  for (const { n, at_ms, text } of [...said].reverse()) {
    if (known.has(n)) continue;
    const own = text[speech.lang] ? speech.lang : speech.lang === "vi" ? "en" : "vi";
    const words = el("span", "", text[own] ?? "");
    words.lang = own;
    const line = el("p", "notices__one is-new", timeElement(at_ms, speech.time(at_ms)), " ", words);
    line.dataset["n"] = String(n);
    box.prepend(line);
  }
  while (box.childElementCount > SHOWN) box.lastElementChild!.remove();
}
