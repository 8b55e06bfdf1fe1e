/** 到離與費用: arrival and departure, what raises the fee of a home visit, and what the visit costs (M21). */
import { html } from "../lib/htm-preact.js";
import { atClock, clock, points, rocDay } from "../core/format.js";
import { announce, boxNow } from "../core/store.js";
import { newOrder } from "../core/visit.js";
import { t } from "../core/words.js";
import { useAdvice, useRow } from "../components/advice.js";
import { Button, Field } from "../components/controls.js";
import { DraftScreen } from "../components/draft_screen.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").HomeFee} HomeFee */

const SWITCHES = /** @type {const} */ (["remote", "under_served", "emergency", "holiday"]);

/** @param {{ draft: Draft, name: "arrived_at" | "departed_at", otherwise: string }} props `otherwise`: shown while nobody has told */
function Moment({ draft, name, otherwise }) {
  const { occasion } = draft.content.value;
  const at = occasion[name] ?? otherwise;
  const closed = !draft.writable.value;
  /** @param {string | null} moment */
  const set = (moment) => draft.change({ occasion: { ...occasion, [name]: moment } }, { soon: true });
  /** @param {any} event */
  const typed = (event) => {
    const { value } = event.currentTarget;
    if (value) set(atClock(name === "arrived_at" ? draft.visit.visit_at : occasion.arrived_at ?? draft.visit.visit_at, value, name === "departed_at"));
  };
  return html`<${Field} id=${name} label=${t(`stay.${name}`)} hint=${at ? rocDay(at) : undefined}><div class="beside">
    <input id=${name} class="code" type="time" value=${at ? clock(at) : ""} readonly=${closed} aria-describedby=${at ? `${name}-hint` : undefined} onChange=${typed} />
    <${Button} id=${`${name}-now`} disabled=${closed} onPress=${() => set(new Date(Math.floor(boxNow() / 1000) * 1000).toISOString())}>${t("stay.now")}<//></div><//>`;
}

/** @param {{ draft: Draft, fee: HomeFee, percentage: number }} props */
function Fee({ draft, fee, percentage }) {
  const row = useRow("fees", fee.code);
  const name = row?.name_zh || t("stay.fee_name");
  const marks = [fee.group ? t("stay.group", { group: fee.group }) : "", fee.over_hour === null ? "" : t(fee.over_hour ? "stay.over_hour" : "stay.within_hour"),
    percentage === 100 ? "" : t("stay.percentage", { percentage })].filter(Boolean).join(" · ");
  const { orders } = draft.content.value;
  const there = orders.some((order) => order.code === fee.code);
  const add = () => {
    draft.change({ orders: [...orders, newOrder({ kind: "service", code: fee.code, name, price: fee.points, percentage })] }, { soon: true });
    announce(t("pick.added", { what: fee.code }));
  };
  return html`<li class="item" data-fee=${fee.code}><div class="row-text"><span class="row-title"><span class="code">${fee.code}</span>${there ? html`<span class="tag">${t("stay.fee_there")}</span>` : null}</span>
    <span class="row-detail">${name} · ${t("stay.points", { points: points(fee.points) })}${marks ? ` · ${marks}` : ""}</span></div>
    ${there ? null : html`<${Button} kind="quiet" disabled=${!draft.writable.value} label=${t("stay.add_fee", { code: fee.code })} onPress=${add}>${t("stay.add")}<//>`}</li>`;
}

/** @param {{ draft: Draft, name: "fee_points" | "copay_points", computed: number | null | undefined }} props */
function Amount({ draft, name, computed }) {
  const content = draft.content.value;
  const byHand = content.amounts_by_hand;
  const value = byHand ? content[name] : computed ?? content[name];
  const other = name === "fee_points" ? "copay_points" : "fee_points";
  /** @param {any} event */
  const typed = (event) => {
    const number = Math.floor(Number(event.currentTarget.value));
    if (!(number >= 0 && number <= 9999999)) return;
    draft.change({ [name]: number, [other]: byHand ? content[other] : Number(event.currentTarget.form?.elements.namedItem(other)?.value ?? content[other]), amounts_by_hand: true });
  };
  return html`<${Field} id=${name} label=${t(`stay.${name}`)}><input id=${name} name=${name} class="code" type="number" inputmode="numeric" min="0" max="9999999" step="1"
    readonly=${!draft.writable.value} value=${String(value)} onInput=${typed} /><//>`;
}

/** @param {{ draft: Draft }} props */
function Part({ draft }) {
  const { visit } = draft;
  const { occasion, amounts_by_hand } = draft.content.value;
  const advice = useAdvice(draft);
  const closed = !draft.writable.value;
  const where = visit.position;
  return html`<${Moment} draft=${draft} name="arrived_at" otherwise=${visit.visit_at} />
    <${Moment} draft=${draft} name="departed_at" otherwise=${visit.finished_at ?? ""} />
    <p class="hint">${occasion.departed_at || visit.finished_at ? "" : t("stay.departs_at_finish")} ${where ? (where.accuracy_m ? t("stay.position", { metres: Math.round(where.accuracy_m) }) : t("stay.position_rough")) : t("stay.no_position")}</p>
    ${SWITCHES.map((name) => html`<label class="switch"><input type="checkbox" id=${name} checked=${occasion[name]} disabled=${closed}
      onChange=${(/** @type {any} */ event) => draft.change({ occasion: { ...occasion, [name]: event.currentTarget.checked } }, { soon: true })} /><span>${t(`stay.${name}`)}</span></label>`)}
    ${advice && advice.fees.length > 0 ? html`<section class="group"><h2>${t("stay.fees")}</h2><p class="hint">${t("stay.fees_hint")}</p>
      <ul class="items">${advice.fees.map((fee) => html`<${Fee} key=${fee.code} draft=${draft} fee=${fee} percentage=${advice.percentage} />`)}</ul></section>` : null}
    <section class="group"><h2>${t("stay.price")}</h2><form class="pair" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Amount} draft=${draft} name="fee_points" computed=${advice?.fee_points} /><${Amount} draft=${draft} name="copay_points" computed=${advice?.copay_points} /></form>
      <p class="hint" id="amounts-note">${amounts_by_hand ? t("stay.by_hand") : advice && advice.copay_points === null ? t("stay.copay_unknown") : t("stay.computed")}</p>
      ${amounts_by_hand ? html`<${Button} kind="quiet" id="amounts-computed" disabled=${closed} onPress=${() => draft.change({ amounts_by_hand: false }, { soon: true })}>${t("stay.use_computed")}<//>` : null}</section>`;
}

/** @param {{ id: string }} props */
export default function Stay({ id }) {
  return html`<${DraftScreen} id=${id} title=${t("stay.title")} part=${Part} />`;
}
