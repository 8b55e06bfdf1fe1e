/** 書面同意: recorded for a person of today's list, renewed, withdrawn; what it covers and until when (L06, Y07). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, segment } from "../core/api.js";
import { rocDate, rocMoment } from "../core/format.js";
import { announce, boxNow } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").PlanLine} PlanLine */
/** @typedef {import("../core/types").RecordKind} RecordKind */

/** @type {RecordKind[]} */
const KINDS = ["drugs", "tests", "visits", "allergies"];
const DAYS = [1, 30, 90, 180, 365];

/** A day from today on in Taipei, YYYY-MM-DD. @param {number} days */
const dayFrom = (days) => new Date(boxNow() + 8 * 3600_000 + days * 86_400_000).toISOString().slice(0, 10);

/** @param {{ id: string }} props */
export default function Consent({ id }) {
  const plans = useFetched("today", () => /** @type {Promise<PlanLine[]>} */ (get("/api/plans")));
  const plan = plans.value?.find((one) => one.plan_id === id);
  const [kinds, setKinds] = useState(KINDS);
  const [signer, setSigner] = useState("patient");
  const [days, setDays] = useState(30);
  const [signed, setSigned] = useState(false);
  const [why, setWhy] = useState("");
  const consent = plan?.consent ?? null;
  const save = useTask(async () => {
    const terms = { kinds, signer, signed_on: dayFrom(0), until: dayFrom(days) };
    await post(consent ? `/api/consents/${segment(consent.consent_id)}/renew` : `/api/plans/${segment(id)}/consent`, { terms });
    announce(t("consent.saved"));
    setSigned(false);
    plans.reload();
  });
  const revoke = useTask(async () => {
    if (!consent) return;
    await post(`/api/consents/${segment(consent.consent_id)}/revoke`, { why });
    announce(t("consent.revoked"));
    plans.reload();
  });
  if (plans.value === null && !plans.error) return html`<main><${Loading} /></main>`;
  if (!plan) return html`<${Screen} title=${t("consent.title")} up="/today"><${ErrorNotice} error=${plans.error} /><${Notice} title=${t("consent.gone")} /><//>`;
  return html`<${Screen} title=${t("consent.title")} up="/today" action=${html`<${Button} kind="primary" id="save-consent" task=${save} disabled=${!signed || kinds.length === 0}>${t(consent ? "consent.renew" : "consent.save")}<//>`}>
    <section class="patient" aria-label=${t("patient.label")}><p class="patient-name">${plan.name}</p><p class="patient-facts"><span class="code">${plan.id_masked}</span> <span>${rocDate(plan.birth_date)}</span></p></section>
    <${ErrorNotice} error=${save.error ?? revoke.error ?? plans.error} />
    ${consent ? html`<${Notice} kind="good" title=${t("consent.holds", { until: rocDate(consent.terms.until) })}>
      <p>${t("consent.signed", { on: rocDate(consent.terms.signed_on), who: t(`consent.signer.${consent.terms.signer}`) })}</p>
      <p>${consent.terms.kinds.map((kind) => t(`records.${kind}`)).join("、")}</p>
      <p class="hint">${t("consent.recorded", { at: rocMoment(consent.at), who: consent.who })}</p><//>` : html`<${Notice} title=${t("consent.none")}><p>${t("consent.how")}</p><//>`}
    ${consent?.fetched_at ? html`<div class="items"><${RowLink} id="to-records" href="#/consents/${segment(consent.consent_id)}/records" title=${t("records.title")} detail=${t("today.fetched", { at: rocMoment(consent.fetched_at) })} /></div>` : null}
    <section class="group"><h2>${t(consent ? "consent.again" : "consent.paper")}</h2>
      <fieldset class="choices"><legend>${t("consent.kinds")}</legend>${KINDS.map((kind) => html`<label class="choice"><input type="checkbox" name=${kind} checked=${kinds.includes(kind)}
        onChange=${() => setKinds(kinds.includes(kind) ? kinds.filter((one) => one !== kind) : KINDS.filter((one) => one === kind || kinds.includes(one)))} /><span>${t(`records.${kind}`)}</span></label>`)}</fieldset>
      <fieldset class="choices beside"><legend>${t("consent.who")}</legend>${["patient", "family"].map((one) => html`<label class="choice"><input type="radio" name="signer" checked=${signer === one} onChange=${() => setSigner(one)} /><span>${t(`consent.signer.${one}`)}</span></label>`)}</fieldset>
      <div class="field"><span class="label">${t("consent.until")}</span><div class="pills" role="group" aria-label=${t("consent.until")}>${DAYS.map((count) => html`<button type="button" class="pill" aria-pressed=${count === days}
        onClick=${() => setDays(count)}>${t("consent.days", { count })}</button>`)}</div><p class="hint">${t("consent.until_day", { until: rocDate(dayFrom(days)) })}</p></div>
      <fieldset class="choices"><legend class="unseen">${t("consent.paper")}</legend><label class="choice"><input type="checkbox" id="signed" checked=${signed} onChange=${() => setSigned(!signed)} /><span>${t("consent.signed_today")}</span></label></fieldset></section>
    ${consent ? html`<details class="fold"><summary>${t("consent.revoke_title")}</summary><p>${t("consent.revoke_hint")}</p>
      <div class="field"><label for="why">${t("consent.why")}</label><input id="why" maxlength="200" autocomplete="off" value=${why} onInput=${(/** @type {any} */ event) => setWhy(event.currentTarget.value)} /></div>
      <${Button} kind="danger" id="revoke-consent" task=${revoke}>${t("consent.revoke")}<//></details>` : null}<//>`;
}
