// The first script of every page: the theme switch, staying in place when the language changes, and where
// the page is live its script, once what the server drew has been painted. A chosen theme is kept in a cookie, so
// that the server draws the next page with it: nothing flashes, and no page waits for this script.
const root = document.documentElement;

type Theme = "auto" | "light" | "dark" | "contrast";
const ORDER: readonly Theme[] = ["auto", "light", "dark", "contrast"];
const PATIENCE_MS = 1000;
const own = document.currentScript;
const YEAR_S = 365 * 24 * 3600;

function remembered(): Theme {
  const kept = /(?:^|; )theme=([a-z]+)/.exec(document.cookie)?.[1];
  return ORDER.find((theme) => theme === kept) ?? "auto";
}

/** High contrast goes with the system's light or dark. */
function apply(theme: Theme): void {
  delete root.dataset.theme;
  delete root.dataset.contrast;
  if (theme === "contrast") root.dataset.contrast = "more";
  else if (theme !== "auto") root.dataset.theme = theme;
}

function remember(theme: Theme): void {
  const age = theme === "auto" ? 0 : YEAR_S;
  const safe = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${safe}`;
}

const PLACE = "place";

/** On a phone the links of the page's head slide: the one of this page is in sight. */
function showPlace(): void {
  const here = document.querySelector<HTMLElement>(".top__nav [aria-current]");
  if (here?.parentElement) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 32;
}

/** Another language shows the same page at the same place. */
function keepPlace(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-language]")) {
    link.addEventListener("click", () => {
      const share = scrollY / Math.max(1, root.scrollHeight - innerHeight);
      link.hash = location.hash;
      try {
        sessionStorage.setItem(PLACE, `${location.pathname} ${share}`);
      } catch {
        // the page begins at its top then
      }
    });
  }
  try {
    const [path, share] = (sessionStorage.getItem(PLACE) ?? "").split(" ");
    sessionStorage.removeItem(PLACE);
    if (path === location.pathname && !location.hash) scrollTo(0, Number(share) * (root.scrollHeight - innerHeight));
  } catch {
    // no storage, no place
  }
}

function bindSwitch(): void {
  const control = document.querySelector<HTMLElement>("[data-theme-switch]");
  if (!control) return;
  let current = remembered();
  apply(current); // a page that was kept may have been drawn with another
  const name = () => {
    control.textContent = control.dataset[current] ?? "";
  };
  name();
  control.addEventListener("click", () => {
    current = ORDER[(ORDER.indexOf(current) + 1) % ORDER.length] ?? "auto";
    apply(current);
    remember(current);
    name();
  });
}

/** Once what the server drew is on the screen, as the browser tells it; older ones are asked for a frame. */
function afterSight(then: () => void): void {
  const name = "first-contentful-paint";
  if (globalThis.PerformanceObserver?.supportedEntryTypes?.includes("paint")) {
    new PerformanceObserver((seen, observer) => {
      if (seen.getEntriesByName(name).length === 0) return;
      observer.disconnect();
      then();
    }).observe({ type: "paint", buffered: true });
  } else requestAnimationFrame(() => setTimeout(then));
}

/** The page stands as the server drew it: its script must not come between a reader and the first sight. */
function startApp(): void {
  const src = own?.dataset["app"];
  if (!src) return;
  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    const script = document.createElement("script");
    script.src = src;
    document.head.append(script);
  };
  // A page out of sight is not painted, and must be live all the same.
  if (document.hidden) start();
  else afterSight(start);
  setTimeout(start, PATIENCE_MS);
}

bindSwitch();
keepPlace();
showPlace();
startApp();

export {};
