// The page about notifications: turning them on and off in this browser, and trying them.
import { canPush, remember, subscribe, tryOut, unsubscribe, wanted } from "../push.ts";

type State = "on" | "off" | "denied" | "cannot" | "failed";

const box = document.querySelector<HTMLElement>("[data-alerts]");

function show(state: State, box: HTMLElement): void {
  const line = box.querySelector("[data-alerts-state]")!;
  line.textContent = box.dataset[state] ?? "";
  const shown: Record<string, boolean> = {
    "[data-alerts-on]": state === "off" || state === "failed",
    "[data-alerts-try]": state === "on",
    "[data-alerts-off]": state === "on",
  };
  for (const [which, is] of Object.entries(shown)) box.querySelector<HTMLElement>(which)!.hidden = !is;
}

async function known(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration("/worker.js");
  return (await registration?.pushManager.getSubscription()) != null;
}

async function begin(box: HTMLElement): Promise<void> {
  const csrf = box.dataset["csrf"] ?? "";
  const lang = box.dataset["lang"] ?? "vi";
  const turnOn = async () => {
    if (await Notification.requestPermission() !== "granted") return show("denied", box);
    try {
      const kept = await subscribe(csrf, lang);
      remember(kept);
      show(kept ? "on" : "failed", box);
    } catch {
      show("failed", box);
    }
  };
  box.querySelector("[data-alerts-on]")!.addEventListener("click", () => void turnOn());
  box.querySelector("[data-alerts-off]")!.addEventListener("click", () => {
    remember(false);
    void unsubscribe(csrf).then(() => show("off", box));
  });
  box.querySelector("[data-alerts-try]")!.addEventListener("click", () => {
    void tryOut(csrf).then((sent) => {
      box.querySelector("[data-alerts-state]")!.textContent = box.dataset[sent ? "tried" : "notTried"] ?? "";
    });
  });
  if (!canPush()) return show("cannot", box);
  if (Notification.permission === "denied") return show("denied", box);
  const on = wanted() && Notification.permission === "granted" && await known();
  if (on) await subscribe(csrf, lang).catch(() => false);
  show(on ? "on" : "off", box);
}

if (box) void begin(box);
