// Pages of signing in: passkeys, which need a script, and small helps. All else works without it.

type Json = Record<string, unknown>;
interface Described {
  id: string;
  type: PublicKeyCredentialType;
  transports?: AuthenticatorTransport[];
}

for (const panel of document.querySelectorAll<HTMLElement>("[data-passkey]")) uses(panel);
const making = document.querySelector<HTMLFormElement>("form[data-passkey-make]");
if (making) makes(making);
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

/** Whether this browser knows passkeys, here: they need a secure page. */
function able(): boolean {
  return isSecureContext && "PublicKeyCredential" in window && "credentials" in navigator;
}

/** A button that signs in, answers the second step, or proves anew who one is. */
function uses(panel: HTMLElement): void {
  if (!able()) return;
  panel.hidden = false;
  const purpose = panel.dataset["passkey"] ?? "";
  const button = panel.querySelector("button");
  button?.addEventListener("click", () => {
    void busy(panel, button, async (ask) => {
      const { options } = await ask("/api/login/passkey/options", { purpose });
      const publicKey = requested(options as Json);
      const made = await navigator.credentials.get({ publicKey });
      const credential = answered(made as PublicKeyCredential);
      const next = panel.dataset["next"];
      const done = await ask("/api/login/passkey", { purpose, credential, next });
      location.assign(String(done["next"]));
    });
  });
}

/** The form that makes a passkey of this device or another. */
function makes(form: HTMLFormElement): void {
  if (!able()) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const name = form.querySelector<HTMLInputElement>("input")?.value ?? "";
    void busy(form, button, async (ask) => {
      const { options } = await ask("/api/account/passkeys/options", {});
      const made = await navigator.credentials.create({ publicKey: created(options as Json) });
      const credential = answered(made as PublicKeyCredential);
      const done = await ask("/api/account/passkeys", { name, credential });
      const codes = done["codes"] as string[];
      if (codes.length) showCodes(codes);
      else location.assign(String(done["next"]));
    });
  });
}

class Refused extends Error {
  constructor(readonly status: number, readonly code: string) {
    super(code);
  }
}

type Ask = (path: string, body: Json) => Promise<Json>;

/** One attempt at a time; what went wrong is said in the panel. */
async function busy(
  panel: HTMLElement, button: HTMLButtonElement | null, work: (ask: Ask) => Promise<void>,
): Promise<void> {
  const told = panel.querySelector<HTMLElement>("[data-said]");
  if (!button || button.disabled) return;
  button.disabled = true;
  if (told) told.hidden = true;
  try {
    await work((path, body) => post(path, body, panel.dataset["csrf"] ?? ""));
  } catch (error) {
    if (error instanceof Refused && error.code === "PROVE_FIRST") {
      location.assign(`/login/again?next=${encodeURIComponent(location.pathname)}`);
      return;
    }
    if (told) {
      const gone = error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name);
      const limited = error instanceof Refused && error.status === 429;
      told.textContent = told.dataset[gone ? "cancelled" : limited ? "limited" : "failed"] ?? "";
      told.hidden = false;
    }
  } finally {
    button.disabled = false;
  }
}

async function post(path: string, body: Json, csrf: string): Promise<Json> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
  const told = (await answer.json()) as Json;
  if (!answer.ok) throw new Refused(answer.status, String(told["code"]));
  return told;
}

/** Recovery codes in the place of the page, this once. */
function showCodes(codes: string[]): void {
  const kept = document.querySelector<HTMLTemplateElement>("template[data-codes]");
  const main = document.querySelector("main .page");
  if (!kept || !main) return;
  const part = kept.content.cloneNode(true) as DocumentFragment;
  const list = part.querySelector("ol");
  for (const code of codes) {
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("code"), { textContent: code }));
    list?.append(line);
  }
  const section = part.querySelector<HTMLElement>("section");
  main.replaceChildren(part);
  section?.focus();
}

// --- WebAuthn's JSON form: bytes as base64url --------------------------------------------------

function bytes(text: unknown): ArrayBuffer {
  const plain = atob(String(text).replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0)).buffer;
}

function text(found: ArrayBuffer | null | undefined): string | null {
  if (!found) return null;
  let plain = "";
  for (const one of new Uint8Array(found)) plain += String.fromCharCode(one);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function described(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list ?? []) as Described[]).map((one) => ({ ...one, id: bytes(one.id) }));
}

function requested(options: Json): PublicKeyCredentialRequestOptions {
  return {
    ...options,
    challenge: bytes(options["challenge"]),
    allowCredentials: described(options["allowCredentials"]),
  };
}

function created(options: Json): PublicKeyCredentialCreationOptions {
  const user = options["user"] as { id: string; name: string; displayName: string };
  return {
    ...(options as unknown as PublicKeyCredentialCreationOptions),
    challenge: bytes(options["challenge"]),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: described(options["excludeCredentials"]),
  };
}

function answered(made: PublicKeyCredential): Json {
  const said = made.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response: Json = { clientDataJSON: text(said.clientDataJSON) };
  if ("attestationObject" in said) {
    response["attestationObject"] = text(said.attestationObject);
    response["transports"] = said.getTransports();
  } else {
    const used = made.response as AuthenticatorAssertionResponse;
    response["authenticatorData"] = text(used.authenticatorData);
    response["signature"] = text(used.signature);
    response["userHandle"] = text(used.userHandle);
  }
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response,
    clientExtensionResults: made.getClientExtensionResults(),
    authenticatorAttachment: made.authenticatorAttachment,
  };
}
