/** A drawn signature, as the box keeps it: strokes of points in a field of 1000 by 400. */
import { html } from "../lib/htm-preact.js";

export const WIDTH = 1000;
export const HEIGHT = 400;

/** A stroke as a path; one point alone becomes a dot. @param {number[]} stroke */
export function pathOf(stroke) {
  const points = [];
  for (let i = 0; i + 1 < stroke.length; i += 2) points.push(`${stroke[i]} ${stroke[i + 1]}`);
  return points.length === 1 ? `M${points[0]}h1` : `M${points.join("L")}`;
}

/** @param {{ strokes: number[][], label: string }} props */
export function Drawn({ strokes, label }) {
  return html`<svg class="drawn" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}>${strokes.map((stroke) => html`<path d=${pathOf(stroke)} />`)}</svg>`;
}
