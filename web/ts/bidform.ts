// The form that makes a bid. The button carries the whole act; what it shows is what is sent.
import { el, field, find, setText } from "./dom.ts";
import type { Ask } from "./ask.ts";
import { unusual } from "./ask.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotStore } from "./store.ts";

const QUICK_STEPS = [0, 1, 2];
// A price that moved this shortly before the press was not read by the person pressing.
const UNREAD_MS = 500;

export type Blocked = "connecting" | "offline" | "not_open" | "leading" | "pending" | null;

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
    private readonly bid: (amount: number) => void,
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
    button.addEventListener("click", () => {
      this.quick = step;
      this.moved = false;
      this.shown = null; // one's own choice is no surprise
      this.input.value = "";
      this.show();
    });
    return button;
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
    this.act.addEventListener("pointerdown", press);
    for (const name of ["pointercancel", "pointerup"]) {
      // The click follows the release in the same turn and must still see the frozen amount.
      addEventListener(name, () => this.pressing && setTimeout(release, 0));
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
    const other = find(this.form, "[data-other]");
    other?.addEventListener("click", () => this.unfold(!this.form.classList.contains("is-unfolded")));
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
  press(amount: number): void {
    if (this.blocked) return;
    this.quick = 0;
    this.input.value = "";
    this.act.focus();
    this.bid(amount);
  }

  update(blocked: Blocked): void {
    this.blocked = blocked;
    this.form.hidden = this.store.state.phase === "closed";
    this.show();
  }

  private amount(): number | null {
    if (this.quick === null) return this.money.parse(this.input.value);
    const minimum = this.store.minimum();
    return minimum === null ? null : minimum + this.quick * this.lot.increment_minor;
  }

  private show(): void {
    if (this.pressing) return;
    const minimum = this.store.minimum();
    this.steps.forEach((button, index) => {
      const step = QUICK_STEPS[index]!;
      const amount = minimum === null ? null : minimum + step * this.lot.increment_minor;
      setText(find(button, "strong"), amount === null ? "–" : this.money.number(amount));
      button.setAttribute("aria-pressed", String(this.quick === step));
    });
    const amount = this.amount();
    if (this.quick !== null && this.shown !== null && amount !== this.shown) this.movedAt = performance.now();
    this.shown = amount;
    setText(field(this.form, "act"), this.label(amount));
    this.act.setAttribute("aria-disabled", String(this.blocked !== null || amount === null));
    setText(field(this.form, "amount_words"), amount === null ? "" : this.money.words(amount));
    if (minimum !== null) this.input.placeholder = this.money.number(minimum);
    this.note(amount, minimum);
  }

  private label(amount: number | null): string {
    const { t } = this.speech;
    if (this.blocked) return t(`bid.${this.blocked}`);
    return amount === null ? t("bid.act_empty") : t("bid.act", { amount: this.money.text(amount) });
  }

  private note(amount: number | null, minimum: number | null): void {
    const { t } = this.speech;
    const note = field(this.form, "amount_note");
    if (!note || minimum === null) return;
    const shown = { amount: this.money.text(minimum), step: this.money.text(this.lot.increment_minor) };
    const below = amount !== null && amount < minimum;
    const unclear = this.quick === null && amount === null && this.input.value.trim() !== "";
    note.classList.toggle("is-bad", below || unclear || this.moved);
    if (this.moved) setText(note, t("bid.moved", shown));
    else if (unclear) setText(note, t("bid.unclear"));
    else setText(note, t(below ? "bid.below" : "bid.note", shown));
    if (unclear || below) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  private async submit(): Promise<void> {
    const amount = this.shown;
    if (this.blocked || amount === null) {
      if (!this.blocked) this.input.focus();
      return;
    }
    // Said once: on a lot where the price moves all the time the second press goes through.
    if (this.quick !== null && !this.moved && performance.now() - this.movedAt < UNREAD_MS) {
      this.moved = true;
      this.pressing = false;
      this.show();
      return;
    }
    const price = this.store.state.price_minor ?? this.lot.starting_price_minor;
    const minimum = this.store.minimum() ?? amount;
    const why = unusual(amount, price, minimum, this.lot.increment_minor);
    if (why && this.ask && !(await this.ask.confirm(amount, price, why))) return;
    this.moved = false;
    this.quick = 0;
    this.input.value = "";
    this.shown = null;
    this.unfold(false);
    this.bid(amount);
  }
}
