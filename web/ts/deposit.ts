// The sentence about one's own deposit beside the form to bid. The same rules as in the page the server
// drew (`http/presenting_life.py`).
import { setText } from "./dom.ts";
import type { Speech } from "./i18n.ts";
import type { Money } from "./money.ts";
import type { LotStore } from "./store.ts";

/** The name of the sentence about one's own deposit beside the form to bid; null for none. */
export function depositOf({ state, you }: LotStore): string | null {
  const deposit = you?.deposit;
  if (!deposit || you.out || state.phase === "closed") return null;
  if (deposit.state === "HELD") return deposit.amount_minor ? "held" : "exempt";
  return you.admitted ? "missing" : "needed";
}

/** Says it, and says it again when it has changed. */
export function drawDeposit(box: HTMLElement | null, store: LotStore, money: Money, speech: Speech): void {
  if (!box) return;
  const kind = depositOf(store);
  box.hidden = kind === null;
  if (kind === null) return;
  const { amount_minor, needed_minor } = store.you!.deposit!;
  box.className = `deposit deposit--${kind}`;
  setText(box, speech.t(`deposit.${kind}`, { amount: money.text(amount_minor), needed: money.text(needed_minor) }));
}
