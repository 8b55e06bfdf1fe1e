/** 看診: start with the card that is in a reader, online or, said in one sentence first, as F00B (G02). */
import { html } from "../lib/htm-preact.js";
import { get, post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { replace } from "../core/router.js";
import { linkUp, live, noVisits, readers, staffHere } from "../core/store.js";
import { useState } from "../lib/preact-hooks.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { PatientHeader } from "../components/patient.js";

/** @typedef {import("../core/types").VisitView} VisitView */

export default function Start() {
  const [chosen, setChosen] = useState("");
  const patients = readers.value.filter((r) => r.card.kind === "nhi" && !r.card.error_code);
  const reader = patients.find((r) => r.reader_id === chosen) ?? patients[0];
  const drafts = useFetched("drafts", () => /** @type {Promise<import("../core/types").VisitSummary[]>} */ (get("/api/visits?state=draft")));
  const start = useTask(async (/** @type {boolean} */ offline) => {
    if (!reader) return;
    const view = /** @type {VisitView} */ (await post("/api/visits", { reader_id: reader.reader_id, offline }, { timeout_s: 60 }));
    replace(`/visits/${view.visit.visit_id}`);
  });
  const patient = reader?.card.patient;
  const asks = useFetched(patient?.name_open ? patient.card_no_tail : "", async () => (patient?.name_open ? import("../components/card_name.js") : null));
  const ways = useFetched(`${!reader}`, async () => (reader ? null : import("../components/ways.js")));
  const online = linkUp.value && staffHere.value !== null;
  const nobody = live.value.phone?.reduced ? "start.no_staff" : "start.nobody";
  const goesOn = (drafts.value ?? []).some((draft) => draft.patient_name === patient?.name);
  const disabledBox = live.value.box?.enabled === false;
  const action = reader && patient && !disabledBox && !noVisits.value ? html`<${Button} kind="primary" id="start-visit" busy=${start.busy} onPress=${() => void start.run(!online)}>
    ${t(goesOn ? "start.go_on" : online ? "start.action" : "start.action_offline")}<//>` : null;

  return html`<${Screen} title=${t("start.title")} action=${action} header=${patient ? html`<${PatientHeader} name=${patient.name}
      idMasked=${patient.id_masked} birthDate=${patient.birth_date} sex=${patient.sex} />` : null}>
    <${ErrorNotice} error=${start.error}>${start.error?.body.code.startsWith("GW-LNK") ? html`<${Button} id="start-offline" busy=${start.busy}
      onPress=${() => void start.run(true)}>${t("start.action_offline")}<//>` : null}<//>
    ${disabledBox ? html`<${Notice} kind="warn" title=${t("error.GW-DC-05.what")}><p>${t("error.GW-DC-05.where")}</p><p>${t("error.GW-DC-05.now")}</p><//>` : null}
    ${noVisits.value ? html`<a class="notice warn" id="start-locked" href="#/rights">${t("home.locked")}</a>` : asks.value ? html`<${asks.value.CardName} reader=${reader} />` : null}
    ${patients.length > 1 ? html`<fieldset class="choices"><legend>${t("start.which_card")}</legend>${patients.map((r) => html`<label class="choice">
      <input type="radio" name="patient" checked=${r === reader} onChange=${() => setChosen(r.reader_id)} />
      <span>${r.card.patient?.name}<small>${r.name}</small></span></label>`)}</fieldset>` : null}
    ${!reader && ways.value ? html`<${ways.value.Ways} />` : null}
    ${reader && !linkUp.value ? html`<${Notice} kind="warn" title=${t("start.offline.what")}><p>${t("start.offline.where")}</p><p>${t("start.offline.now")}</p><//>` : null}
    ${reader && !staffHere.value && (linkUp.value || !patient) ? html`<${Notice} kind="warn" title=${t(`${nobody}.what`)}><p>${t(`${nobody}.now`)}</p>
      <div class="actions"><a class="button plain" href="#/sign-in">${t("home.sign_in")}</a></div><//>` : null}
    ${drafts.value && drafts.value.length > 0 ? html`<section class="group"><h2>${t("home.drafts")}</h2><div class="items">${drafts.value.map((draft) => html`<${RowLink}
      href=${`#/visits/${draft.visit_id}`} title=${draft.patient_name} detail=${t("home.draft_since", { at: rocMoment(draft.visit_at) })} />`)}</div></section>` : null}<//>`;
}
