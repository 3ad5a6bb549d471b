// One WebSocket to /live: hello with a ticket, questions about the time, coming back after a break.
import type { ClientMessage, ServerMessage } from "./protocol.ts";
import { isFinal } from "./protocol.ts";
import type { ServerClock } from "./clock.ts";

export type Line =
  | { kind: "connecting" }
  | { kind: "up"; bidder: boolean }
  | { kind: "down"; retryAt: number }
  | { kind: "stopped"; code: number };

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

  constructor(
    private readonly listener: Listener,
    private readonly clock: ServerClock,
    private readonly ticket: (() => Promise<string | null>) | null,
  ) {
    setInterval(() => this.pulse(), TIME_EVERY_MS);
    addEventListener("online", () => this.hurry());
    // The browser does not close a socket whose network is gone, it only says so here.
    addEventListener("offline", () => this.lost());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
  }

  async open(): Promise<void> {
    clearTimeout(this.retry);
    const attempt = ++this.attempt;
    // Trying again is still being down: until the welcome nothing on the page is known to be current.
    if (this.line.kind !== "down") this.become({ kind: "connecting" });
    this.expectWithin(OPENING_MS);
    let ticket: string | null = null;
    try {
      ticket = this.ticket ? await this.ticket() : null;
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
      this.become({ kind: "up", bidder: message.bidder });
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
    this.clock.jumped();
    this.askTime();
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

  private wake(): void {
    this.clock.jumped();
    if (this.line.kind === "up") this.askTime();
    else this.hurry();
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

/** Tickets come from the session this page was drawn for. Null: signed out since, so only watch. */
export function ticketsFrom(csrf: string): () => Promise<string | null> {
  return async () => {
    const answer = await fetch("/api/live-tickets", {
      method: "POST",
      headers: { "X-CSRF-Token": csrf, Accept: "application/json" },
      signal: AbortSignal.timeout(OPENING_MS),
    });
    if (answer.status === 401 || answer.status === 403) return null;
    if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
    return ((await answer.json()) as { ticket: string }).ticket;
  };
}
