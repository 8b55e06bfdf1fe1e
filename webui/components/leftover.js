/** 餘藥 of one medicine, by the records that are on the box (M17): what is not known is never called "none". */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, segment } from "../core/api.js";
import { rocDate, rocMoment } from "../core/format.js";
import { t } from "../core/words.js";
import { Button, Notice, useFetched } from "./controls.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Leftover} Known */
/** @typedef {import("../core/types").LeftMedicine} Medicine */

/** Codes of which something is left. @param {Draft} draft @returns {Set<string>} */
export function useLeftCodes(draft) {
  const found = useFetched(`left ${draft.id}`, () => /** @type {Promise<Known>} */ (get(`/api/visits/${segment(draft.id)}/leftover`)));
  return new Set((found.value?.medicines ?? []).flatMap((medicine) => medicine.codes));
}

/**
 * 過敏藥, all of them: whether a medicine is one of them is for a person to judge.
 * @param {{ draft: Draft, always?: boolean }} props `always`: say too that none are recorded, or that nobody can tell
 */
export function Allergies({ draft, always }) {
  const found = useFetched(`allergies ${draft.id}`, () => /** @type {Promise<import("../core/types").Allergies>} */ (get(`/api/visits/${segment(draft.id)}/allergies`)));
  const known = found.value;
  if (known?.recorded.length) return html`<${Notice} kind="error" title=${t("allergies.title")}>${known.recorded.map((one) => html`<p>${[one.drug, one.symptom, one.severity].filter(Boolean).join(" · ")}</p>`)}<//>`;
  return always && (known || found.error) ? html`<p class="hint">${t(known?.known ? "allergies.none" : "allergies.unknown")}</p>` : null;
}

/** @param {{ medicine: Medicine }} props */
function Fills({ medicine }) {
  return html`<ul class="plain-list" id="left-fills">${medicine.fills.map((fill) => html`<li>${t("left.fill", { institution: fill.institution, date: rocDate(fill.fetched_on), days: fill.days })}</li>`)}</ul>`;
}

/** @param {{ medicine: Medicine, closed: boolean, remove: () => void, virtualOrders: string }} props */
function Left({ medicine, closed, remove, virtualOrders }) {
  const [open, setOpen] = useState(false);
  const [kept, setKept] = useState(false);
  const name = medicine.names[0] || medicine.group;
  return html`<${Notice} kind="warn" title=${t("left.title", { name, days: medicine.remaining_days })}>
    <p>${t("left.until", { until: rocDate(medicine.usable_until), next: rocDate(medicine.next_fill_on) })}</p>
    ${medicine.is_duplicate ? html`<p>${t("left.duplicate")}</p>` : null}${medicine.approximate ? html`<p class="hint">${t("left.approximate")}</p>` : null}
    ${open ? html`<${Fills} medicine=${medicine} />` : null}
    <div class="actions">${kept ? null : html`<${Button} id="left-prescribe" disabled=${closed} onPress=${() => setKept(true)}>${t("left.prescribe")}<//>`}
      ${open ? null : html`<${Button} id="left-days" onPress=${() => setOpen(true)}>${t("left.days")}<//>`}
      ${kept ? null : html`<${Button} kind="danger" id="left-close" disabled=${closed} onPress=${remove}>${t("left.close")}<//>`}
      ${medicine.is_duplicate ? html`<a class="button plain" href=${virtualOrders}>${t("virtual.title")}</a>` : null}</div><//>`;
}

/**
 * @param {{ draft: Draft, code: string, remove: () => void }} props `remove`: not to prescribe it after all
 */
export function Leftover({ draft, code, remove }) {
  const found = useFetched(`left ${draft.id} ${code}`, () => /** @type {Promise<Known>} */ (get(`/api/visits/${segment(draft.id)}/leftover?code=${encodeURIComponent(code)}`)));
  const known = found.value;
  if (!known && !found.error) return null;
  // A line that could not be counted may be of this very medicine.
  if (!known?.known || (!known.medicines.length && known.uncounted)) return html`<p class="hint" data-left="unknown">${t("left.unknown")}</p>`;
  const asOf = known.as_of ? rocMoment(known.as_of) : "";
  if (known.medicines.length === 0) return html`<p class="hint" data-left="none">${t("left.none", { at: asOf })}</p>`;
  return html`<div data-left="some">${known.medicines.map((medicine) => html`<${Left} key=${medicine.group} medicine=${medicine} closed=${!draft.writable.value} remove=${remove}
    virtualOrders=${`#/visits/${segment(draft.id)}/virtual-orders`} />`)}<p class="hint">${t("left.as_of", { at: asOf })}</p></div>`;
}
