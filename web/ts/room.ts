// The live room of one lot: puts connection, state and the parts of the page together.
import { ActList } from "./acts.ts";
import { Announcer } from "./announce.ts";
import { askIn } from "./ask.ts";
import { BidForm, type Blocked } from "./bidform.ts";
import { Bids, type Act } from "./bids.ts";
import { Chart } from "./chart.ts";
import { ServerClock } from "./clock.ts";
import { Head } from "./clockview.ts";
import { Connection, ticketsFrom, type Line } from "./connection.ts";
import { find } from "./dom.ts";
import { speech, type Speech } from "./i18n.ts";
import { Ledger } from "./ledger.ts";
import { Money } from "./money.ts";
import type { Boot, LotInfo } from "./page.ts";
import type { Refused, ServerMessage } from "./protocol.ts";
import { Standing } from "./standing.ts";
import { LotStore } from "./store.ts";

export class Room {
  private readonly lot: LotInfo;
  private readonly speech: Speech;
  private readonly money: Money;
  private readonly store: LotStore;
  private readonly clock: ServerClock;
  private readonly connection: Connection;
  private readonly bids: Bids;
  private readonly head: Head;
  private readonly ledger: Ledger;
  private readonly chart: Chart;
  private readonly standing: Standing;
  private readonly announcer: Announcer;
  private readonly form: BidForm | null;
  private readonly acts: ActList;
  private speaksFor: boolean;
  private drawAsked = false;

  constructor(private readonly root: HTMLElement, boot: Boot) {
    this.lot = boot.lots[0]!;
    this.speech = speech(boot);
    this.money = new Money(this.lot, boot.lang);
    this.store = new LotStore(boot.snapshot!);
    this.clock = new ServerClock(boot.now_ms);
    this.speaksFor = boot.bidder;
    const tickets = boot.bidder ? ticketsFrom(boot.csrf) : null;
    this.connection = new Connection(this, this.clock, tickets);
    this.bids = new Bids(this.lot.id, (message) => this.connection.send(message), (act) => this.fate(act));
    this.head = new Head(root, this.lot, this.clock, this.money, this.speech);
    this.ledger = new Ledger(root, find(root, "[data-ledger]")!, this.money, this.speech);
    this.chart = new Chart(find(root, "[data-chart]")!, this.lot, this.money, this.speech);
    this.standing = new Standing(find(root, "[data-standing]")!, this.lot, this.money, this.speech);
    this.announcer = new Announcer(find(document, "[data-announce]"));
    this.form = this.makeForm();
    this.acts = new ActList(find(root, "[data-acts]")!, this.bids, this.money, this.speech, {
      bid: (amount) => this.form?.press(amount),
      minimum: () => this.store.minimum(),
    });
    this.draw();
    this.tick();
    void this.connection.open();
  }

  private makeForm(): BidForm | null {
    const form = find<HTMLFormElement>(this.root, "[data-bid]");
    if (!form) return null;
    const ask = askIn(document, this.money, this.speech);
    return new BidForm(form, this.lot, this.store, this.money, this.speech, ask, (amount) => this.bids.make(amount));
  }

  line(line: Line): void {
    if (line.kind === "up") {
      this.connection.send(this.store.watch());
      this.speaksFor = line.bidder;
      if (line.bidder) this.bids.lineUp();
    } else {
      this.bids.lineDown();
    }
    this.root.classList.toggle("is-stale", line.kind === "down" || line.kind === "stopped");
    this.askDraw();
  }

  message(message: ServerMessage): void {
    if ("lot" in message && message.lot !== this.lot.id) return;
    switch (message.t) {
      case "snapshot":
        this.store.replace(message);
        break;
      case "update":
        if (!this.store.apply(message)) this.connection.send(this.store.watch());
        break;
      case "recorded":
        this.store.noteRecorded(message);
        this.bids.recorded(message);
        break;
      case "refused":
        this.refused(message);
        break;
      case "busy":
        this.bids.busy(message);
        break;
      case "error":
        this.bids.failed(message);
        break;
      default:
        return;
    }
    this.askDraw();
  }

  private refused(message: Refused): void {
    const act = this.bids.refused(message);
    if (!act) return;
    const { seq, at_ms, reason, minimum_minor } = message;
    this.store.noteRefused({ seq, at_ms, reason, minimum_minor, amount_minor: act.amount });
  }

  private fate(_act: Act): void {
    this.askDraw();
  }

  /** Twenty updates a second may come; the screen is drawn once a frame. */
  private askDraw(): void {
    if (this.drawAsked) return;
    this.drawAsked = true;
    // A hidden tab gets no frames, but its own answers must not wait for one.
    if (document.hidden) setTimeout(() => this.draw(), 0);
    else requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.drawAsked = false;
    const { store } = this;
    this.root.dataset["phase"] = store.state.phase;
    this.announce();
    this.head.drawPrice(store);
    this.head.drawTerms(store);
    this.standing.draw(store, this.connection.line, this.speaksFor);
    this.ledger.draw(store);
    this.ledger.drawRefused(store);
    this.chart.draw(store, this.clock.now());
    this.form?.update(this.blocked());
    this.acts.draw();
  }

  private blocked(): Blocked {
    const { state, you } = this.store;
    if (this.connection.line.kind === "connecting") return "connecting";
    if (this.connection.line.kind !== "up" || !this.speaksFor) return "offline";
    if (state.phase !== "open") return "not_open";
    if (this.bids.late()) return "pending";
    return you?.leading ? "leading" : null;
  }

  private spoken: { n: number; end: number | null; phase: string } | null = null;

  private announce(): void {
    const { state } = this.store;
    const before = this.spoken;
    this.spoken = { n: state.n, end: state.end_ms, phase: state.phase };
    if (!before) return;
    const price = this.money.text(state.price_minor ?? this.lot.starting_price_minor);
    const parts: string[] = [];
    if (state.n > before.n && state.phase === "open") parts.push(this.speech.t("announce.price", { price, n: state.n }));
    if (state.end_ms !== null && before.end !== null && state.end_ms > before.end) {
      parts.push(this.speech.t("announce.moved", { time: this.speech.time(state.end_ms) }));
    }
    if (state.phase === "closed" && before.phase !== "closed") parts.push(this.speech.t("announce.closed", { price }));
    if (parts.length) this.announcer.say(parts.join(" "));
  }

  private tick(): void {
    const wait = this.head.tick(this.store);
    this.chart.draw(this.store, this.clock.now());
    setTimeout(() => this.tick(), document.hidden ? 1000 : Math.max(20, wait));
  }
}
