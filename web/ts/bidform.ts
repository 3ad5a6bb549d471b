// The form that makes a bid. The button carries the whole act; what it shows is what is sent.
import { el, field, find, setText } from "./dom.ts";
import type { Ask } from "./ask.ts";
import type { Speech } from "./i18n.ts";
import { nearest, onStep, quickAmounts, unusual } from "./increments.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { How } from "./protocol.ts";
import type { LotStore } from "./store.ts";

const QUICK_STEPS = [0, 1, 2];
// A price that moved this shortly before the press was not read by the person pressing.
const UNREAD_MS = 500;

/** Why nothing can be sent at this moment; each has its words in `bid.<name>`. */
export type Blocked =
  | "connecting" | "offline" | "not_open" | "paused" | "closed" | "out" | "no_deposit" | "not_in_round" | "leading"
  | "accepted" | "pending" | "signed_out" | null;

export class BidForm {
  private readonly input: HTMLInputElement;
  private readonly act: HTMLElement;
  private readonly steps: HTMLButtonElement[];
  private quick: number | null = 0; // which quick step is chosen; null: the free amount
  private shown: number | null = null; // what the button says
  private pressing = false;
  private movedAt = -Infinity;
  private moved = false; // the price moved under the finger; said until the next choice
  private blocked: Blocked = null;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly lot: LotInfo,
    private readonly store: LotStore,
    private readonly money: Money,
    private readonly speech: Speech,
    private readonly ask: Ask | null,
    private readonly bid: (amount: number, how: How) => void,
  ) {
    this.input = find<HTMLInputElement>(form, "#amount")!;
    this.act = find(form, "[data-act]")!;
    this.steps = QUICK_STEPS.map((step) => this.stepButton(step));
    find(form, "[data-steps]")?.append(...this.steps);
    if (this.input.value) this.quick = null;
    this.listen();
  }

  private stepButton(step: number): HTMLButtonElement {
    const label = step === 0 ? this.speech.t("bid.minimum") : this.speech.t("bid.plus", { n: step });
    const button = el("button", "step", el("span", "", label), el("strong"));
    button.type = "button";
    button.addEventListener("click", () => this.choose(step));
    return button;
  }

  private choose(step: number): void {
    this.quick = step;
    this.moved = false;
    this.shown = null; // one's own choice is no surprise
    this.input.value = "";
    this.show();
  }

  private listen(): void {
    this.input.addEventListener("input", (event) => this.typed(event as InputEvent));
    const press = () => {
      this.pressing = true;
    };
    const release = () => {
      this.pressing = false;
      this.show();
    };
    // A phone's keyboard comes and goes: the figures that are typed stay with what stands above them.
    visualViewport?.addEventListener("resize", () => {
      if (document.activeElement === this.input) this.input.scrollIntoView({ block: "nearest" });
    });
    this.act.addEventListener("pointerdown", press);
    for (const name of ["pointercancel", "pointerup"]) {
      // The click follows the release in the same turn and must still see the frozen amount.
      addEventListener(name, () => this.pressing && setTimeout(release, 0));
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.usable()) void this.submit(this.shown!);
      else if (!this.blocked || this.automatic()) this.input.focus();
    });
    for (const mode of this.form.querySelectorAll("input[name=automatic]")) {
      mode.addEventListener("change", () => {
        this.choose(0);
        if (this.automatic()) this.input.focus({ preventScroll: true });
      });
    }
    find(this.form, "[data-automatic]")?.addEventListener("click", () => this.chooseAutomatic());
    const other = find(this.form, "[data-other]");
    other?.addEventListener("click", () => this.unfold(!this.form.classList.contains("is-unfolded")));
  }

  private chooseAutomatic(): void {
    const mode = find<HTMLInputElement>(this.form, "input[name=automatic][value='1']");
    if (!mode) return;
    if (!mode.checked) mode.click();
    this.unfold(true);
  }

  private unfold(open: boolean): void {
    this.form.classList.toggle("is-unfolded", open);
    const other = find(this.form, "[data-other]");
    other?.setAttribute("aria-expanded", String(open));
    setText(other, this.speech.t(open ? "bid.fold" : "bid.other"));
    if (open) this.input.focus({ preventScroll: true });
  }

  private typed(event: InputEvent): void {
    this.moved = false;
    this.shown = null;
    const { input } = this;
    this.quick = input.value.trim() === "" ? 0 : null;
    // Grouping while typing; a pasted text is left as it is and must be readable in one way only.
    if (event.inputType !== "insertFromPaste") {
      const after = input.value.length - (input.selectionEnd ?? input.value.length);
      const grouped = this.money.regroup(input.value);
      if (grouped !== null && grouped !== input.value) {
        input.value = grouped;
        const caret = Math.max(0, grouped.length - after);
        input.setSelectionRange(caret, caret);
      }
    }
    this.show();
  }

  /** A button elsewhere that names its amount, e.g. the minimum after a refusal. */
  press(amount: number, how: How): void {
    if (this.blocked && !(how.automatic && this.blocked === "leading")) return;
    this.quick = 0;
    this.input.value = "";
    this.act.focus();
    void this.send(amount, how.automatic ?? false);
  }

  update(blocked: Blocked): void {
    this.blocked = blocked;
    const { state, life, you } = this.store;
    // A falling price is accepted, a sealed bid is sealed: neither is typed here.
    this.form.hidden = state.phase === "closed" || (life?.method ?? "ASCENDING") !== "ASCENDING" || !!you?.out
      || this.store.lacksDeposit();
    this.form.classList.toggle("is-automatic", this.automatic());
    this.show();
  }

  /** Whether the amount is meant as a secret maximum. */
  private automatic(): boolean {
    const chosen = find<HTMLInputElement>(this.form, "input[name=automatic]:checked");
    return chosen?.value === "1" && (this.store.life?.automatic ?? false);
  }

  /** The lowest amount that makes sense: a maximum of one's own can only be raised. */
  private minimum(): number | null {
    const minimum = this.store.minimum();
    const { you, state } = this.store;
    if (!this.automatic() || !you?.leading) return minimum;
    return Math.max(you.maximum_minor ?? 0, state.price_minor ?? 0) + 1;
  }

  private usable(): boolean {
    const free = this.blocked === null || (this.blocked === "leading" && this.automatic());
    return free && this.shown !== null;
  }

  private amount(): number | null {
    if (this.quick === null) return this.money.parse(this.input.value);
    const minimum = this.store.minimum();
    return minimum === null || this.automatic() ? null : quickAmounts(this.lot, minimum)[this.quick]!;
  }

  private show(): void {
    if (this.pressing) return;
    const minimum = this.store.minimum();
    const quick = minimum === null ? [] : quickAmounts(this.lot, minimum);
    this.steps.forEach((button, index) => {
      const amount = quick[index];
      setText(find(button, "strong"), amount === undefined ? "–" : this.money.number(amount));
      button.setAttribute("aria-pressed", String(this.quick === QUICK_STEPS[index]));
    });
    const automatic = this.automatic();
    this.form.classList.toggle("is-automatic", automatic);
    const amount = this.amount();
    if (this.quick !== null && this.shown !== null && amount !== this.shown) this.movedAt = performance.now();
    this.shown = amount;
    setText(field(this.form, "act"), this.label(amount));
    this.act.setAttribute("aria-disabled", String(!this.usable()));
    setText(field(this.form, "amount_words"), amount === null ? "" : this.money.words(amount));
    setText(field(this.form, "amount_label"), this.speech.t(automatic ? "bid.maximum_label" : "bid.amount_label"));
    const least = this.minimum();
    if (least !== null) this.input.placeholder = this.money.number(least);
    this.note(amount, least);
    this.showMaximum();
  }

  private showMaximum(): void {
    const own = field(this.form, "maximum");
    if (!own) return;
    const maximum = this.store.you?.maximum_minor;
    own.hidden = maximum === undefined;
    if (maximum !== undefined) setText(own, this.speech.t("bid.maximum", { amount: this.money.text(maximum) }));
  }

  private label(amount: number | null): string {
    const { t } = this.speech;
    const automatic = this.automatic();
    if (this.blocked && !(automatic && this.blocked === "leading")) return t(`bid.${this.blocked}`);
    if (amount === null) return t("bid.act_empty");
    return t(automatic ? "bid.act_maximum" : "bid.act", { amount: this.money.text(amount) });
  }

  private note(amount: number | null, minimum: number | null): void {
    const note = field(this.form, "amount_note");
    if (!note || minimum === null) return;
    const text = this.fault(amount, minimum);
    note.classList.toggle("is-bad", text !== null);
    setText(note, text ?? this.terms(minimum));
    const wrong = text !== null && !this.moved;
    if (wrong) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  private terms(minimum: number): string {
    const step = this.store.minimum()! - (this.store.state.price_minor ?? minimum);
    const key = this.automatic() ? "bid.note_maximum" : step > 0 && this.lot.increment_table.length ? "bid.note_table" : "bid.note";
    return this.speech.t(key, {
      amount: this.money.text(minimum), step: this.money.text(step > 0 ? step : this.lot.increment_minor),
    });
  }

  /** What is wrong with the amount as it stands, null if nothing is known to be. */
  private fault(amount: number | null, minimum: number): string | null {
    const { t } = this.speech;
    if (this.moved) return t("bid.moved", { amount: this.money.text(minimum) });
    if (amount === null) {
      return this.quick === null && this.input.value.trim() !== "" ? t("bid.unclear") : null;
    }
    if (amount < minimum) return t("bid.below", { amount: this.money.text(minimum) });
    const price = this.store.state.price_minor;
    if (onStep(this.lot, price, amount)) return null;
    const near = nearest(this.lot, price, this.store.minimum() ?? minimum, amount).map((value) => this.money.text(value));
    if (near.length === 1) return t("bid.off_step_one", { amount: near[0]! });
    return t("bid.off_step", { lower: near[0]!, higher: near[1]! });
  }

  private async submit(amount: number): Promise<void> {
    // Said once: on a lot where the price moves all the time the second press goes through.
    if (this.quick !== null && !this.moved && performance.now() - this.movedAt < UNREAD_MS) {
      this.moved = true;
      this.pressing = false;
      this.show();
      return;
    }
    await this.send(amount, this.automatic());
  }

  /** Sends the amount, after asking again if it is unusual. */
  private async send(amount: number, automatic: boolean): Promise<void> {
    const { state, life } = this.store;
    const why = unusual(this.lot, state.price_minor, amount, life?.confirm);
    const how: How = automatic ? { automatic: true } : {};
    if (why && this.ask) {
      const price = state.price_minor ?? this.lot.starting_price_minor;
      if (!(await this.ask.confirm(amount, price, why, automatic))) return;
      how.confirmed = true;
    }
    this.moved = false;
    this.quick = 0;
    this.input.value = "";
    this.shown = null;
    this.unfold(false);
    this.bid(amount, how);
  }
}
