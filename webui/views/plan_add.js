/** Somebody for today's list: from those the box has seen, or by what stands on the card (J02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post } from "../core/api.js";
import { clock, fromRoc, rocDate, rocDay } from "../core/format.js";
import { replace } from "../core/router.js";
import { announce, boxNow } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Field, Screen, useFetched, useTask } from "../components/controls.js";
import { LockedButton, staffLock } from "../components/locked.js";

/** @typedef {import("../core/types").PatientLine} PatientLine */

/** The next full hour, by the box's clock in Taipei. */
function nextHour() {
  return clock(new Date(boxNow() + 3600_000)).slice(0, 2) + ":00";
}

/** Today in Taipei with a time of the day, as ISO 8601. @param {string} time */
function todayAt(time) {
  const day = new Date(boxNow() + 8 * 3600_000).toISOString().slice(0, 10);
  return `${day}T${time}:00+08:00`;
}

export default function AddPlan() {
  const known = useFetched("patients", () => /** @type {Promise<PatientLine[]>} */ (get("/api/patients")));
  const [time, setTime] = useState(nextHour());
  const [person, setPerson] = useState({ name: "", id_no: "", birth: "" });
  const add = useTask(async (/** @type {object} */ who, /** @type {string} */ name) => {
    await post("/api/plans", { planned_at: todayAt(time), ...who });
    announce(t("today.added", { who: name }));
    replace("/today");
  });
  const born = fromRoc(person.birth);
  const complete = person.name.trim() !== "" && person.id_no.length === 10 && born !== "";
  const other = { ...add, run: () => add.run({ person: { name: person.name.trim(), id_no: person.id_no, birth_date: born } }, person.name) };
  /** @param {"name" | "id_no" | "birth"} part */
  const typed = (part) => (/** @type {any} */ event) => setPerson({ ...person, [part]: part === "id_no" ? event.currentTarget.value.toUpperCase() : event.currentTarget.value });
  return html`<${Screen} title=${t("plan.title")} up="/today">
    <${ErrorNotice} error=${add.error ?? known.error} />
    <${Field} id="time" label=${t("plan.time")}><input id="time" class="code" type="time" value=${time} onInput=${(/** @type {any} */ event) => setTime(event.currentTarget.value)} /><//>
    ${known.value && known.value.length > 0 ? html`<section class="group"><h2>${t("plan.known")}</h2><ul class="hits">${known.value.map((one) => html`<li key=${one.visit_id}><button type="button" class="hit" data-patient=${one.visit_id}
      disabled=${!time || add.busy || staffLock() !== null} onClick=${() => void add.run({ visit_id: one.visit_id }, one.name)}><span class="row-title">${one.name}</span>
      <span class="row-detail"><span class="code">${one.id_masked}</span> ${rocDate(one.birth_date)} · ${t("plan.last_visit", { at: rocDay(one.visit_at) })}</span></button></li>`)}</ul></section>` : null}
    <section class="group"><h2>${t("plan.other")}</h2>
      <${Field} id="person-name" label=${t("plan.name")}><input id="person-name" maxlength="40" autocomplete="off" value=${person.name} onInput=${typed("name")} /><//>
      <${Field} id="person-id" label=${t("plan.id_no")}><input id="person-id" class="code" maxlength="10" autocomplete="off" autocapitalize="characters" value=${person.id_no} onInput=${typed("id_no")} /><//>
      <${Field} id="person-birth" label=${t("plan.birth")} hint=${t("plan.birth_hint")}><input id="person-birth" class="code" inputmode="numeric" maxlength="9" autocomplete="off" aria-describedby="person-birth-hint" value=${person.birth} onInput=${typed("birth")} /><//>
      <${LockedButton} id="add-person" task=${other} lock=${staffLock()} disabled=${!complete || !time}>${t("plan.add")}<//></section><//>`;
}
