// A lot's course watched again. The page shows all of it without script; this hides what has not
// happened yet and moves through it. Silence longer than a minute is shortened to a minute, and said.
import { svg } from "../dom.ts";

interface Step {
  kind: "bid" | "fall" | "turn" | "opened" | "extended" | "closed";
  at_ms: number;
  n?: number;
  code?: string;
  amount_minor?: number;
  asked_minor?: number;
  price_minor?: number | null;
  leader?: string | null;
  phase?: string;
  end?: number | null;
  void?: string[];
}

interface Course {
  starting_price_minor: number;
  minor_digits: number;
  start_ms: number;
  over: boolean;
  steps: Step[];
}

/** What the public saw at one moment. */
interface Shown {
  price: number;
  asked: boolean;
  n: number;
  leader: string | null;
  phase: string;
  end: number | null;
}

const QUIET_MS = 60_000;
const WIDTH = 400;
const HEIGHT = 120;
const FRAME_MS = 50;

const root = document.querySelector<HTMLElement>("[data-replay]");
const box = root?.querySelector<HTMLElement>("[data-player]");
if (root && box) {
  void fetch(root.dataset["replay"] ?? "")
    .then((answer) => (answer.ok ? (answer.json() as Promise<Course>) : Promise.reject(new Error(String(answer.status)))))
    .then((course) => new Player(root, box, course).begin())
    .catch(() => {
      const told = root.querySelector<HTMLElement>("[data-problem]");
      if (!told) return;
      told.textContent = box.dataset["failed"] ?? "";
      told.hidden = false;
    });
}

class Player {
  private readonly steps: Step[];
  private readonly shown: Shown[] = [];
  /** When each step is played, in ms from the beginning, silences shortened. */
  private readonly plays: number[] = [];
  private readonly rows: (HTMLTableRowElement | undefined)[] = [];
  private readonly length: number;
  private readonly lang = document.documentElement.lang === "vi" ? "vi" : "en";
  private at = 0;
  private index = -1;
  private timer = 0;
  private ticked = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly box: HTMLElement,
    private readonly course: Course,
  ) {
    this.steps = course.steps;
    let played = 0;
    let before: Shown = {
      price: course.starting_price_minor, asked: true, n: 0, leader: null, phase: "scheduled", end: null,
    };
    this.steps.forEach((step, i) => {
      const last = this.steps[i - 1];
      if (last) played += Math.min(QUIET_MS, Math.max(0, step.at_ms - last.at_ms));
      this.plays.push(played);
      before = after(before, step);
      this.shown.push(before);
    });
    this.length = Math.max(1, played);
    for (const time of root.querySelectorAll<HTMLElement>("[data-jump]")) this.jumps(time);
  }

  begin(): void {
    this.box.hidden = false;
    const slider = this.part<HTMLInputElement>("[data-at]");
    slider.addEventListener("input", () => this.to((Number(slider.value) / 1000) * this.length));
    slider.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      event.preventDefault(); // an arrow key goes to the next thing that happened, not a thousandth on
      this.beside(event.key === "ArrowRight" ? 1 : -1, false);
    });
    this.part("[data-play-act]").addEventListener("click", () => (this.timer ? this.stop() : this.play()));
    this.part("[data-back]").addEventListener("click", () => this.beside(-1, true));
    this.part("[data-on]").addEventListener("click", () => this.beside(1, true));
    this.part("[data-from]").textContent = this.clock(this.steps[0]!.at_ms);
    this.part("[data-to]").textContent = this.clock(this.steps.at(-1)!.at_ms);
    // It begins at its end: that is what the table below says too.
    this.to(this.length);
  }

  private part<T extends Element = HTMLElement>(selector: string): T {
    return this.box.querySelector<T>(selector)!;
  }

  private text(name: string, values: Record<string, string | number> = {}): string {
    const text = this.box.dataset[name] ?? "";
    return text.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ""));
  }

  /** Each row's time becomes a button that goes there. */
  private jumps(time: HTMLElement): void {
    const step = Number(time.dataset["jump"]);
    this.rows[step] = time.closest("tr") ?? undefined;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "jump";
    button.append(...time.childNodes);
    time.append(button);
    button.addEventListener("click", () => {
      this.stop();
      this.go(step);
    });
  }

  private go(step: number): void {
    this.to(this.plays[step] ?? 0, step);
    this.part("[data-said]").textContent = this.part("[data-at]").getAttribute("aria-valuetext") ?? "";
  }

  /** To the step before or after; `bids`: to the bid before or after. */
  private beside(way: 1 | -1, bids: boolean): void {
    this.stop();
    for (let i = this.index + way; i >= 0 && i < this.steps.length; i += way) {
      if (bids && this.steps[i]!.kind !== "bid") continue;
      this.go(i);
      return;
    }
    this.go(way < 0 ? 0 : this.steps.length - 1);
  }

  private play(): void {
    if (this.at >= this.length) this.to(0, 0);
    this.ticked = performance.now();
    this.timer = setInterval(() => this.tick(), FRAME_MS);
    this.draw();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.draw();
  }

  private tick(): void {
    const now = performance.now();
    const speed = Number(this.part<HTMLSelectElement>("[data-speed]").value);
    const at = this.at + (now - this.ticked) * speed;
    this.ticked = now;
    this.to(Math.min(at, this.length));
    if (at >= this.length) this.stop();
  }

  /** To a moment of the playing; of steps at the same moment the last, or `step`. */
  private to(at: number, step?: number): void {
    this.at = at;
    let index = step ?? this.plays.length - 1;
    if (step === undefined) while (index > 0 && this.plays[index]! > at) index -= 1;
    const moved = index !== this.index;
    this.index = index;
    if (moved) this.fill();
    this.draw();
  }

  /** The record up to now: later rows are hidden, and nothing is struck before it was. */
  private fill(): void {
    const out = new Set<string>();
    for (let i = 0; i <= this.index; i += 1) for (const code of this.steps[i]!.void ?? []) out.add(code);
    this.rows.forEach((row, i) => {
      if (!row) return;
      row.hidden = i > this.index;
      row.classList.toggle("is-now", i === this.index);
      const code = row.dataset["code"];
      if (code) row.classList.toggle("void", out.has(code));
    });
    this.picture();
  }

  private draw(): void {
    const shown = this.shown[this.index]!;
    const ms = this.moment();
    const price = this.money(shown.price);
    this.set("[data-price]", price);
    this.set("[data-by-line]", shown.leader
      ? this.text("by", { n: shown.n, code: shown.leader })
      : this.text(this.steps[this.index]!.kind === "fall" || shown.asked ? "asked" : "nobid"));
    this.set("[data-clock]", this.clock(ms, true));
    this.part<HTMLTimeElement>("[data-clock]").dateTime = new Date(ms).toISOString();
    this.set("[data-phase]", this.box.getAttribute(`data-phase-${shown.phase}`) ?? "");
    this.part("[data-phase]").className = `phase phase--${shown.phase}`;
    const ends = shown.end !== null && shown.phase !== "closed" ? this.text("ends", { time: this.clock(shown.end) }) : "";
    this.set("[data-ends-line]", ends);
    this.quiet();
    const slider = this.part<HTMLInputElement>("[data-at]");
    slider.value = String(Math.round((this.at / this.length) * 1000));
    slider.setAttribute("aria-valuetext", this.text("valuetext", { time: this.clock(ms), price }));
    const label = this.timer ? "pause" : this.at >= this.length ? "again" : "play";
    this.set("[data-play-act]", this.text(label));
  }

  private set(selector: string, text: string): void {
    const element = this.part(selector);
    if (element.textContent !== text) element.textContent = text;
  }

  /** The true moment: a shortened silence ends at its own end. */
  private moment(): number {
    const step = this.steps[this.index]!;
    return step.at_ms + Math.min(QUIET_MS, Math.max(0, this.at - this.plays[this.index]!));
  }

  private quiet(): void {
    const next = this.steps[this.index + 1];
    const gap = next ? next.at_ms - this.steps[this.index]!.at_ms : 0;
    const minutes = Math.round(gap / 60_000);
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60);
    const parts = this.lang === "vi" ? ["ngày", "giờ", "phút"] : ["d", "h", "min"];
    const span = [[days, parts[0]], [hours, parts[1]], [days ? 0 : minutes % 60, parts[2]]]
      .filter(([n]) => n).map(([n, unit]) => `${n} ${unit}`).join(" ");
    this.set("[data-quiet-line]", gap > QUIET_MS ? this.text("quiet", { span }) : "");
  }

  /** The price up to now as steps, over the width of the whole course. */
  private picture(): void {
    const picture = this.part<SVGElement>("[data-picture]");
    const prices = this.shown.filter((s) => s.phase !== "scheduled").map((s) => s.price);
    const bottom = Math.min(this.course.starting_price_minor, ...prices);
    const top = Math.max(bottom + 1, ...prices, this.course.starting_price_minor);
    const x = (i: number) => ((WIDTH - 6) * this.plays[i]!) / this.length;
    const y = (minor: number) => HEIGHT - 6 - ((HEIGHT - 14) * (minor - bottom)) / (top - bottom);
    const first = this.shown.findIndex((s) => s.phase !== "scheduled");
    const title = svg("title", {});
    title.textContent = this.text("chart", {
      from: this.money(bottom), to: this.money(top), n: this.shown.at(-1)!.n,
    });
    if (first < 0 || this.index < first) {
      picture.replaceChildren(title);
      return;
    }
    let path = `M${x(first).toFixed(1)} ${y(this.shown[first]!.price).toFixed(1)}`;
    const marks: SVGElement[] = [];
    for (let i = first; i <= this.index; i += 1) {
      path += `H${x(i).toFixed(1)}V${y(this.shown[i]!.price).toFixed(1)}`;
      const mark = { x1: x(i), x2: x(i), y1: 0, y2: HEIGHT, "vector-effect": "non-scaling-stroke" };
      if (this.steps[i]!.kind === "extended") marks.push(svg("line", { class: "mark-extended", ...mark }));
      if (this.steps[i]!.kind === "turn" && this.shown[i]!.phase === "paused") marks.push(svg("line", { class: "mark-paused", ...mark }));
    }
    picture.replaceChildren(
      title, ...marks,
      svg("path", { class: "step-line", d: path, "vector-effect": "non-scaling-stroke" }),
      svg("path", {
        class: "last-dot", d: `M${x(this.index).toFixed(1)} ${y(this.shown[this.index]!.price).toFixed(1)}h0.01`,
        "vector-effect": "non-scaling-stroke", "stroke-linecap": "round",
      }),
    );
  }

  private money(minor: number): string {
    const [group, mark] = this.lang === "vi" ? [".", ","] : [",", "."];
    const digits = this.course.minor_digits;
    const text = String(minor).padStart(digits + 1, "0");
    const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, group);
    const number = digits ? `${whole}${mark}${text.slice(-digits)}` : whole;
    const { before, after } = this.root.dataset;
    return [before, number, after].filter(Boolean).join("\u00a0");
  }

  private clock(ms: number, whole = false): string {
    const shown = new Date(ms + 7 * 3_600_000).toISOString(); // Vietnam has had one offset since 1975
    const time = whole ? `${shown.slice(11, 19)}${this.lang === "vi" ? "," : "."}${shown.slice(20, 23)}` : shown.slice(11, 19);
    const day = `${shown.slice(8, 10)}/${shown.slice(5, 7)}`;
    return `${time} · ${day}`;
  }
}

/** What is seen after a step. */
function after(before: Shown, step: Step): Shown {
  if (step.kind === "fall") return { ...before, price: step.asked_minor ?? before.price, asked: true };
  const taken = step.price_minor ?? null;
  return {
    price: taken ?? step.asked_minor ?? before.price,
    asked: taken === null,
    n: step.kind === "bid" ? (step.n ?? before.n) : before.n,
    leader: step.leader ?? null,
    phase: step.phase ?? before.phase,
    end: step.end ?? null,
  };
}
