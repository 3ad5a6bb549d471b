// The live room of one lot: puts connection, state and the parts of the page together.
import { AcceptForm } from "./accept.ts";
import { ActList } from "./acts.ts";
import { Announcer } from "./announce.ts";
import { askIn } from "./ask.ts";
import { BidForm, type Blocked } from "./bidform.ts";
import { Bids, type Act } from "./bids.ts";
import { Chart } from "./chart.ts";
import { ServerClock } from "./clock.ts";
import { Head } from "./clockview.ts";
import { Connection, ticketsFrom, type Line } from "./connection.ts";
import { Course, courseOf } from "./course.ts";
import { drawDeposit } from "./deposit.ts";
import { field, find } from "./dom.ts";
import { fallAt, type Fall } from "./falling.ts";
import { FallChart } from "./fallview.ts";
import { speech, type Speech } from "./i18n.ts";
import { Ledger, turnText } from "./ledger.ts";
import { Money } from "./money.ts";
import { drawNotices } from "./notices.ts";
import { OwnActs } from "./ownacts.ts";
import type { Boot, LotInfo } from "./page.ts";
import { renewSubscription, tellOutbid } from "./push.ts";
import type { Refused, ServerMessage } from "./protocol.ts";
import { Signals } from "./signals.ts";
import { Standing } from "./standing.ts";
import { LotStore } from "./store.ts";

const MINUTE_MS = 60_000;

interface Spoken {
  n: number;
  extensions: number;
  phase: string;
  turn: number;
  price: number;
}

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
  private readonly fallChart: FallChart;
  private readonly course: Course;
  private readonly standing: Standing;
  private readonly announcer: Announcer;
  private readonly signals: Signals;
  private readonly form: BidForm | null;
  private readonly accept: AcceptForm | null;
  private readonly acts: ActList;
  private readonly ownActs: OwnActs;
  private speaksFor: boolean;
  private drawAsked = false;
  private step: number | null = null;
  private warned: number | null = null;

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
    this.fallChart = new FallChart(find(root, "[data-fall]")!, this.money, this.speech);
    this.course = new Course(find(root, "[data-course]")!, this.lot, this.money, this.speech);
    this.standing = new Standing(find(root, "[data-standing]")!, this.lot, this.money, this.speech);
    this.announcer = new Announcer(find(document, "[data-announce]"), find(document, "[data-announce-own]"));
    this.signals = new Signals(find(root, "[data-signals]"), this.speech);
    this.form = this.makeForm();
    this.accept = this.makeAcceptForm();
    this.acts = new ActList(find(root, "[data-acts]")!, this.bids, this.lot, this.store, this.money, this.speech, {
      bid: (amount, how) => this.form?.press(amount, how),
    });
    const own = find(root, "[data-own-acts]")!;
    const ask = find<HTMLDialogElement>(document, "[data-ask]")!;
    this.ownActs = new OwnActs(own, ask, this.lot, this.money, this.speech, boot.csrf);
    this.pin();
    this.draw();
    this.tick();
    // A hidden tab is woken seldom: whoever comes back must not find an old price for a second.
    document.addEventListener("visibilitychange", () => !document.hidden && this.draw());
    void this.connection.open();
    if (boot.bidder) void renewSubscription(boot.csrf, boot.lang);
  }

  private makeForm(): BidForm | null {
    const form = find<HTMLFormElement>(this.root, "[data-bid]");
    if (!form) return null;
    const ask = askIn(document, this.money, this.speech);
    return new BidForm(form, this.lot, this.store, this.money, this.speech, ask, (amount, how) => this.bids.make(amount, how));
  }

  private makeAcceptForm(): AcceptForm | null {
    const form = find<HTMLFormElement>(this.root, "[data-accept]");
    return form && new AcceptForm(form, this.lot, this.store, this.money, this.speech, (amount, how) => this.bids.make(amount, how));
  }

  /** Price and clock stay in sight in one line once they are scrolled away. */
  private pin(): void {
    const head = find(this.root, "[data-live]");
    if (!head) return;
    new IntersectionObserver(([entry]) => {
      this.root.classList.toggle("is-past", !entry!.isIntersecting && entry!.boundingClientRect.top < 0);
    }).observe(field(head, "price") ?? head);
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
        if (!this.store.apply(message) || this.store.incomplete) {
          this.connection.send(this.store.watch());
          this.store.incomplete = false;
        }
        break;
      case "announcements":
        drawNotices(find(this.root, "[data-notices]"), message, this.speech);
        return;
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

  private fate({ fate: { kind } }: Act): void {
    if (kind === "recorded" || kind === "refused") this.signals.give(kind);
    this.askDraw();
  }

  /** Where the viewer stands has changed: said at once, and given a sound where it was lost or decided. */
  private stand(): void {
    const before = this.standing.kind;
    this.standing.draw(this.store, this.connection.line, this.speaksFor);
    const { kind } = this.standing;
    if (before === null || before === kind) return;
    this.announcer.now(this.standing.words());
    if (kind === "outbid" && before.startsWith("leading")) {
      this.signals.give("outbid");
      tellOutbid(this.lot, this.standing.words());
    } else if (this.store.state.phase === "closed" && this.spoken?.phase !== "closed") this.signals.give("closed");
  }

  /** The last minute begins; once for each end, as it may move. */
  private lastMinute(now: number): void {
    const { phase, end_ms } = this.store.state;
    if (phase !== "open" || end_ms === null || end_ms === this.warned) return;
    if (end_ms - now > MINUTE_MS) return;
    const late = MINUTE_MS - (end_ms - now);
    this.warned = end_ms;
    if (late < 2_000) this.signals.give("minute");
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
    const now = this.clock.now();
    const fall = fallAt(store.state, now);
    this.step = fall?.step ?? null;
    this.root.dataset["phase"] = store.state.phase;
    this.root.dataset["method"] = store.life?.method ?? "ASCENDING";
    this.head.drawPrice(store);
    this.head.drawTerms(store);
    this.course.draw(store);
    this.stand();
    drawDeposit(find(this.root, "[data-deposit]"), store, this.money, this.speech);
    this.ledger.draw(store);
    this.ledger.drawRefused(store);
    this.drawCharts(now);
    const blocked = this.blocked();
    this.form?.update(blocked);
    this.accept?.update(blocked, fall);
    this.acts.draw();
    this.ownActs.draw(store);
    this.announce(fall);
    const next = find(this.root, "[data-next]");
    if (next) next.hidden = store.state.phase !== "closed";
  }

  private drawCharts(now: number): void {
    this.chart.draw(this.store, now);
    this.fallChart.draw(this.store, now);
  }

  private blocked(): Blocked {
    const { state, you } = this.store;
    if (this.connection.line.kind === "connecting") return "connecting";
    if (this.standing.kind === "signed_out" || this.standing.kind === "signed_anew") return "signed_out";
    if (this.connection.line.kind !== "up" || !this.speaksFor) return "offline";
    if (you?.out) return "out";
    if (state.phase === "paused") return "paused";
    if (state.phase !== "open") return state.phase === "closed" ? "closed" : "not_open";
    if (this.store.lacksDeposit()) return "no_deposit";
    if (this.bids.late()) return "pending";
    if (!this.store.inRound()) return "not_in_round";
    if (this.store.falls) return you?.best_minor ? "accepted" : null;
    return you?.leading ? "leading" : null;
  }

  private spoken: Spoken | null = null;

  private announce(fall: Fall | null): void {
    const { state, turns } = this.store;
    const { t } = this.speech;
    const before = this.spoken;
    const shown = state.price_minor ?? fall?.price ?? this.lot.starting_price_minor;
    const { n, phase, extensions } = state;
    this.spoken = { n, phase, extensions, turn: turns[0]?.seq ?? 0, price: shown };
    if (!before) return;
    const price = this.money.text(shown);
    const parts: string[] = [];
    for (const turn of turns.filter((known) => known.seq > before.turn).reverse()) {
      parts.push(turnText(turn, this.money, this.speech));
    }
    if (n > before.n && fall) parts.push(t("announce.accepted", { price, code: state.leader ?? "–" }));
    else if (n > before.n && phase === "open") parts.push(t("announce.price", { price, n }));
    else if (fall?.running && before.price !== shown) parts.push(t("announce.falls", { price }));
    if (extensions > before.extensions && state.end_ms !== null) {
      parts.push(t("announce.moved", { time: this.speech.time(state.end_ms) }));
    }
    if (phase === "closed" && before.phase !== "closed" && courseOf(this.store) === null) {
      parts.push(t(n ? "announce.closed" : "announce.closed_empty", { price }));
    }
    if (parts.length) this.announcer.say(parts.join(" "));
  }

  private tick(): void {
    const now = this.clock.now();
    const fall = fallAt(this.store.state, now);
    // The next price is there for the eye and for the button in the same moment.
    if (fall && fall.step !== this.step) this.draw();
    this.lastMinute(now);
    const wait = this.head.tick(this.store);
    this.drawCharts(now);
    setTimeout(() => this.tick(), document.hidden ? 1000 : Math.max(20, wait));
  }
}
