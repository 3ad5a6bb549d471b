// Account pages work without this: it leads the eye to what is wrong, and names the number asked
// for by who registers.
const faults = document.getElementById("faults");
if (faults) faults.focus();

const form = document.querySelector<HTMLFormElement>("[data-kinds]");
const number = document.getElementById("identity");
if (form && number instanceof HTMLInputElement) {
  const follow = (): void => {
    const kind = new FormData(form).get("kind");
    // A citizen's number and a tax code are digits; a foreign one may have letters.
    number.placeholder = kind === "COMPANY" ? "0300000000" : "001000000000";
  };
  form.addEventListener("change", follow);
  follow();
}
