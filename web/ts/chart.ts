// The price as a step chart: flat until the next bid, then straight up. Nothing is smoothed, because
// nothing happened in between.
import { el, svg } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { Bid } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const WIDTH = 400;
const HEIGHT = 120;
const EDGE = 6; // room for the last dot

interface Point {
  x: number;
  y: number;
  own: boolean;
}

export class Chart {
  private drawn = "";

  constructor(
    private readonly box: HTMLElement,
    private readonly lot: LotInfo,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  draw(store: LotStore, now: number): void {
    const { state } = store;
    const bids = store.bids.filter((bid) => !bid.void);
    this.box.hidden = bids.length === 0 || store.falls; // a falling price has its own
    // The line to the right edge grows slowly: once in ten seconds is enough when nobody bids.
    const mark = `${state.n}|${bids.length}|${state.end_ms}|${state.phase}|${Math.floor(now / 10_000)}`;
    if (mark === this.drawn || this.box.hidden) return;
    this.drawn = mark;
    const first = bids.at(-1)!;
    const whole = store.bids.length === state.n;
    const from = whole ? Math.min(state.start_ms, first.at_ms) : first.at_ms;
    const last = bids[0]!.at_ms + 1;
    const to = state.phase === "closed" ? (state.end_ms ?? last) : Math.max(now, last);
    const bottom = whole ? this.lot.starting_price_minor : first.amount_minor;
    const top = Math.max(bids[0]!.amount_minor, bottom + this.lot.increment_minor);
    const scaleX = (ms: number) => ((WIDTH - EDGE) * (ms - from)) / Math.max(1, to - from);
    const scaleY = (minor: number) => HEIGHT - 6 - ((HEIGHT - 14) * (minor - bottom)) / (top - bottom);
    const points: Point[] = [...bids].reverse().map((bid) => ({
      x: scaleX(bid.at_ms), y: scaleY(bid.amount_minor), own: bid.code === store.you?.code,
    }));
    this.box.replaceChildren(this.picture(points, scaleY(bottom), bids), this.caption(from, to, bottom, top));
  }

  private picture(points: Point[], base: number, bids: Bid[]): SVGElement {
    const picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
      "aria-labelledby": "chart-title chart-desc",
    });
    const title = svg("title", { id: "chart-title" });
    title.textContent = this.speech.t("chart.title");
    const desc = svg("desc", { id: "chart-desc" });
    desc.textContent = this.speech.t("chart.desc", {
      from: this.money.text(bids.at(-1)!.amount_minor), to: this.money.text(bids[0]!.amount_minor),
      start: this.speech.time(bids.at(-1)!.at_ms), end: this.speech.time(bids[0]!.at_ms), n: bids[0]!.n,
    });
    let path = `M0 ${base.toFixed(1)}`;
    for (const point of points) path += `H${point.x.toFixed(1)}V${point.y.toFixed(1)}`;
    path += `H${WIDTH - EDGE}`;
    picture.append(
      title, desc,
      svg("path", { class: "area", d: `${path}V${HEIGHT}H0Z` }),
      svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: base, y2: base, "vector-effect": "non-scaling-stroke" }),
      svg("path", { class: "step-line", d: path, "vector-effect": "non-scaling-stroke" }),
    );
    for (const point of points) if (point.own) picture.append(this.dot(point, "own-dot"));
    const last = points.at(-1);
    if (last && !last.own) picture.append(this.dot(last, "last-dot"));
    return picture;
  }

  // The picture is stretched to the column's width; a line of no length with round caps stays round.
  private dot(point: Point, name: string): SVGElement {
    return svg("path", {
      class: name, d: `M${point.x.toFixed(1)} ${point.y.toFixed(1)}h0.01`,
      "vector-effect": "non-scaling-stroke", "stroke-linecap": "round",
    });
  }

  private caption(from: number, to: number, bottom: number, top: number): HTMLElement {
    const caption = el("figcaption");
    caption.append(
      el("span", "", `${this.speech.time(from).slice(0, 5)} · ${this.money.number(bottom)}`),
      el("span", "", `${this.speech.time(to).slice(0, 5)} · ${this.money.number(top)}`),
    );
    return caption;
  }
}
