// An amount as the page's language groups it.

/** `minor` units with the language's marks, and the unit where the language puts it. */
export function amountText(minor: bigint, digits: number, unit: string): string {
  const vi = document.documentElement.lang === "vi";
  const [group, mark] = vi ? [".", ","] : [",", "."];
  const text = minor.toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits || undefined).replace(/\B(?=(\d{3})+$)/g, group);
  const number = digits ? `${whole}${mark}${text.slice(-digits)}` : whole;
  return vi ? `${number}\u00a0${unit}` : `${unit}\u00a0${number}`;
}
