/** Prescription QR and 通關密碼, full screen for the family or the pharmacist to scan (O01, O02). */
import { html } from "../lib/htm-preact.js";
import { get, segment } from "../core/api.js";
import { fetchVisit } from "../core/draft.js";
import { visitNotices } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, Notice, Screen, useFetched } from "../components/controls.js";
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
      : html`<${Notice} kind="warn" title=${t("prescription.not_ready")}><p>${prescription.waiting_for ? t(prescription.waiting_for) : ""}</p><p>${t("prescription.comes")}</p><//>`}<//>`;
}
