/** The last day as a picture: how much waited, and how the VPN was (ux §4). Points of five minutes, drawn as SVG. */
import { html } from "../lib/htm-preact.js";
import { get } from "../core/api.js";
import { clock } from "../core/format.js";
import { boxNow } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, useFetched } from "./controls.js";

/** @typedef {import("../core/types").HistoryPoint} Point */

const STEP_MS = 5 * 60_000;
const STEPS = 288;
const HEIGHT = 60;
const LINK_Y = 66;
const COLOURS = { good: "var(--good)", unstable: "var(--warn-line)", down: "var(--bad)" };

/** @param {string} link */
const known = (link) => (link === "good" || link === "unstable" ? link : "down");

/** @param {{ points: Point[] }} props */
function Chart({ points }) {
  const end = boxNow();
  const most = Math.max(...points.map((point) => point.queue_depth));
  /** @param {string} link */
  const share = (link) => Math.round((100 * points.filter((point) => known(point.link) === link).length) / points.length);
  const words = t("history.summary", { most, good: share("good"), unstable: share("unstable"), down: share("down") });
  /** @param {Point} point */
  const x = (point) => STEPS - 1 - Math.floor((end - new Date(point.at).getTime()) / STEP_MS);
  const seen = points.filter((point) => x(point) >= 0);
  /** @param {number} hours */
  const ago = (hours) => clock(new Date(end - hours * 3_600_000));
  return html`<svg class="chart" viewBox="0 0 ${STEPS} 88" role="img" aria-label=${words}>
      <line x1="0" x2=${STEPS} y1=${HEIGHT} y2=${HEIGHT} stroke="var(--line-strong)" stroke-width="0.5" />
      ${seen.map((point) => {
        const height = most ? (point.queue_depth / most) * (HEIGHT - 10) : 0;
        return html`<rect x=${x(point)} y=${HEIGHT - height} width="1" height=${height} fill="var(--accent)" />
          <rect data-link=${known(point.link)} x=${x(point)} y=${LINK_Y} width="1" height="6" fill=${COLOURS[known(point.link)]} />`;
      })}
      <text x="0" y="8" font-size="8" fill="var(--ink-soft)">${most}</text>
      <text x="0" y="84" font-size="8" fill="var(--ink-soft)">${ago(24)}</text>
      <text x=${STEPS / 2} y="84" font-size="8" text-anchor="middle" fill="var(--ink-soft)">${ago(12)}</text>
      <text x=${STEPS} y="84" font-size="8" text-anchor="end" fill="var(--ink-soft)">${ago(0)}</text></svg>
    <p class="hint">${words}</p>`;
}

export function History() {
  const found = useFetched("history", () => /** @type {Promise<{ points: Point[] }>} */ (get("/api/history")));
  const points = found.value?.points ?? [];
  return html`<section class="group" id="history"><h2>${t("history.title")}</h2><${ErrorNotice} error=${found.error} />
    ${points.length > 0 ? html`<${Chart} points=${points} />` : found.value ? html`<p class="hint">${t("history.none")}</p>` : null}</section>`;
}
