// The money pages: everything works without it; it only makes waiting, choosing and copying easier.
import { amountText } from "../moneysum.ts";

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-drop]")) dropped(form);
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-choose]")) chosen(form);
for (const form of document.querySelectorAll<HTMLFormElement>('form[method="post"]')) once(form);
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) copies(button);
document.querySelector("[data-print]")?.addEventListener("click", () => print());
const deposit = document.querySelector<HTMLElement>("[data-deposit]");
if (deposit) follow(deposit);
document.getElementById("problem")?.scrollIntoView({ block: "nearest" });

/** A file may be dropped anywhere on the form; sending tells how far it is. */
function dropped(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>('input[type="file"]');
  const told = form.querySelector<HTMLElement>("[data-progress]");
  if (!input || !told) return;
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("is-over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("is-over");
    if (event.dataTransfer?.files.length) input.files = event.dataTransfer.files;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (told.hidden) send(form, told);
  });
}

function send(form: HTMLFormElement, told: HTMLElement): void {
  const request = new XMLHttpRequest();
  told.hidden = false;
  told.textContent = told.dataset["sending"] ?? "";
  request.upload.addEventListener("progress", (event) => {
    const part = event.lengthComputable ? event.loaded / event.total : 0;
    const text = part < 1 ? told.dataset["sending"] : told.dataset["booking"];
    told.textContent = `${text ?? ""} ${part < 1 ? `${Math.floor(part * 100)} %` : ""}`.trim();
  });
  request.addEventListener("load", () => {
    // Redirected: the answer is another page. Refused: the page that says what is wrong.
    if (request.responseURL && request.responseURL !== form.action) location.assign(request.responseURL);
    else show(request.responseText);
  });
  request.addEventListener("error", () => form.submit());
  request.open("POST", form.action);
  request.send(new FormData(form));
}

/** The answered page in the place of this one. */
function show(page: string): void {
  document.open();
  document.write(page);
  document.close();
}

/** A second press of the same button waits for the first one's answer. */
function once(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    if (form.dataset["sent"]) event.preventDefault();
    else form.dataset["sent"] = "1";
  });
  addEventListener("pageshow", () => delete form.dataset["sent"]);
}

/** How many are chosen, and how much. */
function chosen(form: HTMLFormElement): void {
  const all = form.querySelector<HTMLInputElement>("[data-all]");
  const told = form.querySelector<HTMLElement>("[data-chosen]");
  const boxes = [...form.querySelectorAll<HTMLInputElement>("input[data-minor]")];
  if (!told) return;
  const tell = (): void => {
    const ticked = boxes.filter((box) => box.checked);
    const sum = ticked.reduce((total, box) => total + BigInt(box.dataset["minor"] ?? "0"), 0n);
    const text = ticked.length ? told.dataset["some"] : told.dataset["none"];
    told.textContent = (text ?? "")
      .replace("{n}", String(ticked.length))
      .replace("{amount}", amountText(sum, Number(told.dataset["digits"]), told.dataset["unit"] ?? ""));
    if (all) all.checked = ticked.length === boxes.length && boxes.length > 0;
  };
  all?.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}

function copies(button: HTMLButtonElement): void {
  button.addEventListener("click", () => {
    const text = document.getElementById(button.dataset["copy"] ?? "")?.textContent ?? "";
    const before = button.textContent;
    void navigator.clipboard.writeText(text.trim()).then(() => {
      button.textContent = button.dataset["copied"] ?? before;
    });
  });
}

/** Ask now and then whether the deposit has arrived; the page is drawn anew when it has moved. */
function follow(panel: HTMLElement): void {
  const before = panel.dataset["state"];
  if (before === "REFUNDED" || before === "FORFEITED") return;
  setInterval(() => {
    if (document.hidden) return;
    void fetch(panel.dataset["deposit"] ?? "")
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((told: { state: string } | null) => {
        if (told && told.state !== before) location.reload();
      })
      .catch(() => undefined);
  }, 4_000);
}
