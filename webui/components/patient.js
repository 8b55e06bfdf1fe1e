/** The patient header, the same on every step (G04), and the four flags of a visit (ux §3.6). */
import { html } from "../lib/htm-preact.js";
import { ageYears, maskId, rocDate } from "../core/format.js";
import { boxNow } from "../core/store.js";
import { t } from "../core/words.js";

/**
 * @param {{ name: string, idMasked: string, birthDate: string, sex: string, compact?: boolean }} props
 */
export function PatientHeader({ name, idMasked, birthDate, sex }) {
  const age = t("patient.age", { years: ageYears(birthDate, new Date(boxNow())) });
  return html`<section class="patient" aria-label=${t("patient.label")}>
    <p class="patient-name">${name}</p>
    <p class="patient-facts"><span class="code">${idMasked}</span>
      <span>${rocDate(birthDate)} (${age})</span><span>${t(`sex.${sex}`)}</span></p>
  </section>`;
}

/** @param {{ visit: import("../core/types").Visit }} props */
export function VisitPatient({ visit }) {
  const { name, id_no, birth_date, sex } = visit.patient;
  return html`<${PatientHeader} name=${name} idMasked=${maskId(id_no)} birthDate=${birth_date} sex=${sex} />`;
}

/** @type {(keyof import("../core/types").VisitFlags)[]} */
const FLAGS = ["saved", "card", "vpn", "ic"];

/** @param {{ flags: import("../core/types").VisitFlags }} props */
export function Flags({ flags }) {
  return html`<ul class="flags" aria-label=${t("flags.label")}>${FLAGS.map((name) => html`<li class="flag ${flags[name]}"
    data-flag=${name} data-state=${flags[name]}><span class="mark" aria-hidden="true"></span>${t(`flag.${name}.${flags[name]}`)}</li>`)}</ul>`;
}
