// The one banner that says where the viewer stands. The same rules as in the page the server drew.
import { find, setText } from "./dom.ts";
import type { Line } from "./connection.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotStore } from "./store.ts";

export function standing(store: LotStore, line: Line, bidder: boolean): string {
  const { state, you } = store;
  if (state.phase === "closed") {
    if (state.n === 0) return "closed_empty";
    return you?.leading ? "won" : "closed";
  }
  if (line.kind === "stopped") return "stopped";
  if (line.kind === "down") return "offline";
  if (state.phase === "scheduled") return "scheduled";
  if (!bidder) return "watching";
  if (!you?.admitted) return "not_admitted";
  if (you.leading) return "leading";
  return you.best_minor ? "outbid" : "no_bid";
}

export function closeReason(speech: Speech, code: number): string {
  const known = [3500, 3501, 3502, 3503, 3504].includes(code);
  return speech.t(`close.${known ? code : "other"}`);
}

export class Standing {
  private shown = "";

  constructor(
    private readonly box: HTMLElement,
    private readonly lot: LotInfo,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  draw(store: LotStore, line: Line, bidder: boolean): void {
    const kind = standing(store, line, bidder);
    const { state } = store;
    const minimum = store.minimum();
    const values = {
      minimum: minimum === null ? "" : this.money.text(minimum),
      price: this.money.text(state.price_minor ?? this.lot.starting_price_minor),
      time: this.speech.time(state.start_ms),
      code: state.leader ?? "–",
      why: line.kind === "stopped" ? closeReason(this.speech, line.code) : "",
    };
    if (kind !== this.shown) {
      this.box.className = `standing standing--${kind}`;
      find(this.box, "use")?.setAttribute("href", `#mark-${kind}`);
      this.shown = kind;
    }
    setText(find(this.box, ".standing__title"), this.speech.t(`standing.${kind}`));
    const text = find(this.box, ".standing__text");
    // The drawn text of an onlooker ends with a link to sign in: it stays.
    if (kind !== "watching" || !text?.querySelector("a")) setText(text, this.speech.t(`standing.${kind}.text`, values));
  }
}
