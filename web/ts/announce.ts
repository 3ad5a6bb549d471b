// Speaks to screen readers: what all may see politely, at most one sentence in a few seconds, always
// the latest; what happened to the reader at once, and in a region of its own, so that neither cuts the
// other off.
import { setText } from "./dom.ts";

const PAUSE_MS = 6000;

export class Announcer {
  private spokenAt = -Infinity;
  private next: string | null = null;

  constructor(private readonly region: HTMLElement | null, private readonly ownRegion: HTMLElement | null) {}

  say(text: string): void {
    const wait = this.spokenAt + PAUSE_MS - performance.now();
    if (wait <= 0) this.speak(text);
    else {
      if (this.next === null) setTimeout(() => this.next !== null && this.speak(this.next), wait);
      this.next = text;
    }
  }

  /** One's own events are not kept waiting. */
  now(text: string): void {
    setText(this.ownRegion, text);
  }

  private speak(text: string): void {
    this.next = null;
    this.spokenAt = performance.now();
    setText(this.region, text);
  }
}
