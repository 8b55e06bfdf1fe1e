/** Prescription QR and 通關密碼, full screen for the family or the pharmacist to scan (O01, O02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, segment } from "../core/api.js";
import { fetchVisit } from "../core/draft.js";
import { visitNotices } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";

/** @param {string} svg */
const asImage = (svg) => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;

/** @param {{ id: string }} props */
export default function PrescriptionView({ id }) {
  const news = JSON.stringify(visitNotices.value[id] ?? null);
  const found = useFetched(id, async () => {
    const [view, prescription] = await Promise.all([
      fetchVisit(id),
      /** @type {Promise<import("../core/types").Prescription>} */ (get(`/api/visits/${segment(id)}/prescription`)),
    ]);
    return { visit: view.visit, prescription };
  }, news);
  if (!found.value) {
    return found.error ? html`<${Screen} title=${t("prescription.title")} up="/visits"><${ErrorNotice} error=${found.error} /><//>` : html`<main><${Loading} /></main>`;
  }
  const { visit, prescription } = found.value;
  return html`<${Screen} title=${t("prescription.title")} up=${`/visits/${segment(id)}/result`} header=${html`<${VisitPatient} visit=${visit} />`}>
    ${prescription.ready ? html`<div class="qr-screen">${prescription.qr_svg ? html`<img id="prescription-qr" alt=${t("prescription.qr_alt")} src=${asImage(prescription.qr_svg)} />` : null}
      <p class="label">${t("prescription.passphrase")}</p><p class="passphrase code" id="passphrase">${prescription.passphrase}</p>
      <p class="hint">${t("prescription.how")}</p></div>`
      : html`<${Notice} kind="warn" title=${t("prescription.not_ready")}><p>${prescription.waiting_for ? t(prescription.waiting_for) : ""}</p><p>${t("prescription.comes")}</p><//>`}
    ${prescription.waiting_for === "prescription.no_orders" ? null : html`<${Paper} id=${id} />`}<//>`;
}

/**
 * The page is made on the box and numbered there; the phone only opens it.
 * @param {{ id: string }} props
 */
function Paper({ id }) {
  const [page, setPage] = useState(/** @type {import("../core/types").PrescriptionFile | null} */ (null));
  const print = useTask(async () => { setPage(await post(`/api/visits/${segment(id)}/prescription/paper`)); });
  return html`<section class="actions"><${ErrorNotice} error=${print.error} />
    ${page ? html`<p role="status">${t("prescription.paper_ready", { count: page.print_no })}</p>
      <a class="button primary" id="paper-open" download=${page.name} href=${`data:application/pdf;base64,${page.content}`}>${t("prescription.paper_open")}</a>` : null}
    <${Button} id="paper-make" task=${print}>${t("prescription.paper")}<//></section>`;
}
