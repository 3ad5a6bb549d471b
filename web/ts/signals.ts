// Sound and vibration, for those who ask for them: what happened to one's own bids, and the last minute.
// The choice is kept in this browser. Tones are computed; nothing is loaded.
import { find, setText } from "./dom.ts";
import type { Speech } from "./i18n.ts";

export type Signal = "outbid" | "recorded" | "refused" | "minute" | "closed";
type Way = "sound" | "vibration";

// Hertz, when it begins and how long it lasts, in seconds. Rising is good news, falling is not.
const TONES: Readonly<Record<Signal, readonly (readonly [number, number, number])[]>> = {
  recorded: [[523, 0, 0.1], [784, 0.11, 0.16]],
  outbid: [[784, 0, 0.14], [523, 0.16, 0.14], [392, 0.32, 0.24]],
  refused: [[330, 0, 0.12], [262, 0.14, 0.2]],
  minute: [[659, 0, 0.08], [659, 0.16, 0.08]],
  closed: [[523, 0, 0.5]],
};
const SHAKES: Readonly<Record<Signal, readonly number[]>> = {
  recorded: [60], outbid: [180, 80, 180], refused: [90, 60, 90], minute: [40, 80, 40], closed: [300],
};
const LOUDNESS = 0.18;
const FADE_S = 0.015;

function chosen(way: Way): boolean {
  try {
    return localStorage.getItem(`signal.${way}`) === "on";
  } catch {
    return false;
  }
}

function choose(way: Way, on: boolean): void {
  try {
    localStorage.setItem(`signal.${way}`, on ? "on" : "off");
  } catch {
    // not remembered; the box shows what holds on this page
  }
}

export class Signals {
  private readonly on: Record<Way, boolean> = { sound: chosen("sound"), vibration: chosen("vibration") };
  private audio: AudioContext | null = null;

  constructor(private readonly box: HTMLElement | null, private readonly speech: Speech) {
    if (!box) return;
    for (const way of ["sound", "vibration"] as const) this.bind(way);
    this.note();
    // Browsers let a page be heard only after somebody has touched it.
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => this.waken(), { passive: true });
  }

  private bind(way: Way): void {
    const control = find<HTMLInputElement>(this.box!, `[data-signal=${way}]`);
    if (!control) return;
    if (way === "vibration" && !("vibrate" in navigator)) {
      control.closest("label")?.remove();
      return;
    }
    control.checked = this.on[way];
    control.addEventListener("change", () => {
      this.on[way] = control.checked;
      choose(way, control.checked);
      if (way === "sound") this.waken();
      // The one who asks for it hears at once what it is like.
      if (control.checked) this.give("recorded");
      this.note();
    });
  }

  private waken(): void {
    if (!this.on.sound) return;
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") void this.audio.resume().then(() => this.note());
  }

  /** Sound that waits for a first touch says so: silence must not be taken for "nothing happened". */
  private note(): void {
    const waits = this.on.sound && this.audio?.state !== "running";
    const note = find(this.box!, "[data-signals-note]");
    setText(note, waits ? this.speech.t("signals.waits") : "");
    this.box!.classList.toggle("is-waiting", waits);
  }

  give(signal: Signal): void {
    if (this.on.vibration && !document.hidden) navigator.vibrate?.([...SHAKES[signal]]);
    if (!this.on.sound || !this.audio) return;
    if (this.box) this.box.dataset["given"] = signal;
    const { audio } = this;
    for (const [hertz, begins, lasts] of TONES[signal]) {
      const tone = new OscillatorNode(audio, { type: "triangle", frequency: hertz });
      const gain = new GainNode(audio, { gain: 0 });
      const from = audio.currentTime + begins;
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(LOUDNESS, from + FADE_S);
      gain.gain.linearRampToValueAtTime(0, from + lasts);
      tone.connect(gain).connect(audio.destination);
      tone.start(from);
      tone.stop(from + lasts + FADE_S);
    }
  }
}
