/** Search as you type in a data set on the box: from one Chinese character or two Latin ones (M07, M11). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useRef, useState } from "../lib/preact-hooks.js";
import { asApiError, get, segment } from "../core/api.js";
import { editorPath, openDraft } from "../core/draft.js";
import { computedTotal } from "../core/dose.js";
import { back, replace } from "../core/router.js";
import { announce } from "../core/store.js";
import { longEnough } from "../core/search.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, Screen, useFetched } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Hit} Hit */

const TYPING_PAUSE_MS = 120;

/** Data sets of the claim settings, each with the setting that it fills. @type {Record<string, keyof import("../core/types").ClaimSettings>} */
const CLAIM = {
  case_types: "case_type", departments: "department", payment_categories: "payment_category",
  visit_types: "visit_type", dispensing: "dispensing", copay: "copay",
};

/** Small sets are shown whole, before anything is typed. */
const BROWSABLE = new Set([...Object.keys(CLAIM), "routes", "frequencies"]);

/** @param {Draft} draft @param {Hit} hit */
function addDiagnosis(draft, hit) {
  const { diagnoses } = draft.content.value;
  if (!diagnoses.some((d) => d.code === hit.code)) {
    draft.change({ diagnoses: [...diagnoses, { code: hit.code, name_zh: hit.name_zh, name_en: hit.name_en }] }, { soon: true });
  }
  announce(t("pick.added", { what: hit.code }));
}

/** @param {Draft} draft @param {Hit} hit */
function addDrug(draft, hit) {
  const preset = hit.attributes;
  /** @type {import("../core/types").Order} */
  const order = {
    kind: "drug", code: hit.code, name: hit.name_zh || hit.name_en, dose: Number(preset["dose"] ?? 1),
    frequency: preset["frequency"] ?? "", route: preset["route"] ?? "", days: Number(preset["days"] ?? 0), total: 0,
    total_overridden: false, chronic: false, refills: 0, price: Number(preset["price"] ?? 0), note: "", self_entered: false,
  };
  order.total = computedTotal(order) ?? 0;
  const orders = [...draft.content.value.orders, order];
  draft.change({ orders }, { soon: true });
  announce(t("pick.added", { what: hit.code }));
  return orders.length - 1;
}

/** @param {Draft} draft @param {number} index @param {Partial<import("../core/types").Order>} changes */
function changeOrder(draft, index, changes) {
  const orders = draft.content.value.orders.map((order, i) => {
    if (i !== index) return order;
    const changed = { ...order, ...changes };
    return changed.total_overridden ? changed : { ...changed, total: computedTotal(changed) ?? 0 };
  });
  draft.change({ orders }, { soon: true });
}

/**
 * @param {string} dataset
 * @param {string} query
 * @returns {{ hits: Hit[] | null, error: import("../core/api.js").ApiError | null }}
 */
function useHits(dataset, query) {
  const [found, setFound] = useState(/** @type {{ hits: Hit[] | null, error: import("../core/api.js").ApiError | null }} */ ({ hits: null, error: null }));
  useEffect(() => {
    if (!longEnough(query) && !(BROWSABLE.has(dataset) && query.trim() === "")) {
      setFound({ hits: null, error: null });
      return undefined;
    }
    const aborter = new AbortController();
    const timer = setTimeout(() => {
      const path = `/api/catalogue/${segment(dataset)}?q=${encodeURIComponent(query.trim())}&limit=30`;
      get(path, { signal: aborter.signal }).then(
        (hits) => setFound({ hits: /** @type {Hit[]} */ (hits), error: null }),
        (thrown) => { if (!aborter.signal.aborted) setFound({ hits: null, error: asApiError(thrown) }); },
      );
    }, query ? TYPING_PAUSE_MS : 0);
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [dataset, query]);
  return found;
}

/** @param {{ draft: Draft, dataset: string, index: number }} props */
function Picker({ draft, dataset, index }) {
  const [query, setQuery] = useState("");
  // Preact finds an event's name by the element's `on…` property, which compositions have none of: lower case below.
  const composing = useRef(false);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLInputElement | null>} */
  const field = useRef(null);
  useEffect(() => field.current?.focus(), []);
  const { hits, error } = useHits(dataset, query);
  const up = editorPath(draft);
  /** @param {Hit} hit */
  const pick = (hit) => {
    const setting = CLAIM[dataset];
    if (dataset === "icd10") addDiagnosis(draft, hit);
    else if (dataset === "routes") changeOrder(draft, index, { route: hit.code });
    else if (dataset === "frequencies") changeOrder(draft, index, { frequency: hit.code });
    else if (setting) draft.change({ claim: { ...draft.content.value.claim, [setting]: hit.code } }, { soon: true });
    else {
      replace(`/visits/${segment(draft.id)}/order/${addDrug(draft, hit)}`);
      return;
    }
    back(up);
  };
  /** @param {any} event */
  const typed = (event) => {
    if (!composing.current) setQuery(event.currentTarget.value);
  };
  return html`<${Screen} title=${t(`pick.${dataset}`)} up=${up} header=${html`<${VisitPatient} visit=${draft.visit} />`}>
    <div class="search"><input id="search" ref=${field} type="search" enterkeyhint="search" autocomplete="off" autocapitalize="off" spellcheck="false"
      aria-label=${t(`pick.${dataset}`)} aria-describedby="search-hint" aria-controls="hits" placeholder=${t(`pick.placeholder.${dataset === "icd10" || dataset === "drugs" ? dataset : "other"}`)}
      onInput=${typed} oncompositionstart=${() => { composing.current = true; }}
      oncompositionend=${(/** @type {any} */ event) => { composing.current = false; typed(event); }} /></div>
    <p class="hint" id="search-hint" role="status">${hits === null ? t("pick.hint") : hits.length === 0 ? t("pick.none") : t("pick.count", { count: hits.length })}</p>
    <${ErrorNotice} error=${error} />
    <ul class="hits" id="hits">${(hits ?? []).map((hit) => html`<li key=${hit.code}><button type="button" class="hit" data-code=${hit.code} disabled=${!hit.billable} onClick=${() => pick(hit)}>
      <span class="row-title"><span class="code">${hit.code}</span>${hit.favourite ? html`<span class="tag">${t("pick.favourite")}</span>` : null}${hit.billable ? null : html`<span class="tag">${t("pick.heading_only")}</span>`}</span>
      <span class="row-detail">${hit.name_zh || hit.name_en}</span>${hit.name_zh && hit.name_en ? html`<span class="row-detail second" lang="en">${hit.name_en}</span>` : null}</button></li>`)}</ul><//>`;
}

/** @param {{ id: string, dataset: string, index?: string }} props */
export default function Pick({ id, dataset, index = "0" }) {
  const draft = useFetched(id, () => openDraft(id));
  if (draft.error) return html`<${Screen} title=${t("visit.title")} up="/"><${ErrorNotice} error=${draft.error} /><//>`;
  if (!draft.value) return html`<main><${Loading} /></main>`;
  return html`<${Picker} draft=${draft.value} dataset=${dataset} index=${Number(index)} />`;
}
