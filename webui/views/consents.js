/** 同意書: everybody's that is neither withdrawn nor over, to look at, renew or withdraw (beyond #18). */
import { html } from "../lib/htm-preact.js";
import { get, segment } from "../core/api.js";
import { rocDate } from "../core/format.js";
import { t } from "../core/words.js";
import { ConsentScreen } from "../components/consent.js";
import { ErrorNotice, Loading, Notice, RowLink, Screen, useFetched } from "../components/controls.js";

/** @typedef {import("../core/types").ConsentView} ConsentView */

const load = () => /** @type {Promise<ConsentView[]>} */ (get("/api/consents"));

/** @param {{ id?: string }} props without an id: the list */
export default function Consents({ id = "" }) {
  const found = useFetched("consents", load);
  const one = found.value?.find((consent) => consent.consent_id === id);
  if (one) return html`<${ConsentScreen} person=${one} consent=${one} giveTo="" up="/consents" reload=${found.reload} />`;
  return html`<${Screen} title=${t("consents.title")} up="/today"><${ErrorNotice} error=${found.error} />
    ${found.value === null && !found.error ? html`<${Loading} />` : null}
    ${id && found.value ? html`<${Notice} title=${t("consents.gone")} />` : null}
    ${!id && found.value?.length === 0 ? html`<${Notice} title=${t("consents.none")} />` : null}
    <div class="items">${(id ? [] : found.value ?? []).map((consent) => html`<${RowLink} key=${consent.consent_id} href=${`#/consents/${segment(consent.consent_id)}`} title=${consent.name}
      detail=${html`<span class="code">${consent.id_masked}</span> ${t(consent.counts ? "consent.holds" : "consent.over", { until: rocDate(consent.terms.until) })}`} />`)}</div><//>`;
}
