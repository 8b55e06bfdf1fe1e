/** 申報資料設定: the six pickers of M03, each from its data set on the box. */
import { html } from "../lib/htm-preact.js";
import { get, segment } from "../core/api.js";
import { editorPath, openDraft } from "../core/draft.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, RowLink, Screen, useFetched } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/types").Hit} Hit */
/** @typedef {keyof import("../core/types").ClaimSettings} Setting */

/** @type {[Setting, string][]} */
const SETTINGS = [
  ["case_type", "case_types"], ["department", "departments"], ["payment_category", "payment_categories"],
  ["visit_type", "visit_types"], ["dispensing", "dispensing"], ["copay", "copay"],
];

/** @param {{ id: string, setting: Setting, dataset: string, code: string }} props */
function SettingRow({ id, setting, dataset, code }) {
  const found = useFetched(`${dataset} ${code}`, async () => {
    const hits = /** @type {Hit[]} */ (await get(`/api/catalogue/${dataset}?q=${encodeURIComponent(code)}&limit=5`));
    return hits.find((hit) => hit.code === code) ?? null;
  });
  const name = found.value?.name_zh || found.value?.name_en || "";
  return html`<${RowLink} href=${`#/visits/${segment(id)}/pick/${dataset}`} title=${t(`claim.${setting}`)} detail=${html`<span class="code">${code}</span> ${name}`} />`;
}

/** @param {{ id: string }} props */
export default function Claim({ id }) {
  const draft = useFetched(id, () => openDraft(id));
  if (draft.error) return html`<${Screen} title=${t("claim.title")} up="/"><${ErrorNotice} error=${draft.error} /><//>`;
  if (!draft.value) return html`<main><${Loading} /></main>`;
  const { claim } = draft.value.content.value;
  return html`<${Screen} title=${t("claim.title")} up=${editorPath(draft.value)} header=${html`<${VisitPatient} visit=${draft.value.visit} />`}>
    <div class="items">${SETTINGS.map(([setting, dataset]) => html`<${SettingRow} id=${id} setting=${setting} dataset=${dataset} code=${claim[setting]} />`)}</div><//>`;
}
