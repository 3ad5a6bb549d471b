// Be Vietnam Pro has proportional figures only: in a ledger "1.111" and "4.444" would not line up.
// This makes a small companion face from the typeface's own ten digits, each set on one width. The
// narrow "1" gets a foot, so that it stands in its width and not in a gap; the colon of times is set
// as close as the digits beside it.
import { readFile } from "node:fs/promises";
import { Font, woff2 } from "fonteditor-core";

const ONE = "1".codePointAt(0);
const COLON = ":".codePointAt(0);
const DIGITS = [..."0123456789"].map((digit) => digit.codePointAt(0));
const FIGURE_WIDTH = 644;
const COLON_SIDE = 46;
const FOOT_WIDTH = 404;
// The foot is as thick as the stem is wide, less what the eye adds to what lies.
const FOOT_SHARE = 0.88;

function extent(glyph) {
  const across = glyph.contours.flat().map((point) => point.x);
  glyph.xMin = Math.min(...across);
  glyph.xMax = Math.max(...across);
}

function setOn(glyph, width) {
  const shift = Math.round((width - (glyph.xMax - glyph.xMin)) / 2) - glyph.xMin;
  for (const contour of glyph.contours) {
    for (const point of contour) point.x += shift;
  }
  glyph.xMin += shift;
  glyph.xMax += shift;
  glyph.leftSideBearing = glyph.xMin;
  glyph.advanceWidth = width;
}

/** The stem ends in two points on the baseline: between them the outline goes around a foot. */
function giveFoot(glyph) {
  const [outline] = glyph.contours;
  const at = outline.findIndex((point) => point.y === 0);
  const right = outline[at];
  const left = outline[at + 1];
  if (!right || left?.y !== 0 || right.x <= left.x) throw new Error("the 1 of this typeface is drawn otherwise");
  const middle = (right.x + left.x) / 2;
  const height = Math.round((right.x - left.x) * FOOT_SHARE);
  const half = FOOT_WIDTH / 2;
  const corner = (x, y) => ({ x: Math.round(x), y, onCurve: true });
  outline.splice(at, 2,
    corner(right.x, height), corner(middle + half, height), corner(middle + half, 0),
    corner(middle - half, 0), corner(middle - half, height), corner(left.x, height));
  extent(glyph);
}

export async function tabularFigures(source) {
  await woff2.init();
  const font = Font.create(await readFile(source), {
    type: "woff2",
    subset: [...DIGITS, COLON],
    hinting: false,
    compound2simple: true,
  });
  const data = font.get();
  data.name.fontFamily = "Be Vietnam Pro Figures";
  for (const glyph of data.glyf) {
    if (glyph.unicode?.includes(ONE)) giveFoot(glyph);
    if (glyph.unicode?.some((code) => DIGITS.includes(code))) setOn(glyph, FIGURE_WIDTH);
    if (glyph.unicode?.includes(COLON)) setOn(glyph, glyph.xMax - glyph.xMin + 2 * COLON_SIDE);
  }
  font.set(data);
  return Buffer.from(font.write({ type: "woff2", hinting: false }));
}
