// The catalogue: everything works without it. With it a list follows what is typed and ticked.
const PAUSE_MS = 250;
let timer = 0;
let asked = 0;

document.querySelector("[data-print]")?.addEventListener("click", () => print());
begin();

/** Follow the form; what it is swapped for has one of its own. */
function begin(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-filters]");
  if (!form) return;
  form.addEventListener("input", (event) => {
    const target = event.target as HTMLInputElement;
    if (target.id === "show-filters") return;
    clearTimeout(timer);
    // A date or an amount half typed is no wish yet.
    const typed = target.type === "search" || target.type === "checkbox";
    if (typed) timer = window.setTimeout(() => void follow(form), target.type === "search" ? PAUSE_MS : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    void follow(form);
  });
}

function addressOf(form: HTMLFormElement): string {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value.trim()) wanted.append(name, value);
  }
  const query = wanted.toString();
  return form.getAttribute("action") + (query ? `?${query}` : "");
}

async function follow(form: HTMLFormElement): Promise<void> {
  const address = addressOf(form);
  const mine = ++asked;
  let text: string;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    text = await answer.text();
  } catch {
    location.assign(address);
    return;
  }
  if (mine !== asked) return;
  const page = new DOMParser().parseFromString(text, "text/html");
  const now = document.querySelector("[data-swap]");
  const next = page.querySelector("[data-swap]");
  if (!now || !next) return;
  history.replaceState(null, "", address);
  document.title = page.title;
  swap(now, next);
  const language = document.querySelector<HTMLAnchorElement>("a[data-language]");
  const other = page.querySelector<HTMLAnchorElement>("a[data-language]");
  if (language && other) language.href = other.href;
}

/** Put the new list in the place of the old one, with the writer's hand where it was. */
function swap(now: Element, next: Element): void {
  const active = document.activeElement as HTMLInputElement | null;
  const key = active && now.contains(active) ? [active.name, active.type === "checkbox" ? active.value : ""] : null;
  const box = now.querySelector<HTMLInputElement>("input[type=search]");
  const typed = box?.value ?? "";
  const places = [box?.selectionStart ?? null, box?.selectionEnd ?? null] as const;
  const open = now.querySelector<HTMLInputElement>("#show-filters")?.checked ?? false;
  const unfolded = [...now.querySelectorAll("details")].map((one) => one.open);
  now.replaceWith(document.adoptNode(next));
  const newBox = next.querySelector<HTMLInputElement>("input[type=search]");
  if (newBox) newBox.value = typed;
  const shown = next.querySelector<HTMLInputElement>("#show-filters");
  if (shown) shown.checked = open;
  next.querySelectorAll("details").forEach((one, n) => { one.open = unfolded[n] ?? one.open; });
  if (key) {
    for (const field of next.querySelectorAll<HTMLInputElement>("input")) {
      if (field.name !== key[0] || (field.type === "checkbox" && field.value !== key[1])) continue;
      field.focus({ preventScroll: true });
      if (field.type === "search") field.setSelectionRange(places[0], places[1]);
      break;
    }
  }
  begin();
}
