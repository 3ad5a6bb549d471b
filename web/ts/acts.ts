// What became of the bids just sent, each in one box: sent, recorded with the seal, or refused with
// the one thing to do next.
import { BUSY_TRIES, type Act, type Bids } from "./bids.ts";
import { el, svg } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";

const OPEN: ReadonlySet<string> = new Set(["sent", "waiting", "busy"]);

export interface ActButtons {
  /** Bids what the pressed button says, if bidding is possible at this moment. */
  bid(amount: number): void;
  minimum(): number | null;
}

export class ActList {
  private shown = new Map<string, { item: HTMLElement; kind: string }>();

  constructor(
    private readonly list: HTMLElement,
    private readonly bids: Bids,
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
    const kind = JSON.stringify(act.fate);
    const known = this.shown.get(act.id);
    if (known?.kind === kind) return;
    const item = known?.item ?? el("li");
    item.className = `is-${act.fate.kind === "gave_up" ? "error" : act.fate.kind}`;
    item.replaceChildren(...this.content(act));
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
        return [
          title(t("act.recorded", { n: fate.n, time: this.speech.time(fate.at_ms, true) })),
          text(`${amount} – ${this.money.words(act.amount)}`),
          this.seal(fate.n),
        ];
      case "refused":
        return this.refused(act, fate.reason, fate.minimum_minor);
      case "error":
        return [title(`${t("act.error")}: ${amount}`), text(this.speech.coded("error", fate.code, "error.BAD_MESSAGE"))];
    }
  }

  private refused(act: Act, reason: string, minimum: number | null): Node[] {
    const { t } = this.speech;
    const now = minimum === null ? null : Math.max(minimum, this.buttons.minimum() ?? minimum);
    const shown = { minimum: now === null ? "" : this.money.text(now) };
    const nodes: Node[] = [
      el("p", "acts__title", t("act.refused", { why: this.speech.coded("refused", reason, "refused.OTHER") })),
      el("p", "acts__text", `${this.money.text(act.amount)}. ${this.speech.coded("cure", reason, "cure.OTHER", shown)}`),
    ];
    if (now !== null && reason.startsWith("BELOW")) {
      nodes.push(this.button(t("act.bid_minimum", shown), () => this.buttons.bid(now)));
    }
    return nodes;
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

  private seal(n: number): SVGElement {
    const stamp = svg("svg", { class: "stamp", viewBox: "0 0 100 100", "aria-hidden": "true", fill: "none", stroke: "currentColor" });
    const number = svg("text", {
      x: 50, y: 70, "text-anchor": "middle", "font-size": 19, "font-weight": 600, fill: "currentColor", stroke: "none",
    });
    number.textContent = `№ ${n}`;
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
