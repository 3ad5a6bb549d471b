// Asks again before an unusual amount is sent: the amount large, in words, its ratio to the price, and
// the digits typed a second time. This is what would have stopped the famous extra zeros.
import { el, find } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Unusual } from "./increments.ts";
import type { Money } from "./money.ts";

export class Ask {
  constructor(
    private readonly dialog: HTMLDialogElement,
    private readonly money: Money,
    private readonly speech: Speech,
  ) {}

  /** `maximum`: the amount is a secret maximum, not a bid of that amount. */
  confirm(amount: number, price: number, why: Unusual, maximum: boolean): Promise<boolean> {
    const { t } = this.speech;
    const form = el("form");
    form.method = "dialog";
    form.noValidate = true;
    const title = el("h2", "", t("ask.title"));
    title.id = "ask-title";
    const text = el("p", "ask__ratio", this.reason(price, why));
    text.id = "ask-text";
    const label = el("label", "", t("ask.again"));
    const input = el("input", "num");
    label.htmlFor = input.id = "ask-again";
    input.inputMode = "numeric";
    input.autocomplete = "off";
    const send = el("button", "act", t(maximum ? "ask.send_maximum" : "ask.send", { amount: this.money.text(amount) }));
    send.value = "yes";
    const cancel = el("button", "button", t("ask.cancel"));
    cancel.value = "no";
    cancel.type = "button";
    const matches = () => this.money.parse(input.value) === amount;
    const refresh = () => send.setAttribute("aria-disabled", String(!matches()));
    input.addEventListener("input", () => {
      input.value = this.money.regroup(input.value) ?? input.value;
      refresh();
    });
    form.addEventListener("submit", (event) => {
      if (matches()) return;
      event.preventDefault();
      input.focus();
    });
    cancel.addEventListener("click", () => this.dialog.close("no"));
    refresh();
    form.append(
      title, el("p", "ask__amount", this.money.text(amount)), el("p", "ask__words", this.money.words(amount)),
      text, el("div", "", label, input), el("div", "ask__buttons", send, cancel),
    );
    this.dialog.replaceChildren(form);
    this.dialog.returnValue = "no";
    this.dialog.showModal();
    input.focus();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => resolve(this.dialog.returnValue === "yes"), { once: true });
    });
  }

  private reason(price: number, why: Unusual): string {
    const { t, lang } = this.speech;
    const parts: string[] = [];
    if (why.ratio >= 1.05) {
      const ratio = why.ratio >= 10 ? String(Math.round(why.ratio)) : why.ratio.toFixed(1);
      parts.push(t("ask.ratio", { ratio: lang === "vi" ? ratio.replace(".", ",") : ratio, price: this.money.text(price) }));
    }
    if (why.steps > 0) parts.push(t("ask.steps", { n: this.money.plain(why.steps) }));
    return parts.join(" ");
  }
}

export function askIn(root: ParentNode, money: Money, speech: Speech): Ask | null {
  const dialog = find<HTMLDialogElement>(root, "[data-ask]");
  return dialog ? new Ask(dialog, money, speech) : null;
}
