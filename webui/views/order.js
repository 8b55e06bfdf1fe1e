/** One order: dose, frequency, route, days, total computed or typed by hand, and marked as such (M13, X17). */
import { html } from "../lib/htm-preact.js";
import { useEffect } from "../lib/preact-hooks.js";
import { segment } from "../core/api.js";
import { computedTotal } from "../core/dose.js";
import { closeDraft, editorPath, openDraft } from "../core/draft.js";
import { quantity } from "../core/format.js";
import { back, replace } from "../core/router.js";
import { offerUndo, reached } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Screen, useFetched } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";
import { SaveState, SaveTrouble } from "./visit.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Order} Order */

const COMMON_FREQUENCIES = ["QD", "BID", "TID", "QID", "HS", "PRN"];
const COMMON_ROUTES = ["PO", "EXT", "SC", "IM"];
const COMMON_DAYS = [3, 7, 14, 28];

/**
 * @param {{ id: string, label: string, value: number, max: number, step: string, change: (value: number) => void }} props
 */
function NumberField({ id, label, value, max, step, change }) {
  return html`<${Field} id=${id} label=${label}><input id=${id} class="code" type="number" inputmode=${step === "1" ? "numeric" : "decimal"} min="0" max=${max} step=${step}
    readonly=${!reached.value} enterkeyhint="next" value=${value === 0 ? "" : quantity(value)}
    onInput=${(/** @type {any} */ event) => { const typed = Number(event.currentTarget.value); if (typed >= 0 && typed <= max) change(typed); }} /><//>`;
}

/**
 * @param {{ label: string, values: (string | number)[], chosen: string | number, pick: (value: any) => void, more?: string, words?: (value: any) => string }} props
 */
function Choices({ label, values, chosen, pick, more, words = String }) {
  const shown = chosen === "" || chosen === 0 || values.includes(chosen) ? values : [chosen, ...values];
  return html`<div class="field"><span class="label">${label}</span><div class="pills" role="group" aria-label=${label}>${shown.map((value) => html`<button type="button"
    class="pill" disabled=${!reached.value} aria-pressed=${value === chosen} onClick=${() => pick(value)}>${words(value)}</button>`)}
    ${more ? html`<a class="pill more" href=${more}>${t("order.more")}</a>` : null}</div></div>`;
}

/** @param {{ draft: Draft, index: number, order: Order, reload: () => void }} props */
function Editor({ draft, index, order, reload }) {
  const up = editorPath(draft);
  const computed = computedTotal(order);
  /** @param {Partial<Order>} changes */
  const change = (changes) => {
    const changed = { ...order, ...changes };
    if (!changed.total_overridden) changed.total = computedTotal(changed) ?? (changes.total ?? 0);
    draft.change({ orders: draft.content.value.orders.map((o, i) => (i === index ? changed : o)) });
  };
  const remove = () => {
    const { orders } = draft.content.value;
    draft.change({ orders: orders.filter((_, i) => i !== index) }, { soon: true });
    offerUndo(t("visit.removed", { what: order.name || order.code }), () => {
      const now = draft.content.value.orders.slice();
      now.splice(index, 0, order);
      draft.change({ orders: now }, { soon: true });
    });
    back(up);
  };
  return html`<${Screen} title=${t("order.title")} up=${up} header=${html`<${VisitPatient} visit=${draft.visit} />`}
    action=${html`<${Button} kind="primary" id="order-done" onPress=${() => { draft.saveSoon(); back(up); }}>${t("order.done")}<//>`}>
    <div class="visit-facts"><p class="row-title">${order.name}</p><p class="code">${order.code}</p><${SaveState} draft=${draft} /></div>
    <${SaveTrouble} draft=${draft} reload=${reload} />
    <${NumberField} id="dose" label=${t("order.dose")} value=${order.dose} max="9999" step="0.1" change=${(/** @type {number} */ dose) => change({ dose })} />
    <${Choices} label=${t("order.frequency")} values=${COMMON_FREQUENCIES} chosen=${order.frequency} pick=${(/** @type {string} */ frequency) => change({ frequency })} more=${`#/visits/${segment(draft.id)}/pick/frequencies/${index}`} />
    <${Choices} label=${t("order.route")} values=${COMMON_ROUTES} chosen=${order.route} pick=${(/** @type {string} */ route) => change({ route })} more=${`#/visits/${segment(draft.id)}/pick/routes/${index}`} />
    <${Choices} label=${t("order.days")} values=${COMMON_DAYS} chosen=${order.days} pick=${(/** @type {number} */ days) => change({ days })} words=${(/** @type {number} */ days) => t("order.days_short", { days })} />
    <${NumberField} id="days" label=${t("order.days_other")} value=${order.days} max="92" step="1" change=${(/** @type {number} */ days) => change({ days: Math.floor(days) })} />
    <div class="total ${order.total_overridden ? "by-hand" : ""}"><${NumberField} id="total" label=${t("order.total")} value=${order.total} max="99999" step="0.1"
        change=${(/** @type {number} */ total) => change({ total, total_overridden: computed === null || total !== computed })} />
      <p class="hint" id="total-note">${order.total_overridden && computed !== null ? t("order.overridden", { computed: quantity(computed) }) : computed === null ? t("order.total_needed") : t("order.computed", { dose: quantity(order.dose), frequency: order.frequency, days: order.days })}</p>
      ${order.total_overridden && computed !== null ? html`<${Button} kind="quiet" id="total-computed" onPress=${() => change({ total_overridden: false })}>${t("order.use_computed", { computed: quantity(computed) })}<//>` : null}</div>
    <label class="switch"><input type="checkbox" checked=${order.chronic} onChange=${(/** @type {any} */ event) => change({ chronic: event.currentTarget.checked, refills: event.currentTarget.checked ? Math.max(2, order.refills) : 0 })} /><span>${t("order.chronic")}</span></label>
    ${order.chronic ? html`<${Choices} label=${t("order.refills")} values=${[2, 3, 4]} chosen=${order.refills} pick=${(/** @type {number} */ refills) => change({ refills })} words=${(/** @type {number} */ times) => t("order.refills_short", { times })} />` : null}
    <${Field} id="note" label=${t("order.note")}><input id="note" maxlength="200" autocomplete="off" enterkeyhint="done" value=${order.note} onInput=${(/** @type {any} */ event) => change({ note: event.currentTarget.value })} /><//>
    <${Button} kind="danger" id="remove-order" disabled=${!reached.value} onPress=${remove}>${t("order.remove")}<//><//>`;
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
