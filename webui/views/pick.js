/** Search as you type in a data set on the box: from one Chinese character or two Latin ones (M07, M11). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../lib/preact-hooks.js";
import { asApiError, get, segment } from "../core/api.js";
import { editorPath, openDraft } from "../core/draft.js";
import { computedTotal } from "../core/dose.js";
import { CATEGORIES, isControlled, newOrder, orderOf, packageOf } from "../core/visit.js";
import { back, replace } from "../core/router.js";
import { announce } from "../core/store.js";
import { longEnough } from "../core/search.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Notice, Screen, useFetched } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Hit} Hit */

const TYPING_PAUSE_MS = 120;

/** Data sets of the claim settings, each with the setting that it fills. @type {Record<string, Exclude<keyof import("../core/types").ClaimSettings, "special_items">>} */
const CLAIM = {
  case_types: "case_type", departments: "department", payment_categories: "payment_category",
  visit_types: "visit_type", dispensing: "dispensing", copay: "copay",
};

/** Small sets are shown whole, before anything is typed. */
const BROWSABLE = new Set([...Object.keys(CLAIM), "routes", "frequencies", "packages", "special_items"]);

/** 特定治療項目 that a claim has room for. */
const MOST_SPECIAL_ITEMS = 4;

/** @param {Draft} draft @param {Hit} hit */
function addDiagnosis(draft, hit) {
  const { diagnoses } = draft.content.value;
  if (!diagnoses.some((d) => d.code === hit.code)) {
    draft.change({ diagnoses: [...diagnoses, { code: hit.code, name_zh: hit.name_zh, name_en: hit.name_en }] }, { soon: true });
  }
  announce(t("pick.added", { what: hit.code }));
}

/** @param {Draft} draft @param {import("../core/types").Order} order @returns {number} its place */
function addOrder(draft, order) {
  const orders = [...draft.content.value.orders, order];
  draft.change({ orders }, { soon: true });
  announce(t("pick.added", { what: order.code }));
  return orders.length - 1;
}

/** @param {Draft} draft @param {Hit} hit */
function addPackage(draft, hit) {
  const { diagnoses, orders } = draft.content.value;
  const more = packageOf(hit);
  draft.change({
    diagnoses: [...diagnoses, ...more.diagnoses.filter((one) => !diagnoses.some((d) => d.code === one.code))],
    orders: [...orders, ...more.orders],
  }, { soon: true });
  announce(t("pick.added", { what: hit.name_zh || hit.code }));
}

/** @param {Draft} draft @param {Hit} hit */
function addSpecialItem(draft, hit) {
  const { claim } = draft.content.value;
  if (!claim.special_items.includes(hit.code) && claim.special_items.length < MOST_SPECIAL_ITEMS) {
    draft.change({ claim: { ...claim, special_items: [...claim.special_items, hit.code] } }, { soon: true });
  }
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
  useLayoutEffect(() => field.current?.focus(), []);
  const { hits, error } = useHits(dataset, query);
  const up = editorPath(draft);
  const kind = CATEGORIES[dataset];
  /** @param {Hit} hit */
  const pick = (hit) => {
    const setting = CLAIM[dataset];
    if (dataset === "icd10") addDiagnosis(draft, hit);
    else if (dataset === "routes") changeOrder(draft, index, { route: hit.code });
    else if (dataset === "frequencies") changeOrder(draft, index, { frequency: hit.code });
    else if (dataset === "special_items") addSpecialItem(draft, hit);
    else if (dataset === "packages") addPackage(draft, hit);
    else if (setting) draft.change({ claim: { ...draft.content.value.claim, [setting]: hit.code } }, { soon: true });
    else if (kind) {
      replace(`/visits/${segment(draft.id)}/order/${addOrder(draft, orderOf(kind, hit))}`);
      return;
    }
    back(up);
  };
  /** @param {any} event */
  const typed = (event) => {
    if (!composing.current) setQuery(event.currentTarget.value);
  };
  return html`<${Screen} title=${t(`pick.${dataset}`)} up=${up} header=${html`<${VisitPatient} visit=${draft.visit} />`}>
    ${kind === undefined ? null : html`<${Categories} draft=${draft} dataset=${dataset} />`}
    <div class="search"><input id="search" ref=${field} type="search" enterkeyhint="search" autocomplete="off" autocapitalize="off" spellcheck="false"
      aria-label=${t(`pick.${dataset}`)} aria-describedby="search-hint" aria-controls="hits" placeholder=${t(`pick.placeholder.${dataset === "icd10" || dataset === "drugs" ? dataset : "other"}`)} disabled=${!draft.writable.value}
      onInput=${typed} oncompositionstart=${() => { composing.current = true; }}
      oncompositionend=${(/** @type {any} */ event) => { composing.current = false; typed(event); }} /></div>
    <p class="hint" id="search-hint" role="status">${hits === null ? t("pick.hint") : hits.length === 0 ? t("pick.none") : t("pick.count", { count: hits.length })}</p>
    <${ErrorNotice} error=${error} />
    <ul class="hits" id="hits">${(hits ?? []).map((hit) => html`<li key=${hit.code}><button type="button" class="hit" data-code=${hit.code} disabled=${!hit.billable || !draft.writable.value || isControlled(hit)} onClick=${() => pick(hit)}>
      <span class="row-title"><span class="code">${hit.code}</span>${hit.favourite ? html`<span class="tag">${t("pick.favourite")}</span>` : null}${hit.billable ? null : html`<span class="tag">${t("pick.heading_only")}</span>`}${isControlled(hit) ? html`<span class="tag warn">${t("order.kind.controlled")}</span>` : null}</span>
      <span class="row-detail">${hit.name_zh || hit.name_en}</span>${hit.name_zh && hit.name_en ? html`<span class="row-detail second" lang="en">${hit.name_en}</span>` : null}${presets(hit)}</button></li>`)}</ul>
    ${(hits ?? []).some(isControlled) ? html`<${ControlledNotice} />` : null}
    ${kind ? html`<${OwnOrder} draft=${draft} kind=${kind} />` : null}<//>`;
}

/** 頻率, 途徑, 天數, 價格 that come with a row (M11). @param {Hit} hit */
function presets(hit) {
  const { frequency, route, days, price, controlled } = hit.attributes;
  const parts = [frequency, route, days ? t("order.days_short", { days }) : "", price ? t("pick.price", { price }) : "", controlled ? t("pick.controlled", { grade: controlled }) : ""].filter(Boolean);
  return parts.length > 0 ? html`<span class="row-detail second">${parts.join(" · ")}</span>` : null;
}

/** The insurer's own words (M10). */
function ControlledNotice() {
  return html`<${Notice} kind="warn"><p id="controlled-notice">${t("controlled.notice")}</p><//>`;
}

/** @param {{ draft: Draft, dataset: string }} props */
function Categories({ draft, dataset }) {
  return html`<nav class="pills" aria-label=${t("pick.categories")}>${Object.keys(CATEGORIES).map((name) => html`<button type="button" class="pill" data-category=${name} aria-pressed=${name === dataset}
    onClick=${() => replace(`/visits/${segment(draft.id)}/pick/${name}`)}>${t(`pick.category.${name}`)}</button>`)}</nav>`;
}

/** 自行新增: an item that is in no data set (M12). @param {{ draft: Draft, kind: import("../core/types").Order["kind"] }} props */
function OwnOrder({ draft, kind }) {
  const [code, setCode] = useState("");
  const [own, setOwn] = useState("");
  const [name, setName] = useState("");
  const closed = !draft.writable.value;
  const add = () => {
    const place = addOrder(draft, newOrder({ kind, code: code.trim().toUpperCase(), own_code: own.trim(), name: name.trim(), self_entered: true }));
    replace(`/visits/${segment(draft.id)}/order/${place}`);
  };
  /** @param {(value: string) => void} set */
  const typed = (set) => (/** @type {any} */ event) => set(event.currentTarget.value);
  return html`<details class="fold" id="own-order"><summary>${t("pick.own")}</summary><p class="hint">${t("pick.own_hint")}</p>
    <${Field} id="own-nhi-code" label=${t("order.code")}><input id="own-nhi-code" class="code" maxlength="12" autocapitalize="characters" autocomplete="off" spellcheck="false" value=${code} onInput=${typed(setCode)} /><//>
    <${Field} id="own-own-code" label=${t("order.own_code")}><input id="own-own-code" class="code" maxlength="20" autocomplete="off" spellcheck="false" value=${own} onInput=${typed(setOwn)} /><//>
    <${Field} id="own-name" label=${t("pick.own_name")}><input id="own-name" maxlength="200" autocomplete="off" value=${name} onInput=${typed(setName)} /><//>
    <${Button} id="add-own" disabled=${closed || !/^[0-9A-Za-z]{1,12}$/.test(code.trim()) || !name.trim()} onPress=${add}>${t("pick.own_add")}<//></details>`;
}

/** @param {{ draft: Draft }} props */
function Controlled({ draft }) {
  return html`<${Screen} title=${t("pick.controlled_title")} up=${editorPath(draft)} header=${html`<${VisitPatient} visit=${draft.visit} />`}>
    <${Categories} draft=${draft} dataset="controlled" /><${ControlledNotice} /><//>`;
}

/** @param {{ id: string, dataset: string, index?: string }} props */
export default function Pick({ id, dataset, index = "0" }) {
  const draft = useFetched(id, () => openDraft(id));
  if (draft.error) return html`<${Screen} title=${t("visit.title")} up="/"><${ErrorNotice} error=${draft.error} /><//>`;
  if (!draft.value) return html`<main><${Loading} /></main>`;
  if (dataset === "controlled") return html`<${Controlled} draft=${draft.value} />`;
  return html`<${Picker} draft=${draft.value} dataset=${dataset} index=${Number(index)} />`;
}
