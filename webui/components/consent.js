/** One person's written consent: what it covers and until when; recorded, renewed, withdrawn (L06, Y07). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { fromRoc, rocDate, rocMoment } from "../core/format.js";
import { announce, boxNow } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Notice, RowLink, Screen, useTask } from "./controls.js";
import { LockedButton, staffLock, timeLock } from "./locked.js";

/** @typedef {import("../core/types").ConsentView} ConsentView */
/** @typedef {import("../core/types").RecordKind} RecordKind */

/** @type {RecordKind[]} */
const KINDS = ["drugs", "allergies", "controlled", "clotting", "chinese", "tests", "results", "imaging", "visits", "surgery", "dental", "discharge", "rehab"];
const DAYS = [1, 30, 90, 180, 365];

/** Today in Taipei by the box's clock, YYYY-MM-DD. */
const today = () => new Date(boxNow() + 8 * 3600_000).toISOString().slice(0, 10);

/** @param {string} day @param {number} days */
const daysAfter = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/**
 * @param {{ person: { name: string, id_masked: string, birth_date: string }, consent: ConsentView | null, giveTo: string, up: string, reload: () => void }} props
 *   `giveTo`: where a first consent is posted, empty when there can only be a renewal
 */
export function ConsentScreen({ person, consent, giveTo, up, reload }) {
  const [kinds, setKinds] = useState(KINDS);
  const [signer, setSigner] = useState("patient");
  const [signedOn, setSignedOn] = useState(rocDate(today()));
  const [days, setDays] = useState(30);
  const [seen, setSeen] = useState(false);
  const [why, setWhy] = useState("");
  const day = fromRoc(signedOn);
  const until = day ? daysAfter(day, days) : "";
  const save = useTask(async () => {
    await post(consent ? `/api/consents/${segment(consent.consent_id)}/renew` : giveTo, { terms: { kinds, signer, signed_on: day, until } });
    announce(t("consent.saved"));
    setSeen(false);
    reload();
  });
  const revoke = useTask(async () => {
    if (!consent) return;
    await post(`/api/consents/${segment(consent.consent_id)}/revoke`, { why });
    announce(t("consent.revoked"));
    reload();
  });
  const complete = seen && kinds.length > 0 && day !== "";
  return html`<${Screen} title=${t("consent.title")} up=${up} action=${html`<${LockedButton} kind="primary" id="save-consent" task=${save} lock=${staffLock() ?? timeLock()} disabled=${!complete}>${t(consent ? "consent.renew" : "consent.save")}<//>`}>
    <section class="patient" aria-label=${t("patient.label")}><p class="patient-name">${person.name}</p><p class="patient-facts"><span class="code">${person.id_masked}</span> <span>${rocDate(person.birth_date)}</span></p></section>
    <${ErrorNotice} error=${save.error ?? revoke.error} />
    ${consent ? html`<${Notice} kind=${consent.counts ? "good" : "warn"} title=${t(consent.counts ? "consent.holds" : "consent.over", { until: rocDate(consent.terms.until) })}>
      <p>${t("consent.signed", { on: rocDate(consent.terms.signed_on), who: t(`consent.signer.${consent.terms.signer}`) })}</p>
      <p>${consent.terms.kinds.map((kind) => t(`records.${kind}`)).join(t("list.separator"))}</p>
      <p class="hint">${t("consent.recorded", { at: rocMoment(consent.at), who: consent.who })}</p><//>` : timeLock() ? html`<${Notice} kind="warn" title=${t("today.consent_unknown")} />` : html`<${Notice} title=${t("consent.none")}><p>${t("consent.how")}</p><//>`}
    ${consent?.fetched_at ? html`<div class="items"><${RowLink} id="to-records" href="#/consents/${segment(consent.consent_id)}/records" title=${t("records.title")} detail=${t("today.fetched", { at: rocMoment(consent.fetched_at) })} /></div>` : null}
    <section class="group"><h2>${t(consent ? "consent.again" : "consent.paper")}</h2>
      <fieldset class="choices many"><legend>${t("consent.kinds")}</legend>${KINDS.map((kind) => html`<label class="choice"><input type="checkbox" name=${kind} checked=${kinds.includes(kind)}
        onChange=${() => setKinds(kinds.includes(kind) ? kinds.filter((one) => one !== kind) : KINDS.filter((one) => one === kind || kinds.includes(one)))} /><span>${t(`records.${kind}`)}</span></label>`)}</fieldset>
      <fieldset class="choices beside"><legend>${t("consent.who")}</legend>${["patient", "family"].map((one) => html`<label class="choice"><input type="radio" name="signer" checked=${signer === one} onChange=${() => setSigner(one)} /><span>${t(`consent.signer.${one}`)}</span></label>`)}</fieldset>
      <${Field} id="signed-on" label=${t("consent.signed_on")} hint=${t("plan.birth_hint")}><input id="signed-on" class="code" inputmode="numeric" maxlength="9" autocomplete="off" aria-describedby="signed-on-hint" aria-invalid=${day === ""} value=${signedOn} onInput=${(/** @type {any} */ event) => setSignedOn(event.currentTarget.value)} /><//>
      <div class="field"><span class="label">${t("consent.until")}</span><div class="pills" role="group" aria-label=${t("consent.until")}>${DAYS.map((count) => html`<button type="button" class="pill" aria-pressed=${count === days}
        onClick=${() => setDays(count)}>${t("consent.days", { count })}</button>`)}</div>${until ? html`<p class="hint">${t("consent.until_day", { until: rocDate(until) })}</p>` : null}</div>
      <fieldset class="choices"><legend class="unseen">${t("consent.paper")}</legend><label class="choice"><input type="checkbox" id="signed" checked=${seen} onChange=${() => setSeen(!seen)} /><span>${t("consent.seen")}</span></label></fieldset></section>
    ${consent ? html`<details class="fold"><summary>${t("consent.revoke_title")}</summary><p>${t("consent.revoke_hint")}</p>
      <${Field} id="why" label=${t("consent.why")}><input id="why" maxlength="200" autocomplete="off" value=${why} onInput=${(/** @type {any} */ event) => setWhy(event.currentTarget.value)} /><//>
      <${Button} kind="danger" id="revoke-consent" task=${revoke}>${t("consent.revoke")}<//></details>` : null}<//>`;
}
