/** 清除歷史資料: what would go and what stays, with the reasons, before anything is deleted (S04). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post } from "../core/api.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").RetentionCounts} Counts */

const MONTHS = [3, 6, 12, 24];
/** @type {("open" | "unconfirmed" | "drafts" | "not_uploaded")[]} */
const REASONS = ["open", "unconfirmed", "drafts", "not_uploaded"];

export default function Retention() {
  const [months, setMonths] = useState(MONTHS[0] ?? 3);
  const found = useFetched(`retention ${months}`, () => /** @type {Promise<Counts>} */ (get(`/api/retention?months=${months}`)));
  const clear = useTask(async () => {
    const after = /** @type {Counts} */ (await post("/api/retention", { months }));
    announce(t("retention.done", { cleared: after.cleared }));
    found.set(after);
  });
  const counts = found.value;
  return html`<${Screen} title=${t("retention.title")} up="/settings"
    action=${counts && counts.clear > 0 ? html`<${Button} kind="danger" id="clear-history" task=${clear}>${t("retention.action", { clear: counts.clear })}<//>` : null}>
    <p class="hint">${t("retention.how")}</p>
    <div class="field"><span class="label">${t("retention.months")}</span><div class="pills" role="group" aria-label=${t("retention.months")}>${MONTHS.map((count) => html`<button
      type="button" class="pill" aria-pressed=${count === months} onClick=${() => setMonths(count)}>${t("retention.months_option", { months: count })}</button>`)}</div></div>
    <${ErrorNotice} error=${clear.error ?? found.error} />
    ${counts === null && !found.error ? html`<${Loading} />` : null}
    ${counts && counts.cleared > 0 ? html`<${Notice} kind="good" title=${t("retention.done", { cleared: counts.cleared })} />` : null}
    ${counts ? html`<p id="retention-counts">${t(counts.clear > 0 ? "retention.will" : "retention.none", { months: counts.months, clear: counts.clear, keep: counts.keep })}</p>
      ${counts.keep > 0 ? html`<dl class="facts">${REASONS.filter((reason) => counts[reason] > 0).map((reason) => html`<dt>${t(`retention.${reason}`)}</dt><dd>${t("retention.count", { count: counts[reason] })}</dd>`)}</dl>` : null}` : null}<//>`;
}
