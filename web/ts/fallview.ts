// The whole path of a falling price as a step chart: what is gone, where it stands now, what is to come,
// and the floor below which it will not go.
import { el, svg } from "./dom.ts";
import { fallAt, type Fall } from "./falling.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { Falling, Phase } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const WIDTH = 400;
const HEIGHT = 160;
const TOP = 34; // above the path stands the word that says where it is
const FLOOR = 140;
// Beyond this a drawing has no room for single steps.
const MOST_POINTS = 400;

const MARKS: Readonly<Record<Phase, string>> = {
  scheduled: "fall.mark_first", open: "fall.mark_now", paused: "fall.mark_still", closed: "fall.mark_end",
};

/** When the last price will have stood for its time, if nothing happens before. */
export function fallsUntil(falling: Falling): number {
  return falling.from_ms + (falling.prices_minor.length - falling.step) * falling.interval_ms;
}

export class FallChart {
  private path = "";
  private readonly gone = svg("path", { class: "fall__gone", "vector-effect": "non-scaling-stroke" });
  private readonly area = svg("path", { class: "fall__area" });
  private readonly now = svg("line", { class: "fall__now", y1: 0, y2: FLOOR, "vector-effect": "non-scaling-stroke" });
  private readonly dot = svg("path", { class: "fall__dot", "vector-effect": "non-scaling-stroke", "stroke-linecap": "round" });
  private readonly desc = svg("desc", { id: "fall-desc" });
  private readonly mark = el("span", "fall__mark num");

  constructor(
    private readonly box: HTMLElement,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  draw(store: LotStore, now: number): void {
    const falling = store.state.life?.falling;
    this.box.hidden = !falling;
    if (!falling) return;
    const taken = store.state.price_minor !== null;
    const fall = fallAt(store.state, taken ? (store.leading()?.at_ms ?? now) : now)!;
    this.frame(store, falling);
    this.place(fall, falling, taken, store.state.phase);
  }

  private frame(store: LotStore, falling: Falling): void {
    const key = `${store.state.start_ms}|${fallsUntil(falling)}|${falling.prices_minor.length}`;
    if (key === this.path) return;
    this.path = key;
    const picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-labelledby": "fall-title fall-desc",
    });
    const title = svg("title", { id: "fall-title" });
    title.textContent = this.speech.t("fall.chart");
    picture.append(
      title, this.desc,
      svg("rect", { class: "fall__below", x: 0, y: FLOOR, width: WIDTH, height: HEIGHT - FLOOR }), this.area,
      svg("line", { class: "fall__floor", x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR, "vector-effect": "non-scaling-stroke" }),
      svg("path", { class: "fall__path", d: outline(falling, falling.prices_minor.length), "vector-effect": "non-scaling-stroke" }),
      this.gone, this.now, this.dot,
    );
    const prices = falling.prices_minor;
    const { t, time } = this.speech;
    this.box.replaceChildren(
      el("p", "fall__end fall__end--first",
        el("span", "num", this.money.number(prices[0]!)), el("span", "num", time(store.state.start_ms))),
      el("div", "fall__picture", picture, this.mark),
      el("p", "fall__end fall__end--last",
        el("span", "", t("fall.floor", { amount: this.money.number(prices.at(-1)!) })), el("span", "num", time(fallsUntil(falling)))),
    );
  }

  private place(fall: Fall, falling: Falling, taken: boolean, phase: Phase): void {
    const at = Math.min(Math.max(fall.at, fall.step), fall.step + 1);
    const x = acrossOf(falling, at).toFixed(1);
    const y = heightOf(falling, fall.price).toFixed(1);
    const d = phase === "scheduled" ? "" : outline(falling, at);
    this.gone.setAttribute("d", d);
    this.area.setAttribute("d", d && `${d}V${FLOOR}H0Z`);
    this.now.setAttribute("x1", x);
    this.now.setAttribute("x2", x);
    this.dot.setAttribute("d", `M${x} ${y}h0.01`);
    this.box.classList.toggle("is-taken", taken);
    const { t } = this.speech;
    const share = at / falling.prices_minor.length;
    // The word beside the mark keeps within the picture.
    this.mark.classList.toggle("is-left", share > 0.6);
    this.mark.style.insetInlineStart = share > 0.6 ? "auto" : `${(share * 100).toFixed(2)}%`;
    this.mark.style.insetInlineEnd = share > 0.6 ? `${((1 - share) * 100).toFixed(2)}%` : "auto";
    const words = t(taken ? "fall.mark_taken" : MARKS[phase]);
    if (this.mark.textContent !== words) this.mark.textContent = words;
    const prices = falling.prices_minor;
    const said = t("fall.desc", {
      first: this.money.text(prices[0]!), floor: this.money.text(prices.at(-1)!), n: prices.length,
      every: this.speech.span(falling.interval_ms), now: this.money.text(fall.price), step: fall.step + 1,
    });
    if (this.desc.textContent !== said) this.desc.textContent = said;
  }
}

function acrossOf(falling: Falling, at: number): number {
  return (WIDTH * at) / falling.prices_minor.length;
}

function heightOf({ prices_minor }: Falling, price: number): number {
  const first = prices_minor[0]!;
  const floor = prices_minor.at(-1)!;
  return TOP + ((FLOOR - TOP) * (first - price)) / Math.max(1, first - floor);
}

/** The steps up to `at` (2.5: half way through the third). */
function outline(falling: Falling, at: number): string {
  const prices = falling.prices_minor;
  const every = Math.ceil(prices.length / MOST_POINTS);
  let path = `M0 ${heightOf(falling, prices[0]!).toFixed(1)}`;
  for (let step = every; step < at; step += every) {
    path += `H${acrossOf(falling, step).toFixed(1)}V${heightOf(falling, prices[step]!).toFixed(1)}`;
  }
  return `${path}H${acrossOf(falling, at).toFixed(1)}`;
}
