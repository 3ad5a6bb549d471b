// Runs before the first paint, so that a remembered theme does not flash, and marks that script runs.
const root = document.documentElement;
root.classList.replace("no-js", "js");

type Theme = "auto" | "light" | "dark";
const ORDER: readonly Theme[] = ["auto", "light", "dark"];

function remembered(): Theme {
  try {
    const value = localStorage.getItem("theme");
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // storage can be forbidden; the system's choice then stands
  }
}

function apply(theme: Theme): void {
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // not remembered, still applied
  }
}

let current = remembered();
apply(current);

document.addEventListener("DOMContentLoaded", () => {
  const control = document.querySelector<HTMLElement>("[data-theme-switch]");
  if (!control) return;
  const label = () => {
    control.textContent = control.dataset[current] ?? "";
  };
  label();
  control.addEventListener("click", () => {
    current = ORDER[(ORDER.indexOf(current) + 1) % ORDER.length] ?? "auto";
    apply(current);
    remember(current);
    label();
  });
});

export {};
