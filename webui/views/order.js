/** One order: dose, frequency, route, days, total computed or typed by hand, and marked as such (M13, X17). */
import { html } from "../lib/htm-preact.js";
import { useEffect } from "../lib/preact-hooks.js";
import { segment } from "../core/api.js";
import { computedTotal } from "../core/dose.js";
import { closeDraft, editorPath, openDraft } from "../core/draft.js";
import { quantity } from "../core/format.js";
import { back, replace } from "../core/router.js";
import { DATASETS } from "../core/visit.js";
import { t } from "../core/words.js";
import { useRow } from "../components/advice.js";
import { Button, ErrorNotice, Field, Loading, Screen, useFetched } from "../components/controls.js";
import { Allergies, Leftover } from "../components/leftover.js";
import { SaveState, SaveTrouble } from "../components/draft.js";
import { VisitPatient } from "../components/patient.js";
import { removeItem } from "./visit.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Order} Order */

const COMMON_FREQUENCIES = ["QD", "BID", "TID", "QID", "HS", "PRN"];
const COMMON_ROUTES = ["PO", "EXT", "SC", "IM"];
const COMMON_DAYS = [3, 7, 14, 28];

/**
 * @param {{ id: string, label: string, value: number, max: number, step: string, closed: boolean, change: (value: number) => void }} props
 */
function NumberField({ id, label, value, max, step, closed, change }) {
  return html`<${Field} id=${id} label=${label}><input id=${id} class="code" type="number" inputmode=${step === "1" ? "numeric" : "decimal"} min="0" max=${max} step=${step}
    readonly=${closed} enterkeyhint="next" value=${value === 0 ? "" : step === "0.01" ? String(value) : quantity(value)}
    onInput=${(/** @type {any} */ event) => { const typed = Number(event.currentTarget.value); if (typed >= 0 && typed <= max) change(typed); }} /><//>`;
}

/**
 * @param {{ label: string, values: (string | number)[], chosen: string | number, closed: boolean, pick: (value: any) => void, more?: string, words?: (value: any) => string }} props
 */
function Choices({ label, values, chosen, closed, pick, more, words = String }) {
  const shown = !chosen || values.includes(chosen) ? values : [chosen, ...values];
  return html`<div class="field"><span class="label">${label}</span><div class="pills" role="group" aria-label=${label}>${shown.map((value) => html`<button type="button"
    class="pill" disabled=${closed} aria-pressed=${value === chosen} onClick=${() => pick(value)}>${words(value)}</button>`)}
    ${more && !closed ? html`<a class="pill more" href=${more}>${t("order.more")}</a>` : null}</div></div>`;
}

/** 一般, 慢性病, 慢箋: which limits hold for a drug. @param {Order} order */
const kindOf = (order) => (order.chronic ? "repeat" : order.long_term ? "chronic" : "ordinary");

/** @type {Record<string, (refills: number) => Partial<Order>>} */
const KINDS = {
  ordinary: () => ({ chronic: false, long_term: false, refills: 0 }),
  chronic: () => ({ chronic: false, long_term: true, refills: 0 }),
  repeat: (refills) => ({ chronic: true, long_term: false, refills: Math.max(2, refills) }),
};

/** What the data set says of it, and the team's own code (M12, M14). @param {{ order: Order, closed: boolean, change: (changes: Partial<Order>) => void }} props */
function Detail({ order, closed, change }) {
  const row = useRow(DATASETS[order.kind] ?? "drugs", order.code);
  const facts = /** @type {[string, string][]} */ ([
    ["code", order.code], ["name_zh", row?.name_zh], ["name_en", row?.name_en], ...["indication", "form", "ingredient"].map((name) => [name, row?.attributes[name]]),
  ]).filter(([, value]) => value);
  return html`<details class="fold" id="order-detail"><summary>${t("order.detail")}</summary><dl class="facts">${facts.map(([name, value]) => html`<dt>${t(`order.${name}`)}</dt><dd>${value}</dd>`)}</dl>
    ${order.self_entered ? html`<${Field} id="own-code" label=${t("order.own_code")}><input id="own-code" class="code" maxlength="20" autocomplete="off" readonly=${closed} value=${order.own_code}
      onInput=${(/** @type {any} */ event) => change({ own_code: event.currentTarget.value.trim() })} /><//>` : null}</details>`;
}

/** Dose, frequency, route, days and how often it is dispensed. @param {{ draft: Draft, index: number, order: Order, change: (changes: Partial<Order>) => void }} props */
function Taking({ draft, index, order, change }) {
  const closed = !draft.writable.value;
  const base = `#/visits/${segment(draft.id)}/pick`;
  /** Pressed once more, it is taken back from a self-paid item, which is no medicine without any. @param {"frequency" | "route"} name */
  const set = (name) => (/** @type {string} */ value) => change({ [name]: order.kind === "self_paid" && value === order[name] ? "" : value });
  return html`<${NumberField} id="dose" label=${t("order.dose")} value=${order.dose} max="9999" step="0.1" closed=${closed} change=${(/** @type {number} */ dose) => change({ dose })} />
    <${Choices} label=${t("order.frequency")} values=${COMMON_FREQUENCIES} chosen=${order.frequency} closed=${closed} pick=${set("frequency")} more=${`${base}/frequencies/${index}`} />
    <${Choices} label=${t("order.route")} values=${COMMON_ROUTES} chosen=${order.route} closed=${closed} pick=${set("route")} more=${`${base}/routes/${index}`} />
    <${Choices} label=${t("order.days")} values=${COMMON_DAYS} chosen=${order.days} closed=${closed} pick=${(/** @type {number} */ days) => change({ days })} words=${(/** @type {number} */ days) => t("order.days_short", { days })} />
    <${NumberField} id="days" label=${t("order.days_other")} value=${order.days} max="92" step="1" closed=${closed} change=${(/** @type {number} */ days) => change({ days: Math.floor(days) })} />
    ${order.kind === "drug" ? html`<${Choices} label=${t("order.prescription")} values=${Object.keys(KINDS)} chosen=${kindOf(order)} closed=${closed}
        pick=${(/** @type {string} */ kind) => change(KINDS[kind]?.(order.refills) ?? {})} words=${(/** @type {string} */ kind) => t(`order.prescription.${kind}`)} />
      <p class="hint">${t(`order.prescription_hint.${kindOf(order)}`)}</p>` : null}
    ${order.chronic ? html`<${Choices} label=${t("order.refills")} values=${[2, 3, 4]} chosen=${order.refills} closed=${closed} pick=${(/** @type {number} */ refills) => change({ refills })} words=${(/** @type {number} */ times) => t("order.refills_short", { times })} />` : null}`;
}

/** @param {{ draft: Draft, index: number, order: Order, reload: () => void }} props */
function Editor({ draft, index, order, reload }) {
  const up = editorPath(draft);
  const closed = !draft.writable.value;
  const computed = computedTotal(order);
  /** @param {Partial<Order>} changes */
  const change = (changes) => {
    const changed = { ...order, ...changes };
    if (!changed.total_overridden) changed.total = computedTotal(changed) ?? changed.total;
    draft.change({ orders: draft.content.value.orders.map((o, i) => (i === index ? changed : o)) });
  };
  const remove = () => {
    removeItem(draft, "orders", index, order.name || order.code);
    back(up);
  };
  return html`<${Screen} title=${t("order.title")} up=${up} header=${html`<${VisitPatient} visit=${draft.visit} />`}
    action=${html`<${Button} kind="primary" id="order-done" onPress=${() => { draft.saveSoon(); back(up); }}>${t("order.done")}<//>`}>
    <div class="visit-facts"><p class="row-title">${order.name}</p><p><span class="code">${order.code}</span><span class="tag">${t(`order.kind.${order.kind}`)}</span>${order.self_entered ? html`<span class="tag">${t("order.self_entered")}</span>` : null}</p><${SaveState} draft=${draft} /></div>
    <${SaveTrouble} draft=${draft} reload=${reload} />
    ${order.kind === "drug" || order.kind === "self_paid" ? html`<${Allergies} draft=${draft} always />
      ${order.kind === "drug" ? html`<${Leftover} draft=${draft} code=${order.code} remove=${remove} />` : null}
      <${Taking} draft=${draft} index=${index} order=${order} change=${change} />` : null}
    <div class="total ${order.total_overridden ? "by-hand" : ""}"><${NumberField} id="total" label=${t("order.total")} value=${order.total} max="99999" step="0.1" closed=${closed}
        change=${(/** @type {number} */ total) => change({ total, total_overridden: (order.kind === "drug" || order.frequency !== "") && total !== computed })} />
      ${order.frequency ? html`<p class="hint" id="total-note">${computed === null ? t("order.total_needed") : t(order.total_overridden ? "order.overridden" : "order.computed", { computed: quantity(computed), dose: quantity(order.dose), frequency: order.frequency, days: order.days })}</p>` : null}
      ${order.total_overridden && computed !== null ? html`<${Button} kind="quiet" id="total-computed" disabled=${closed} onPress=${() => change({ total_overridden: false })}>${t("order.use_computed", { computed: quantity(computed) })}<//>` : null}</div>
    <div class="pair"><${NumberField} id="price" label=${t(order.kind === "self_paid" ? "order.price_self" : "order.price")} value=${order.price} max="9999999" step="0.01" closed=${closed} change=${(/** @type {number} */ price) => change({ price })} />
      ${order.kind === "service" ? html`<${NumberField} id="percentage" label=${t("order.percentage")} value=${order.percentage} max="999" step="1" closed=${closed} change=${(/** @type {number} */ percentage) => change({ percentage: Math.floor(percentage) })} />` : null}</div>
    <${Field} id="note" label=${t("order.note")}><input id="note" maxlength="200" autocomplete="off" enterkeyhint="done" readonly=${closed} value=${order.note} onInput=${(/** @type {any} */ event) => change({ note: event.currentTarget.value })} /><//>
    <${Detail} order=${order} closed=${closed} change=${change} />
    <${Button} kind="danger" id="remove-order" disabled=${closed} onPress=${remove}>${t("order.remove")}<//><//>`;
}

/** @param {{ id: string, index: string }} props */
export default function OrderView({ id, index }) {
  const draft = useFetched(id, () => openDraft(id));
  const order = draft.value?.content.value.orders[Number(index)];
  const gone = draft.value !== null && order === undefined;
  useEffect(() => {
    if (gone) replace(`/visits/${segment(id)}`);
  }, [gone]);
  const reload = () => {
    closeDraft();
    draft.reload();
  };
  if (draft.error) return html`<${Screen} title=${t("order.title")} up="/"><${ErrorNotice} error=${draft.error} /><//>`;
  if (!draft.value || !order) return html`<main><${Loading} /></main>`;
  return html`<${Editor} draft=${draft.value} index=${Number(index)} order=${order} reload=${reload} />`;
}
