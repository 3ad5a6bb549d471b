// What became of the bids just sent, each in one box: sent, recorded with the seal, or refused with
// the one thing to do next.
import { BUSY_TRIES, type Act, type Bids } from "./bids.ts";
import { el, svg } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import { nearest } from "./increments.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { How } from "./protocol.ts";
import { race } from "./standing.ts";
import type { LotStore } from "./store.ts";

const OPEN: ReadonlySet<string> = new Set(["sent", "waiting", "busy"]);

export interface ActButtons {
  /** Bids what the pressed button says, if bidding is possible at this moment. */
  bid(amount: number, how: How): void;
}

export class ActList {
  private shown = new Map<string, { item: HTMLElement; kind: string }>();

  constructor(
    private readonly list: HTMLElement,
    private readonly bids: Bids,
    private readonly lot: LotInfo,
    private readonly store: LotStore,
    private readonly money: Money,
    private readonly speech: Speech,
    private readonly buttons: ActButtons,
  ) {
    // In the page from the start, empty: a live region that appears with its text is often not spoken.
    list.setAttribute("aria-live", "polite");
  }

  draw(): void {
    const keep = new Set(this.bids.acts.map((act) => act.id));
    for (const [id, { item }] of this.shown) {
      if (!keep.has(id)) {
        item.remove();
        this.shown.delete(id);
      }
    }
    for (const act of [...this.bids.acts].reverse()) this.drawOne(act);
  }

  private drawOne(act: Act): void {
    // Who won a race may be known a moment after the own answer; what would be valid changes too.
    const others = act.fate.kind === "refused" || act.how.step !== undefined ? race(this.store, this.speech) : null;
    const kind = JSON.stringify([act.fate, others, this.store.minimum(), this.store.you?.out]);
    const known = this.shown.get(act.id);
    if (known?.kind === kind) return;
    const item = known?.item ?? el("li");
    item.className = `is-${act.fate.kind === "gave_up" ? "error" : act.fate.kind}`;
    item.replaceChildren(...this.content(act));
    if (act.elsewhere) item.append(el("p", "acts__text", this.speech.t("act.elsewhere")));
    if (!OPEN.has(act.fate.kind)) item.append(this.close(act));
    if (!known) this.list.prepend(item);
    this.shown.set(act.id, { item, kind });
  }

  private content(act: Act): Node[] {
    const { t } = this.speech;
    const amount = this.money.text(act.amount);
    const title = (text: string) => el("p", "acts__title", text);
    const text = (words: string) => el("p", "acts__text", words);
    const fate = act.fate;
    switch (fate.kind) {
      case "sent":
        return [title(t("act.sent", { amount }))];
      case "waiting":
        return [title(t("act.waiting", { amount }))];
      case "busy":
        return [title(t(`act.busy_${fate.why}`, { amount, n: fate.tries, of: BUSY_TRIES }))];
      case "gave_up":
        return [
          title(t("act.gave_up", { amount })),
          this.button(t("act.retry", { amount }), () => this.bids.again(act)),
        ];
      case "recorded":
        return this.recorded(act, fate.n, fate.at_ms);
      case "refused":
        return this.refused(act, fate.reason, fate.minimum_minor, fate.at_ms);
      case "error":
        return [title(`${t("act.error")}: ${amount}`), text(this.speech.coded("error", fate.code, "error.BAD_MESSAGE"))];
    }
  }

  private recorded(act: Act, n: number | null, atMs: number): Node[] {
    const { t } = this.speech;
    const amount = this.money.text(act.amount);
    const time = this.speech.time(atMs, true);
    const text = (words: string) => el("p", "acts__text", words);
    const nodes: Node[] = [
      el("p", "acts__title", n === null ? t("act.maximum", { time }) : t("act.recorded", { n, time })),
      text(t("act.sum", { amount, words: this.money.words(act.amount) })),
    ];
    if (n === null) nodes.push(text(t("act.maximum_text")));
    else if (act.how.step !== undefined && !this.store.you?.out) nodes.push(text(this.afterAcceptance()));
    nodes.push(this.seal(n));
    return nodes;
  }

  private afterAcceptance(): string {
    const falling = this.store.life?.falling;
    if (falling?.draw) return this.speech.t("act.accepted_draw");
    if (falling?.late_ms == null) return this.speech.t("act.accepted");
    const values = race(this.store, this.speech);
    return this.speech.t(values["ms"] ? "act.accepted_raced" : "act.accepted_tie", values);
  }

  private refused(act: Act, reason: string, minimum: number | null, atMs: number): Node[] {
    const { t } = this.speech;
    const now = minimum === null ? null : Math.max(minimum, this.store.minimum() ?? minimum);
    const shown = {
      minimum: now === null ? "" : this.money.text(now), price: this.money.text(minimum ?? act.amount),
      amount: this.money.text(act.amount),
    };
    const title = el("p", "acts__title", t("act.refused", shown));
    const text = el("p", "acts__text", this.speech.coded("rules.reason", reason, "refused.OTHER.text", shown));
    const first = this.store.leading();
    if (reason === "TOO_LATE" && first) return [title, this.race(first.code, first.at_ms, atMs), text];
    return [title, text, ...this.remedies(act, reason, now)];
  }

  /** Who was first and by how much, as the two lines of the record stand above each other. */
  private race(code: string, firstMs: number, ownMs: number): HTMLElement {
    const { t, time } = this.speech;
    const ms = ownMs - firstMs;
    const line = (who: string, at: number, after: string) => el("tr", "", el("th", "", who), el("td", "num", time(at, true)), el("td", "num", after));
    return el("table", "race", el("tbody", "",
      line(code, firstMs, t("act.race_first")), line(t("you"), ownMs, ms > 0 ? t("act.race_later", { ms }) : t("act.race_tie"))));
  }

  /** Buttons with amounts that would be taken. */
  private remedies(act: Act, reason: string, minimum: number | null): Node[] {
    const { t } = this.speech;
    if (minimum === null || this.store.falls) return [];
    const { confirmed: _, ...how } = act.how;
    const key = how.automatic ? "act.set_maximum" : "act.bid_minimum";
    const offer = (amount: number) => this.button(t(key, { minimum: this.money.text(amount) }), () => this.buttons.bid(amount, how));
    if (reason.startsWith("BELOW")) return [offer(minimum)];
    if (reason === "CONFIRMATION_NEEDED") {
      return [this.button(t("act.confirm"), () => this.buttons.bid(act.amount, how))];
    }
    if (reason !== "NOT_ON_STEP") return [];
    return nearest(this.lot, this.store.state.price_minor, minimum, act.amount).map(offer);
  }

  private button(label: string, act: () => void): HTMLElement {
    const button = el("button", "button", label);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  private close(act: Act): HTMLElement {
    const button = el("button", "acts__close", "×");
    button.type = "button";
    button.setAttribute("aria-label", this.speech.t("act.close"));
    button.addEventListener("click", () => {
      this.bids.forget(act);
      this.draw();
    });
    return button;
  }

  private seal(n: number | null): SVGElement {
    const stamp = svg("svg", { class: "stamp", viewBox: "0 0 100 100", "aria-hidden": "true", fill: "none", stroke: "currentColor" });
    const number = svg("text", {
      x: 50, y: 70, "text-anchor": "middle", "font-size": 19, "font-weight": 600, fill: "currentColor", stroke: "none",
    });
    number.textContent = n === null ? "✱" : `№ ${n}`;
    const word = svg("text", {
      x: 50, y: 45, "text-anchor": "middle", "font-size": 13, "font-weight": 600, fill: "currentColor", stroke: "none", textLength: 66, lengthAdjust: "spacingAndGlyphs",
    });
    word.textContent = this.speech.t("act.seal");
    stamp.append(
      svg("circle", { cx: 50, cy: 50, r: 47, "stroke-width": 3 }),
      svg("circle", { cx: 50, cy: 50, r: 41, "stroke-width": 1.2 }),
      svg("path", { d: "M14 52h72", "stroke-width": 1.2 }),
      svg("path", { d: "M42 23l6 6 11-13", "stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round" }),
      word, number,
    );
    return stamp;
  }
}
