// Be Vietnam Pro has proportional figures only: in a ledger "1.111" and "4.444" would not line up.
// This makes a small companion face from the typeface's own ten digits, each set on one width.
import { readFile } from "node:fs/promises";
import { Font, woff2 } from "fonteditor-core";

const DIGITS = [..."0123456789"].map((digit) => digit.codePointAt(0));
const FIGURE_WIDTH = 644;

function centre(glyph) {
  const ink = glyph.xMax - glyph.xMin;
  const shift = Math.round((FIGURE_WIDTH - ink) / 2) - glyph.xMin;
  for (const contour of glyph.contours) {
    for (const point of contour) point.x += shift;
  }
  glyph.xMin += shift;
  glyph.xMax += shift;
  glyph.leftSideBearing = glyph.xMin;
  glyph.advanceWidth = FIGURE_WIDTH;
}

export async function tabularFigures(source) {
  await woff2.init();
  const font = Font.create(await readFile(source), {
    type: "woff2",
    subset: DIGITS,
    hinting: false,
    compound2simple: true,
  });
  const data = font.get();
  data.name.fontFamily = "Be Vietnam Pro Figures";
  for (const glyph of data.glyf) {
    if (glyph.unicode?.some((code) => DIGITS.includes(code))) centre(glyph);
  }
  font.set(data);
  return Buffer.from(font.write({ type: "woff2", hinting: false }));
}
