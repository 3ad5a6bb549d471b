// One WebSocket to /live: hello with a ticket, questions about the time, coming back after a break.
import type { ClientMessage, ServerMessage } from "./protocol.ts";
import { isFinal } from "./protocol.ts";
import type { ServerClock } from "./clock.ts";

export type Line =
  | { kind: "connecting" }
  | { kind: "up"; bidder: boolean; refused: Refused | null }
  | { kind: "down"; retryAt: number }
  | { kind: "stopped"; code: number };

/** Why a page drawn for a bidder got no ticket: signed out, or signed in anew in another tab since. */
export type Refused = "signed_out" | "signed_anew";

export interface Ticket {
  ticket: string | null;
  refused: Refused | null;
}

export interface Listener {
  line(line: Line): void;
  message(message: ServerMessage): void;
}

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000;
const TIME_EVERY_MS = 15_000;
// A question about the time is answered at once; a line that leaves one open this long is down.
const SILENCE_MS = 6_000;
// Getting a ticket, and from there to the welcome.
const OPENING_MS = 8_000;
const TIME_BURST = [0, 150, 300, 600, 1200];
// Timers of a page in sight come on time: a gap like this means that the machine slept.
const HEARTBEAT_MS = 2_000;
const ASLEEP_MS = 10_000;
// Out of sight they come once a minute. A line that has said nothing for longer is not believed.
const STALE_MS = 90_000;
const SIGNED_OUT = 3504;

export class Connection {
  line: Line = { kind: "connecting" };
  private socket: WebSocket | null = null;
  private failures = 0;
  private ticketRenewed = false;
  private byeRetry: number | null = null;
  private asked = new Map<number, number>();
  private askCount = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private refused: Refused | null = null;
  private heardAt = Date.now();
  private beatAt = Date.now();

  constructor(
    private readonly listener: Listener,
    private readonly clock: ServerClock,
    private readonly ticket: (() => Promise<Ticket>) | null,
  ) {
    setInterval(() => this.pulse(), TIME_EVERY_MS);
    setInterval(() => this.beat(), HEARTBEAT_MS);
    addEventListener("online", () => this.hurry());
    // The browser does not close a socket whose network is gone, it only says so here.
    addEventListener("offline", () => this.lost());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
    // A page may be frozen whole, by the browser or by going back to it.
    document.addEventListener("resume", () => this.wake());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
  }

  async open(): Promise<void> {
    clearTimeout(this.retry);
    const attempt = ++this.attempt;
    // Trying again is still being down: until the welcome nothing on the page is known to be current.
    if (this.line.kind !== "down") this.become({ kind: "connecting" });
    this.expectWithin(OPENING_MS);
    let ticket: string | null = null;
    try {
      const got = this.ticket ? await this.ticket() : null;
      ticket = got?.ticket ?? null;
      this.refused = got?.refused ?? null;
    } catch {
      if (attempt === this.attempt) this.comeBack();
      return;
    }
    if (attempt !== this.attempt) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`, "auction.v1");
    this.socket = socket;
    this.byeRetry = null;
    this.asked.clear();
    socket.onopen = () => this.send(ticket ? { t: "hello", ticket } : { t: "hello" });
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(event.data as string);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.closed(event.code);
    };
  }

  /** False when the line is not up; the caller then keeps the message. */
  send(message: ClientMessage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    // Whoever has just bid should learn within seconds that the line is dead.
    if (message.t === "bid") this.askTime();
    return true;
  }

  private receive(data: string): void {
    const message = JSON.parse(data) as ServerMessage;
    this.heardAt = Date.now();
    if (message.t === "time") {
      clearTimeout(this.watchdog);
      const at = this.asked.get(message.at);
      this.asked.delete(message.at);
      if (at !== undefined) this.clock.learn(at, message.now_ms);
    } else if (message.t === "welcome") {
      clearTimeout(this.watchdog);
      this.failures = 0;
      this.ticketRenewed = false;
      for (const wait of TIME_BURST) setTimeout(() => this.askTime(), wait);
      this.become({ kind: "up", bidder: message.bidder, refused: this.refused });
    } else if (message.t === "bye") {
      this.byeRetry = message.retry_ms;
    }
    this.listener.message(message);
  }

  private askTime(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.askCount += 1;
    this.asked.set(this.askCount, performance.now());
    if (this.asked.size > 20) this.asked.clear();
    this.expectWithin(SILENCE_MS);
    this.send({ t: "time", at: this.askCount });
  }

  private pulse(): void {
    if (this.line.kind !== "up") return;
    if (this.clock.jumped()) this.begin();
    else this.askTime();
  }

  /** A line that answers nothing is down, whatever the network says. */
  private expectWithin(ms: number): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lost(), ms);
  }

  private lost(): void {
    if (this.line.kind === "stopped") return;
    // Left behind, not only closed: the closing handshake would wait for the dead line.
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.comeBack();
  }

  /** Leave the line behind and open another, at once. */
  private begin(): void {
    this.lost();
    this.hurry();
  }

  private beat(): void {
    const now = Date.now();
    const gap = now - this.beatAt;
    this.beatAt = now;
    if (!document.hidden && gap > ASLEEP_MS) this.wake();
  }

  /** Whoever comes back must not be shown what stood there hours ago as if it stood there now. */
  private wake(): void {
    const jumped = this.clock.jumped();
    if (this.line.kind !== "up") this.hurry();
    else if (jumped || Date.now() - this.heardAt > STALE_MS) this.begin();
    else this.askTime();
  }

  private hurry(): void {
    if (this.line.kind !== "down" || this.socket) return;
    this.failures = 0;
    void this.open();
  }

  private closed(code: number): void {
    this.socket = null;
    clearTimeout(this.watchdog);
    if (code === 3501 && !this.ticketRenewed) {
      this.ticketRenewed = true;
      void this.open();
    } else if (code === SIGNED_OUT && this.ticket) {
      // No more for whom it was opened, but still as anybody who looks on.
      void this.open();
    } else if (isFinal(code)) {
      this.become({ kind: "stopped", code });
    } else {
      this.comeBack();
    }
  }

  private comeBack(): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.retry);
    this.attempt += 1;
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures += 1;
    // Full jitter: everyone loses the line at the same moment and must not return at the same moment.
    const wait = (this.byeRetry ?? 0) + most * (0.3 + 0.7 * Math.random());
    this.byeRetry = null;
    this.become({ kind: "down", retryAt: performance.now() + wait });
    this.retry = setTimeout(() => void this.open(), wait);
  }

  private become(line: Line): void {
    this.line = line;
    this.listener.line(line);
  }
}

/** Tickets come from the session this page was drawn for. None when that has ended: then only watch. */
export function ticketsFrom(csrf: string): () => Promise<Ticket> {
  return async () => {
    const answer = await fetch("/api/live-tickets", {
      method: "POST",
      headers: { "X-CSRF-Token": csrf, Accept: "application/json" },
      signal: AbortSignal.timeout(OPENING_MS),
    });
    if (answer.status === 401) return { ticket: null, refused: "signed_out" };
    if (answer.status === 403) return { ticket: null, refused: "signed_anew" };
    if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
    return { ticket: ((await answer.json()) as { ticket: string }).ticket, refused: null };
  };
}
