/** The patient header, the same on every step (G04), and the four flags of a visit (ux §3.6). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { ageYears, maskId, rocDate } from "../core/format.js";
import { boxNow } from "../core/store.js";
import { t } from "../core/words.js";

/**
 * @param {{ name: string, idMasked: string, birthDate: string, sex: string, visitId?: string }} props
 *   `visitId`: the number can be shown whole
 */
export function PatientHeader({ name, idMasked, birthDate, sex, visitId }) {
  const age = t("patient.age", { years: ageYears(birthDate, new Date(boxNow())) });
  return html`<section class="patient" aria-label=${t("patient.label")}>
    <p class="patient-name">${name}</p>
    <div class="patient-facts">${visitId ? html`<${Identity} visitId=${visitId} masked=${idMasked} />` : html`<span class="code">${idMasked}</span>`}
      <span>${rocDate(birthDate)} (${age})</span><span>${t(`sex.${sex}`)}</span></div>
  </section>`;
}

/** Masked; what shows it whole is fetched at the first tap. @param {{ visitId: string, masked: string }} props */
function Identity(props) {
  const [loaded, setLoaded] = useState(/** @type {typeof import("./identity.js") | null} */ (null));
  if (loaded) return html`<${loaded.ShownIdentity} ...${props} />`;
  const load = () => void import("./identity.js").then(setLoaded, (thrown) => console.error(thrown));
  return html`<button type="button" class="identity code" id="identity" aria-label=${t("patient.id_show", { id: props.masked })} onClick=${load}>${props.masked}</button>`;
}

/** @param {{ visit: import("../core/types").Visit }} props */
export function VisitPatient({ visit }) {
  const { name, id_no, birth_date, sex } = visit.patient;
  return html`<${PatientHeader} name=${name} idMasked=${maskId(id_no)} birthDate=${birth_date} sex=${sex} visitId=${visit.visit_id} />`;
}

/** @type {(keyof import("../core/types").VisitFlags)[]} */
const FLAGS = ["saved", "card", "vpn", "ic"];

/** @param {{ flags: import("../core/types").VisitFlags }} props */
export function Flags({ flags }) {
  return html`<ul class="flags" aria-label=${t("flags.label")}>${FLAGS.map((name) => html`<li class="flag ${flags[name]}"
    data-flag=${name} data-state=${flags[name]}><span class="mark" aria-hidden="true"></span>${t(`flag.${name}.${flags[name]}`)}</li>`)}</ul>`;
}
