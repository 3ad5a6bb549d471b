// What a bidder can do in the lot's life beside bidding: withdraw, or answer when the property is offered.
// Each says in one sentence what follows, and asks once.
import { el } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotInfo } from "./page.ts";
import type { LotStore } from "./store.ts";

const PATIENCE_MS = 15_000;
// Law 01/2016 Art. 50: a bid can be withdrawn until the winner is announced.
const WITHDRAWABLE: ReadonlySet<string> = new Set([
  "RUNNING", "PAUSED", "BIDDING_CLOSED", "AWAIT_OWNER_CONSENT", "LEADER_DETERMINED",
]);

/** The acts that make sense now; whether one is possible is for the rules to say. */
export function ownActs(store: LotStore, lot: LotInfo): string[] {
  const { you, life } = store;
  if (!you?.admitted || you.out || !life) return [];
  if (life.status === "RUNNER_UP_OFFERED" && you.leading) return ["accept_offer", "decline_offer"];
  const has = you.best_minor !== null || you.sealed !== undefined || you.maximum_minor !== undefined;
  return has && lot.withdrawal && WITHDRAWABLE.has(life.status) ? ["withdraw_bid"] : [];
}

export class OwnActs {
  private drawn = "";
  private readonly told = el("p", "own-acts__told");

  constructor(
    private readonly box: HTMLElement,
    private readonly dialog: HTMLDialogElement,
    private readonly lot: LotInfo,
    private readonly money: Money,
    private readonly speech: Speech,
    private readonly csrf: string,
  ) {
    this.told.setAttribute("role", "status");
  }

  draw(store: LotStore): void {
    const acts = ownActs(store, this.lot);
    const key = acts.join();
    if (key === this.drawn) return;
    this.drawn = key;
    this.told.textContent = "";
    this.box.hidden = acts.length === 0;
    const row = el("p", "own-acts__row");
    row.append(...acts.map((act) => this.button(act)));
    this.box.replaceChildren(row, this.told);
  }

  private button(act: string): HTMLElement {
    const button = el("button", act === "accept_offer" ? "act act--plain" : "button", this.speech.t(`own.${act}`));
    button.type = "button";
    button.addEventListener("click", () => this.ask(act));
    return button;
  }

  private values(): Record<string, string> {
    return { deposit: this.money.text(this.lot.deposit_minor) };
  }

  private ask(act: string): void {
    const { t } = this.speech;
    const free = act === "withdraw_bid" && this.lot.withdrawal === "FREE" ? ".free" : "";
    const form = el("form");
    form.method = "dialog";
    const title = el("h2", "", t(`own.${act}.title`));
    title.id = "ask-title";
    const text = el("p", "", t(`own.${act}.text${free}`, this.values()));
    text.id = "ask-text";
    const yes = el("button", "act", t(`own.${act}.yes`));
    yes.value = "yes";
    const no = el("button", "button", t(`own.${act}.no`));
    no.value = "no";
    no.autofocus = true;
    form.append(title, text, el("div", "ask__buttons", yes, no));
    this.dialog.replaceChildren(form);
    this.dialog.returnValue = "no";
    this.dialog.addEventListener("close", () => this.dialog.returnValue === "yes" && void this.send(act), { once: true });
    this.dialog.showModal();
  }

  private async send(act: string): Promise<void> {
    const { t } = this.speech;
    this.told.textContent = t("own.sent");
    let code = "";
    try {
      const answer = await fetch(`/api/lots/${this.lot.id}/acts`, {
        method: "POST",
        headers: { "X-CSRF-Token": this.csrf, "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ act }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      // What it made of the lot comes over the live connection, as to everybody.
      if (answer.ok) {
        this.told.textContent = t("own.done");
        return;
      }
      code = String(((await answer.json()) as { code?: string }).code ?? "");
    } catch {
      code = "UNANSWERED";
    }
    const unknown = code === "UNANSWERED" || code === "UNAVAILABLE" || code === "BUSY" ? "own.unanswered" : "own.refused";
    this.told.textContent = this.speech.coded("rules.refusal", code, unknown);
  }
}
