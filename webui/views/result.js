/** A finished visit: its four flags, what each open step waits for, its number and receipts (N01, N10). */
import { html } from "../lib/htm-preact.js";
import { segment } from "../core/api.js";
import { fetchVisit } from "../core/draft.js";
import { clock, points, rocMoment } from "../core/format.js";
import { live, visitNotices } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, RowLink, Screen, useFetched } from "../components/controls.js";
import { JobCard } from "../components/job.js";
import { Flags, VisitPatient } from "../components/patient.js";
import { Drawn } from "../components/signature.js";
import { orderSummary } from "./visit.js";

/** @param {import("../core/types").JobView} job */
const isOpen = (job) => job.state !== "confirmed" && job.state !== "handed_off";

/** Whatever may have changed this visit or what it waits for. @param {string} id */
function news(id) {
  const { queue, link, cards, staff } = live.value;
  return JSON.stringify([visitNotices.value[id], queue, link?.link, cards, staff]);
}

/** @param {{ id: string }} props */
export default function Result({ id }) {
  const found = useFetched(id, () => fetchVisit(id), news(id));
  const less = (found.value?.visit.finish_mode ?? 4) < 4;
  const further = useFetched(`${less}`, async () => (less ? import("../components/go_further.js") : null));
  if (!found.value) {
    return found.error ? html`<${Screen} title=${t("result.title")} up="/visits"><${ErrorNotice} error=${found.error} /><//>` : html`<main><${Loading} /></main>`;
  }
  const { visit, flags, jobs, receipts, signature } = found.value;
  const open = jobs.filter(isOpen);
  const { content } = visit;
  const here = `#/visits/${segment(id)}`;
  return html`<${Screen} title=${t(visit.state === "discarded" ? "result.discarded" : "result.title")} up="/visits" header=${html`<${VisitPatient} visit=${visit} />`}
    action=${content.orders.some((o) => o.kind === "drug") && flags.vpn !== "not_wanted" ? html`<a class="button primary" id="to-prescription" href="${here}/prescription">${t("result.prescription")}</a>`
      : html`<a class="button primary" href="#/">${t("sign_in.to_home")}</a>`}>
    <${Flags} flags=${flags} />
    <${ErrorNotice} error=${found.error} />
    ${open.length > 0 ? html`<section class="group"><h2>${t("result.waiting")}</h2><ul class="items">${open.map((job) => html`<${JobCard} key=${job.job_id} job=${job} changed=${found.reload} />`)}</ul></section>` : null}
    ${further.value ? html`<${further.value.GoFurther} visit=${visit} changed=${found.reload} />` : null}
    <dl class="facts"><dt>${t("result.sequence")}</dt><dd class="code" id="sequence">${visit.sequence ? visit.sequence.number : t(flags.card === "not_wanted" ? "none" : flags.card === "done" || content.claim.visit_type > "A" ? "result.no_number" : "flag.waiting_number")}</dd>
      <dt>${t("result.visit_at")}</dt><dd>${rocMoment(visit.visit_at)}</dd>
      <dt>${t("stay.title_short")}</dt><dd>${clock(content.occasion.arrived_at ?? visit.visit_at)}–${clock(content.occasion.departed_at ?? visit.finished_at ?? visit.visit_at)}</dd>
      <dt>${t("result.practitioner")}</dt><dd>${visit.practitioner.name}</dd>
      <dt>${t("claim.programme")}</dt><dd>${t(`programme.${content.programme}`)}</dd>
      <dt>${t("stay.fee_points")}</dt><dd>${points(content.fee_points)}</dd><dt>${t("stay.copay_points")}</dt><dd>${points(content.copay_points)}</dd>
      ${Object.entries(receipts).map(([kind, receipt]) => html`<dt>${t(`receipt.${kind}`)}</dt><dd data-receipt=${kind}>${rocMoment(receipt.accepted_at)}</dd>`)}</dl>
    <section class="group"><h2>${t("visit.diagnoses", { count: content.diagnoses.length })}</h2>
      <ul class="plain-list">${content.diagnoses.map((d) => html`<li><span class="code">${d.code}</span> ${d.name_zh || d.name_en}</li>`)}</ul></section>
    <section class="group"><h2>${t("visit.orders", { count: content.orders.length })}</h2>
      <ul class="plain-list">${content.orders.map((o) => html`<li>${o.name} <span class="code">${o.code}</span><br /><small>${orderSummary(o)}</small></li>`)}</ul></section>
    ${content.virtual_orders.length > 0 ? html`<section class="group"><h2>${t("virtual.title")}</h2><p class="code">${content.virtual_orders.join(" ")}</p></section>` : null}
    ${signature ? html`<section class="group"><h2>${t("signature.title")}</h2><div class="signed"><${Drawn} strokes=${signature.drawing.strokes} label=${t("signature.title")} /></div>
      <p>${t(`signature.by.${signature.drawing.signer}`, { at: clock(signature.signed_at) })}${signature.drawing.relation ? ` · ${signature.drawing.relation}` : ""}</p></section>`
      : visit.state === "finished" ? html`<div class="items"><${RowLink} href="${here}/signature" title=${t("signature.none")} detail=${t("signature.add")} /></div>` : null}
    ${visit.state === "finished" ? html`<div class="items"><${RowLink} id="to-export" href="${here}/export" title=${t("export.title")} detail=${t("export.for")} /></div>` : null}<//>`;
}
