/** A finished visit as a file for another program, what Big5 cannot carry decided by a person first; and the receipts of a month (R02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, segment } from "../core/api.js";
import { fetchVisit } from "../core/draft.js";
import { boxNow } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { LockNotice, staffLock } from "../components/locked.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/types").ExportFile} ExportFile */
/** @typedef {import("../core/types").VisitInspection} VisitInspection */

/** Those in Big5 ask for a decision about characters it lacks; the others carry every character. */
const FORMS = /** @type {const} */ (["scheme", "claim", "fhir", "table"]);
const TYPES = { scheme: "application/json", claim: "application/xml", fhir: "application/fhir+json", table: "text/csv" };

/** First and last day of the month that is `back` months ago in Taipei, by the box's clock. @param {number} back */
function month(back) {
  const now = new Date(boxNow() + 8 * 3600_000);
  const [since, until] = [[back, 1], [back - 1, 0]].map(([months = 0, day]) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, day)).toISOString().slice(0, 10));
  return { since, until };
}

/** @param {{ id: string }} props */
export default function Export({ id }) {
  const found = useFetched(id, async () => {
    const [view, check] = await Promise.all([
      fetchVisit(id),
      /** @type {Promise<VisitInspection>} */ (get(`/api/visits/${segment(id)}/check`)),
    ]);
    return { visit: view.visit, check };
  });
  const [chosen, setChosen] = useState(/** @type {Record<string, string>} */ ({}));
  const [file, setFile] = useState(/** @type {{ form: keyof typeof TYPES, file: ExportFile } | null} */ (null));
  const make = useTask(async (/** @type {keyof typeof TYPES} */ form) => {
    setFile(null);
    const given = Object.fromEntries(Object.entries(chosen).filter(([, text]) => text !== ""));
    setFile({ form, file: await post(`/api/visits/${segment(id)}/export`, { form, chosen: given }) });
  });
  const reconcile = useTask(async (/** @type {number} */ back) => {
    setFile(null);
    setFile({ form: "table", file: await post("/api/reconciliation", month(back)) });
  });
  const up = `/visits/${segment(id)}/result`;
  if (!found.value) {
    return found.error ? html`<${Screen} title=${t("export.title")} up=${up}><${ErrorNotice} error=${found.error} /><//>` : html`<main><${Loading} /></main>`;
  }
  const { visit, check } = found.value;
  const lock = staffLock();
  const characters = [...new Set(check.unfit.map((each) => each.character))];
  return html`<${Screen} title=${t("export.title")} up=${up} header=${html`<${VisitPatient} visit=${visit} />`}>
    <p class="hint">${t("export.how")}</p><${LockNotice} lock=${lock} />
    ${check.findings.length > 0 ? html`<${Notice} kind="warn" title=${t("export.findings", { count: check.findings.length })}>
      <ul class="plain-list">${check.findings.map((each) => html`<li><span class="code">${each.code}</span> ${each.words}</li>`)}</ul><//>` : null}
    ${characters.length > 0 ? html`<section class="group" id="unfit"><h2>${t("export.unfit")}</h2><p class="hint">${t("export.unfit_how")}</p>
      ${characters.map((character) => html`<label class="field"><span>${t("export.instead", { character, count: check.unfit.filter((each) => each.character === character).length })}</span>
        <input type="text" maxlength="8" autocomplete="off" value=${chosen[character] ?? ""} onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => setChosen({ ...chosen, [character]: event.currentTarget.value })} /></label>`)}</section>` : null}
    <${ErrorNotice} error=${make.error ?? reconcile.error} />
    ${file ? html`<p role="status">${t("export.ready")}</p><div class="actions"><a class="button primary" id="export-file" data-form=${file.form} download=${file.file.name}
      href=${`data:${TYPES[file.form]};base64,${file.file.content}`}>${t("export.save", { name: file.file.name })}</a></div>` : null}
    <ul class="items">${FORMS.map((form) => html`<li class="item split"><div><strong>${t(`export.form.${form}`)}</strong><p class="hint">${t(`export.about.${form}`)}</p></div>
      <${Button} id=${`export-${form}`} onPress=${() => make.run(form)} busy=${make.busy} disabled=${lock !== null}>${t("export.make")}<//></li>`)}</ul>
    <section class="group"><h2>${t("reconcile.title")}</h2><p class="hint">${t("reconcile.how")}</p>
      <div class="actions">${["this", "last"].map((name, back) => html`<${Button} id=${`reconcile-${name}`} onPress=${() => reconcile.run(back)} busy=${reconcile.busy} disabled=${lock !== null}>${t(`reconcile.${name}`)}<//>`)}</div></section><//>`;
}
