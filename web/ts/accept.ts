// The one act of a falling price: accepting it. What the button says when it is pressed down is what is
// sent when it is let go, however far the price falls meanwhile: an acceptance names what was read.
import type { Blocked } from "./bidform.ts";
import { field, find, setText } from "./dom.ts";
import type { Fall } from "./falling.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { How } from "./protocol.ts";
import type { LotStore } from "./store.ts";

export interface Offer {
  step: number;
  amount: number;
}

// A price only ever rises when an acceptance was withdrawn; so shortly before a press it was not read.
const UNREAD_MS = 1000;
const KEYS: ReadonlySet<string> = new Set([" ", "Enter"]);

export class AcceptForm {
  private readonly act: HTMLElement;
  private shown: Offer | null = null;
  private frozen: Offer | null = null;
  private blocked: Blocked = null;
  private roseAt = -Infinity;
  private rose = false;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly lot: LotInfo,
    private readonly store: LotStore,
    private readonly money: Money,
    private readonly speech: Speech,
    private readonly accept: (amount: number, how: How) => void,
  ) {
    this.act = find(form, "[data-accept-act]")!;
    this.listen();
  }

  private listen(): void {
    const press = () => {
      this.frozen ??= this.shown;
      this.act.classList.add("is-held");
    };
    // The click follows the release in the same turn and must still see what was frozen.
    const release = () => this.frozen && setTimeout(() => this.letGo(), 0);
    this.act.addEventListener("pointerdown", press);
    this.act.addEventListener("keydown", (event) => {
      // A key held down presses once: what came of the first press must be read before the next.
      if (event.repeat) event.preventDefault();
      else if (KEYS.has(event.key)) press();
    });
    this.act.addEventListener("keyup", release);
    this.act.addEventListener("blur", release);
    for (const name of ["pointercancel", "pointerup"]) addEventListener(name, release);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  private letGo(): void {
    this.frozen = null;
    this.act.classList.remove("is-held");
    this.show();
  }

  /** Called whenever the price or anything else of the lot has changed. */
  update(blocked: Blocked, fall: Fall | null): void {
    this.blocked = blocked;
    this.form.hidden = fall === null || !this.store.falls || this.store.state.phase === "closed" || !!this.store.you?.out
      || this.store.lacksDeposit();
    const before = this.shown;
    this.shown = fall && { step: fall.step, amount: fall.price };
    if (before && this.shown && this.shown.amount > before.amount) this.roseAt = performance.now();
    if (before?.amount !== this.shown?.amount && performance.now() - this.roseAt > UNREAD_MS) this.rose = false;
    if (!this.frozen) this.show();
  }

  private show(): void {
    const { t } = this.speech;
    const amount = this.shown && this.money.text(this.shown.amount);
    const label = this.blocked ? t(`bid.${this.blocked}`) : amount === null ? "" : t("accept.act", { amount });
    setText(field(this.form, "accept"), label);
    this.act.setAttribute("aria-disabled", String(this.blocked !== null || amount === null));
    const note = field(this.form, "accept_note");
    if (!note) return;
    note.classList.toggle("is-bad", this.rose);
    setText(note, this.rose && amount !== null ? t("accept.rose", { amount }) : this.binding());
  }

  private binding(): string {
    return this.speech.t(this.lot.withdrawal === "FORFEIT" ? "accept.binding" : "accept.binding_plain");
  }

  private submit(): void {
    const offer = this.frozen ?? this.shown;
    if (this.blocked || !offer) return;
    if (!this.rose && performance.now() - this.roseAt < UNREAD_MS) {
      this.rose = true;
      this.letGo();
      return;
    }
    this.rose = false;
    this.accept(offer.amount, { step: offer.step });
  }
}
