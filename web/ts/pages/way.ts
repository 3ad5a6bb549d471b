// The way in: a dossier that saves itself, files with their progress, steps that follow, costs at once.
// Everything here works without this script too.
export {};

const form = document.querySelector<HTMLFormElement>("[data-dossier]");
if (form) keeps(form);
const upload = document.querySelector<HTMLFormElement>("[data-upload]");
if (upload) tells(upload);
const steps = document.querySelector<HTMLElement>("[data-way]");
if (steps) follows(steps);
const cost = document.querySelector<HTMLFormElement>("[data-cost]");
if (cost) reckons(cost);
for (const box of document.querySelectorAll<HTMLInputElement>("[data-another]")) another(box);
document.getElementById("problem")?.focus();

/** What belongs to acting for somebody is shown only then. */
function another(box: HTMLInputElement): void {
  const parts = document.querySelectorAll<HTMLElement>("[data-principal], [data-proxy]");
  const show = (): void => parts.forEach((part) => (part.hidden = !box.checked));
  box.addEventListener("change", show);
  show();
}

/** A while after the last change the dossier is kept; what fails is said, and tried with the next. */
function keeps(dossier: HTMLFormElement): void {
  const told = dossier.querySelector<HTMLElement>("[data-autosave]");
  const version = dossier.elements.namedItem("version") as HTMLInputElement;
  let timer = 0;
  let saving: Promise<void> = Promise.resolve();
  const save = async (): Promise<void> => {
    const fields = new FormData(dossier);
    const text = (name: string): string => String(fields.get(name) ?? "");
    const declared = [...fields.keys()].filter((key) => key.startsWith("declare.")).map((key) => key.slice(8));
    const names = ["name", "id_number", "phone", "principal", "principal_id", "relation"];
    const person: Record<string, string | boolean> = { for_another: fields.get("for_another") === "yes" };
    for (const name of names) person[name] = text(name);
    const answer = await fetch(dossier.dataset["dossier"] ?? "", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": text("csrf") },
      body: JSON.stringify({ version: Number(version.value), declared, person }),
    }).catch(() => null);
    if (answer?.ok) version.value = String(((await answer.json()) as { version: number }).version);
    if (told) told.textContent = (answer?.ok ? dossier.dataset["saved"] : dossier.dataset["failed"]) ?? "";
  };
  dossier.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => (saving = saving.then(save)), 900);
  });
  dossier.addEventListener("submit", (event) => {
    clearTimeout(timer);
    const button = event.submitter as HTMLButtonElement | null;
    if (dossier.dataset["sent"]) return event.preventDefault();
    dossier.dataset["sent"] = "1";
    // What is being kept right now raises the version: the form goes out with the one that counts.
    event.preventDefault();
    void saving.then(() => {
      const what = document.createElement("input");
      what.type = "hidden";
      what.name = "do";
      what.value = button?.value ?? "save";
      dossier.append(what);
      dossier.submit();
    });
  });
  addEventListener("pageshow", () => delete dossier.dataset["sent"]);
}

/** How far a file is on its way, and that it is being checked. */
function tells(sending: HTMLFormElement): void {
  const told = sending.querySelector<HTMLElement>("[data-told]");
  const bar = sending.querySelector("progress");
  if (!told || !bar) return;
  sending.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!told.hidden) return;
    told.hidden = bar.hidden = false;
    told.textContent = told.dataset["sending"] ?? "";
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (step) => {
      bar.value = step.lengthComputable ? (100 * step.loaded) / step.total : 0;
      if (bar.value >= 100) told.textContent = told.dataset["checking"] ?? "";
    });
    request.addEventListener("load", () => {
      if (request.status < 400 && request.responseURL !== sending.action) {
        location.assign(request.responseURL);
      } else {
        document.open();
        document.write(request.responseText);
        document.close();
      }
    });
    // A server that says no before all was sent ends the connection; the plain way shows its page.
    request.addEventListener("error", () => sending.submit());
    request.open("POST", sending.action);
    request.send(new FormData(sending));
  });
}

/** Asks where one stands; when that has changed the page is drawn anew, unless something is typed. */
function follows(list: HTMLElement): void {
  setInterval(() => {
    if (document.hidden) return;
    void fetch(list.dataset["way"] ?? "")
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((told: { steps: { code: string; place: string; text: string }[] } | null) => {
        if (!told) return;
        const now = told.steps.map((step) => `${step.code}:${step.place}:${step.text};`).join("");
        if (now !== list.dataset["stands"]) location.replace(location.pathname);
      })
      .catch(() => undefined);
  }, 4_000);
}

/** The same page with what is typed now, its result put in the place of the one shown. */
function reckons(asked: HTMLFormElement): void {
  let timer = 0;
  let turn = 0;
  asked.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const mine = ++turn;
      const query = new URLSearchParams([...new FormData(asked)].map(([key, value]) => [key, String(value)]));
      const address = `${asked.action}?${query.toString()}`;
      void fetch(address)
        .then((answer) => answer.text())
        .then((page) => {
          const drawn = new DOMParser().parseFromString(page, "text/html").querySelector("[data-cost-result]");
          const shown = document.querySelector("[data-cost-result]");
          if (mine === turn && drawn && shown) {
            shown.replaceWith(drawn);
            history.replaceState(null, "", address);
          }
        })
        .catch(() => undefined);
    }, 350);
  });
}
