// Notifications of this browser: asking for them, keeping the server's address of it fresh, taking it back.
// The choice is kept in the browser; what the server knows ends with the session that told it.
import type { LotInfo } from "./page.ts";

const WORKER = "/worker.js";
const CHOICE = "alerts";

export function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

export function wanted(): boolean {
  try {
    return localStorage.getItem(CHOICE) === "on";
  } catch {
    return false;
  }
}

export function remember(on: boolean): void {
  try {
    localStorage.setItem(CHOICE, on ? "on" : "off");
  } catch {
    // asked again next time
  }
}

async function post(path: string, csrf: string, body: object): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "X-CSRF-Token": csrf, "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Subscribes this browser and tells the server where to. Throws what the browser or the network throws. */
export async function subscribe(csrf: string, lang: string): Promise<boolean> {
  const key = ((await (await fetch("/api/alerts", { headers: { Accept: "application/json" } })).json()) as { key: string }).key;
  const registration = await navigator.serviceWorker.register(WORKER);
  const known = await registration.pushManager.getSubscription();
  const subscription = known ?? await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
  const { endpoint, keys } = subscription.toJSON();
  const answer = await post("/api/alerts", csrf, { endpoint, p256dh: keys?.["p256dh"], auth: keys?.["auth"], lang });
  return answer.ok;
}

export async function unsubscribe(csrf: string): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration(WORKER);
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return;
  await post("/api/alerts/remove", csrf, { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
}

/** Whoever wanted notifications once gets them again after each signing in, without being asked. */
export async function renewSubscription(csrf: string, lang: string): Promise<void> {
  if (!canPush() || !wanted() || Notification.permission !== "granted") return;
  try {
    await subscribe(csrf, lang);
  } catch {
    // No push service to be reached; the page about notifications says so.
  }
}

export async function tryOut(csrf: string): Promise<number> {
  const answer = await post("/api/alerts/try", csrf, {});
  return answer.ok ? ((await answer.json()) as { sent: number }).sent : 0;
}

/** A page out of sight tells of it too: some browsers allow notifications but have no push service. */
export function tellOutbid(lot: LotInfo, text: string): void {
  if (!document.hidden || !wanted() || !("Notification" in window) || Notification.permission !== "granted") return;
  void navigator.serviceWorker?.getRegistration(WORKER).then((registration) =>
    registration?.showNotification(lot.title, { body: text, tag: `lot-${lot.id}`, data: { url: `/lots/${lot.id}` } }));
}
