// The service worker: shows what the server pushes, and opens the room when it is pressed. It keeps no page
// and answers no request: what a bidder sees always comes from the server.
// What of a worker's surroundings is used here; the compiler knows those of pages only.
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Pushed extends Lasting {
  data: { json(): unknown } | null;
}
interface Pressed extends Lasting {
  notification: Notification;
}
interface Window {
  url: string;
  visibilityState: string;
  focus(): Promise<unknown>;
}
interface Worker {
  registration: ServiceWorkerRegistration;
  clients: {
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<Window[]>;
    openWindow(url: string): Promise<unknown>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(name: "push", listener: (event: Pushed) => void): void;
  addEventListener(name: "notificationclick", listener: (event: Pressed) => void): void;
}
const worker = self as unknown as Worker;

interface Told {
  title: string;
  body: string;
  url: string;
  tag: string;
  sent_ms: number;
}

// What has waited longer than this for the machine to wake says nothing true any more.
const STALE_MS = 15 * 60_000;

function told(data: Pushed["data"]): Told | null {
  try {
    const value = data?.json() as Told;
    return typeof value.title === "string" && typeof value.url === "string" && value.url.startsWith("/") ? value : null;
  } catch {
    return null;
  }
}

async function windowsAt(url: string): Promise<Window[]> {
  const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter((client) => new URL(client.url).pathname === url);
}

async function show(message: Told): Promise<void> {
  // Whoever has the room before their eyes sees it there.
  if (message.tag !== "trial" && (await windowsAt(message.url)).some((client) => client.visibilityState === "visible")) return;
  const late = Date.now() - message.sent_ms > STALE_MS;
  await worker.registration.showNotification(message.title, {
    body: message.body, tag: message.tag, data: { url: message.url }, requireInteraction: !late, silent: late,
  });
}

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (event) => {
  const message = told(event.data);
  if (message) event.waitUntil(show(message));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = String((event.notification.data as { url?: string } | null)?.url ?? "/");
  event.waitUntil((async () => {
    const [open] = await windowsAt(url);
    if (open) await open.focus();
    else await worker.clients.openWindow(url);
  })());
});

export {};
