/** 列表: drafts first, then finished visits with their four flags. */
import { html } from "../lib/htm-preact.js";
import { get, segment } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { live, visitNotices } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched } from "../components/controls.js";
import { Flags } from "../components/patient.js";

/** @typedef {import("../core/types").VisitSummary} VisitSummary */

/** @param {{ visit: VisitSummary }} props */
function VisitRow({ visit }) {
  const draft = visit.state === "draft";
  return html`<li class="visit-row"><a class="row" href="#/visits/${segment(visit.visit_id)}${draft ? "" : "/result"}"><span class="row-text">
    <span class="row-title">${visit.patient_name}${draft ? html`<span class="tag">${t("visits.draft")}</span>` : null}</span>
    <span class="row-detail">${rocMoment(visit.visit_at)}${visit.sequence_no ? html` · <span class="code">${visit.sequence_no}</span>` : null}</span></span><span class="arrow" aria-hidden="true"></span></a>
    ${draft ? null : html`<${Flags} flags=${visit.flags} />`}</li>`;
}

export default function Visits() {
  const { queue } = live.value;
  const found = useFetched("visits", async () => {
    const [drafts, finished] = await Promise.all([
      /** @type {Promise<VisitSummary[]>} */ (get("/api/visits?state=draft")),
      /** @type {Promise<VisitSummary[]>} */ (get("/api/visits?state=finished")),
    ]);
    return { drafts, finished };
  }, JSON.stringify([visitNotices.value, queue]));
  const list = found.value;
  return html`<${Screen} title=${t("visits.title")} action=${html`<a class="button primary" href="#/start">${t("home.start_visit")}</a>`}>
    <${ErrorNotice} error=${found.error}><${Button} onPress=${found.reload}>${t("action.try_again")}<//><//>
    ${list === null && !found.error ? html`<${Loading} />` : null}
    ${list && list.drafts.length > 0 ? html`<section class="group"><h2>${t("visits.drafts", { count: list.drafts.length })}</h2><ul class="items">${list.drafts.map((v) => html`<${VisitRow} key=${v.visit_id} visit=${v} />`)}</ul></section>` : null}
    ${list && list.finished.length > 0 ? html`<section class="group"><h2>${t("visits.finished", { count: list.finished.length })}</h2><ul class="items">${list.finished.map((v) => html`<${VisitRow} key=${v.visit_id} visit=${v} />`)}</ul></section>` : null}
    ${list && list.drafts.length + list.finished.length === 0 ? html`<${Notice} title=${t("visits.none")}><p>${t("visits.none_hint")}</p><//>` : null}<//>`;
}
