/** 歷史就醫 and 自動帶入: an earlier visit of the same person, and what of it to take over (Q01, Q02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, segment } from "../core/api.js";
import { closeDraft, openDraft } from "../core/draft.js";
import { rocMoment } from "../core/format.js";
import { replace } from "../core/router.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/types").FormerVisit} FormerVisit */
/** @typedef {import("../core/types").LeftOut} LeftOut */

/** What a section would bring, in one line; empty when there is nothing. @type {[string, (former: FormerVisit) => string][]} */
const SECTIONS = [
  ["diagnoses", (former) => former.diagnoses.map((one) => `${one.code} ${one.name_zh || one.name_en}`).join(t("list.separator"))],
  ["orders", (former) => former.orders.map((one) => one.name || one.code).join(t("list.separator"))],
  ["subjective", (former) => former.subjective],
  ["objective", (former) => former.objective],
  ["special_note", (former) => former.special_note],
  ["claim", (former) => [former.claim.case_type, former.claim.department, former.claim.payment_category, former.claim.copay].filter(Boolean).join(" · ")],
];

/** @param {{ id: string }} props */
export default function CarryIn({ id }) {
  const draft = useFetched(id, () => openDraft(id));
  const former = useFetched(`former ${id}`, () => /** @type {Promise<FormerVisit[]>} */ (get(`/api/visits/${segment(id)}/former`)));
  const [chosen, setChosen] = useState("");
  const [sections, setSections] = useState(["diagnoses", "orders"]);
  const [leftOut, setLeftOut] = useState(/** @type {LeftOut[] | null} */ (null));
  const visit = former.value?.find((one) => one.visit_id === chosen) ?? former.value?.[0];
  const there = SECTIONS.filter(([, of]) => visit && of(visit) !== "");
  const wanted = there.map(([name]) => name).filter((name) => sections.includes(name));
  const up = `/visits/${segment(id)}`;
  const carry = useTask(async () => {
    if (!visit || !draft.value || !(await draft.value.flush())) return;
    const done = /** @type {{ revision: number, left_out: LeftOut[] }} */ (await post(`/api/visits/${segment(id)}/carry-in`, {
      revision: draft.value.revision, from_visit_id: visit.visit_id, sections: wanted,
    }));
    closeDraft();
    announce(t("carry.done"));
    if (done.left_out.length > 0) setLeftOut(done.left_out);
    else replace(up);
  });
  const action = leftOut ? html`<a class="button primary" href=${`#${up}`}>${t("carry.back")}</a>`
    : visit ? html`<${Button} kind="primary" id="carry-in" task=${carry} disabled=${wanted.length === 0 || !draft.value?.writable.value}>${t("carry.action", { count: wanted.length })}<//>` : null;
  return html`<${Screen} title=${t("carry.title")} up=${up} action=${action} header=${draft.value ? html`<${VisitPatient} visit=${draft.value.visit} />` : null}>
    <${ErrorNotice} error=${carry.error ?? former.error ?? draft.error} />
    ${former.value === null && !former.error ? html`<${Loading} />` : null}
    ${former.value?.length === 0 ? html`<${Notice} title=${t("carry.none")}><p>${t("carry.none_hint")}</p><//>` : null}
    ${leftOut ? html`<${Notice} kind="warn" title=${t("carry.left_out")}>${leftOut.map((one) => html`<p><span class="code">${one.what || t(`carry.section.${one.section}`)}</span> ${t(`carry.reason.${one.reason}`)}</p>`)}<//>` : null}
    ${former.value && former.value.length > 1 ? html`<fieldset class="choices"><legend>${t("carry.which")}</legend>${former.value.map((one) => html`<label class="choice"><input type="radio" name="former" checked=${one === visit} onChange=${() => setChosen(one.visit_id)} />
      <span>${rocMoment(one.visit_at)}<small>${one.practitioner}</small></span></label>`)}</fieldset>` : null}
    ${visit && former.value?.length === 1 ? html`<p class="hint">${rocMoment(visit.visit_at)} · ${visit.practitioner}</p>` : null}
    ${visit ? html`<fieldset class="choices"><legend>${t("carry.sections")}</legend>${there.map(([name, of]) => html`<label class="choice"><input type="checkbox" name=${name} checked=${sections.includes(name)}
      onChange=${() => setSections(sections.includes(name) ? sections.filter((one) => one !== name) : [...sections, name])} /><span>${t(`carry.section.${name}`)}<small>${of(visit)}</small></span></label>`)}</fieldset>
      <p class="hint">${t("carry.never")}</p>` : null}<//>`;
}
