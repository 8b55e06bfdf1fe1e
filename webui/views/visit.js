/** The draft: complaint, findings, diagnoses, orders; every change saved on the box as it is made (M01-M22). */
import { html } from "../lib/htm-preact.js";
import { segment } from "../core/api.js";
import { closeDraft, openDraft } from "../core/draft.js";
import { clock, points, quantity, rocMoment } from "../core/format.js";
import { go, replace } from "../core/router.js";
import { offerUndo, staffHere } from "../core/store.js";
import { useEffect, useLayoutEffect, useState } from "../lib/preact-hooks.js";
import { errorWords, t } from "../core/words.js";
import { useAdvice, useRow } from "../components/advice.js";
import { Button, ErrorNotice, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { SaveState, SaveTrouble, TextPart } from "../components/draft.js";
import { VisitPatient } from "../components/patient.js";
import { Allergies, useLeftCodes } from "../components/leftover.js";
import { SwipeItem } from "../components/swipe.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Order} Order */

const MOST_DIAGNOSES = 20;
const MOST_ORDERS = 60;
const FIRST_OR_FOLLOW_UP = new Set(["01", "02", "03", "AH"]);

/** @param {Order} order */
export function orderSummary(order) {
  const parts = [order.dose > 0 ? quantity(order.dose) : "", order.frequency, order.route,
    order.days > 0 ? t("order.days_short", { days: order.days }) : "",
    order.total > 0 ? t(order.total_overridden ? "order.total_by_hand" : "order.total_short", { total: quantity(order.total) }) : ""];
  return parts.filter(Boolean).join(" · ");
}

/**
 * Delete one of a list, and offer for 10 s to put it back where it was.
 * @param {Draft} draft
 * @param {"diagnoses" | "orders"} list
 * @param {number} index
 * @param {string} what
 */
export function removeItem(draft, list, index, what) {
  const items = /** @type {any[]} */ (draft.content.value[list]);
  const gone = items[index];
  draft.change({ [list]: items.filter((_, i) => i !== index) }, { soon: true });
  offerUndo(t("visit.removed", { what }), () => {
    const now = /** @type {any[]} */ (draft.content.value[list]).slice();
    now.splice(index, 0, gone);
    draft.change({ [list]: now }, { soon: true });
  });
}

/** @param {{ draft: Draft }} props */
function Diagnoses({ draft }) {
  const list = draft.content.value.diagnoses;
  const closed = !draft.writable.value;
  /** @param {number} index */
  const makeMain = (index) => {
    const chosen = list[index];
    if (chosen) draft.change({ diagnoses: [chosen, ...list.filter((_, i) => i !== index)] }, { soon: true });
  };
  return html`<section class="group"><h2>${t("visit.diagnoses", { count: list.length })}</h2>
    <ul class="items">${list.map((d, index) => html`<${SwipeItem} key=${d.code} name="diagnosis" value=${d.code} disabled=${closed} remove=${() => removeItem(draft, "diagnoses", index, d.code)}>
      <div class="row-text"><span class="row-title"><span class="code">${d.code}</span>${d.code.includes(".") ? html`<span class="tag off">${t("visit.card_code", { code: d.code.replace(".", "") })}</span>` : null}${index === 0 ? html`<span class="tag">${t("visit.main_diagnosis")}</span>` : index > 5 ? html`<span class="tag off">${t("visit.diagnosis_beyond")}</span>` : null}</span>
        <span class="row-detail">${d.name_zh || d.name_en}</span>${d.name_zh && d.name_en ? html`<span class="row-detail second" lang="en">${d.name_en}</span>` : null}</div>
      ${index > 0 ? html`<${Button} kind="quiet" disabled=${closed} onPress=${() => makeMain(index)}>${t("visit.make_main")}<//>` : null}
      <${Button} kind="danger" disabled=${closed} label=${t("visit.remove_item", { what: d.code })} onPress=${() => removeItem(draft, "diagnoses", index, d.code)}>${t("action.remove")}<//><//>`)}</ul>
    ${closed || list.length >= MOST_DIAGNOSES ? null : html`<a class="button plain add" id="add-diagnosis" href="#/visits/${segment(draft.id)}/pick/icd10">${t("visit.add_diagnosis")}</a>`}</section>`;
}

/** @param {{ draft: Draft }} props */
function Orders({ draft }) {
  const list = draft.content.value.orders;
  const left = useLeftCodes(draft);
  const closed = !draft.writable.value;
  return html`<section class="group"><h2>${t("visit.orders", { count: list.length })}</h2><${Allergies} draft=${draft} />
    <ul class="items">${list.map((order, index) => html`<${SwipeItem} key=${`${index} ${order.code}`} name="order" value=${order.code} disabled=${closed} remove=${() => removeItem(draft, "orders", index, order.name || order.code)}>
      <a class="row-text" id=${`order-${index}`} href=${`#/visits/${segment(draft.id)}/order/${index}`}><span class="row-title">${order.name || order.code}${order.kind === "drug" ? null : html`<span class="tag">${t(`order.kind.${order.kind}`)}</span>`}${left.has(order.code) ? html`<span class="tag warn">${t("left.mark")}</span>` : null}</span>
        <span class="row-detail"><span class="code">${order.code}</span> ${orderSummary(order)}</span></a>
      <${Button} kind="danger" disabled=${closed} label=${t("visit.remove_item", { what: order.name || order.code })} onPress=${() => removeItem(draft, "orders", index, order.name || order.code)}>${t("action.remove")}<//><//>`)}</ul>
    ${closed || list.length >= MOST_ORDERS ? null : html`<a class="button plain add" id="add-order" href="#/visits/${segment(draft.id)}/pick/drugs">${t("visit.add_order")}</a>`}</section>`;
}

/** The parts of the visit that have a screen of their own, each with what it holds now. @param {{ draft: Draft }} props */
function Parts({ draft }) {
  const { claim, virtual_orders, occasion, amounts_by_hand, fee_points, copay_points } = draft.content.value;
  const advice = useAdvice(draft);
  const base = `#/visits/${segment(draft.id)}`;
  const copay = useRow("copay", claim.copay);
  const fee = amounts_by_hand ? fee_points : advice?.fee_points ?? fee_points;
  const share = amounts_by_hand ? copay_points : advice?.copay_points ?? copay_points;
  const signature = draft.signature.value;
  const stay = [clock(occasion.arrived_at ?? draft.visit.visit_at), occasion.departed_at ? clock(occasion.departed_at) : t("stay.still_here")].join("–");
  return html`<div class="items">
    <${RowLink} id="virtual-orders" href=${`${base}/virtual-orders`} title=${t("virtual.title_count", { count: virtual_orders.length })} detail=${virtual_orders.join(" · ") || t("virtual.none")} />
    <${RowLink} id="copay" href=${`${base}/pick/copay`} title=${t("claim.copay")} detail=${html`<span class="code">${claim.copay}</span> ${copay?.name_zh ?? ""}`} />
    <${RowLink} id="stay" href=${`${base}/stay`} title=${t("stay.title")} detail=${t("stay.summary", { stay, fee: points(fee), share: points(share) })} />
    <${RowLink} id="signature" href=${`${base}/signature`} title=${t("signature.title")} detail=${signature ? t(`signature.by.${signature.drawing.signer}`, { at: clock(signature.signed_at) }) : t("signature.none")} />
    <${RowLink} id="claim" href=${`${base}/claim`} title=${t("claim.title")}
      detail=${[t(`programme.${draft.content.value.programme}`), ...["case_type", "visit_type"].map((name) => `${t(`claim.${name}`)} ${claim[/** @type {"case_type"} */ (name)]}`)].join(" · ")} /></div>
    ${advice && advice.visit_type !== claim.visit_type && FIRST_OR_FOLLOW_UP.has(claim.visit_type) ? html`<p class="hint">${t("claim.suggests", { type: advice.visit_type })}</p>` : null}`;
}

/** By which of its links each visit was left, so that one goes on there. @type {Record<string, string>} */
const left = {};

/** @param {{ draft: Draft, reload: () => void }} props */
function Editor({ draft, reload }) {
  useLayoutEffect(() => {
    document.getElementById(left[draft.id] ?? "")?.focus();
    const note = (/** @type {any} */ event) => { left[draft.id] = event.target.closest("a[id]")?.id ?? ""; };
    document.addEventListener("click", note);
    return () => document.removeEventListener("click", note);
  }, []);
  const visit = draft.visit;
  const [fold, setFold] = useState(/** @type {typeof import("../components/discard.js") | null} */ (null));
  const forward = useTask(async () => {
    if (!(await draft.flush())) return;
    if (draft.isCorrection) {
      closeDraft();
      replace(`/visits/${segment(draft.id)}/result`);
    } else {
      go(`/visits/${segment(draft.id)}/finish`);
    }
  });
  const { isCorrection } = draft;
  const offline = visit.identification === "card_offline";
  const closed = !draft.writable.value;
  return html`<${Screen} title=${t(isCorrection ? "correct.title" : "visit.title")} up=${isCorrection ? "/outbox" : "/"} header=${html`<${VisitPatient} visit=${visit} />`}
    action=${html`<${Button} kind="primary" id=${isCorrection ? "resend" : "to-finish"} task=${forward} disabled=${closed}>${t(isCorrection ? "correct.action" : "visit.to_finish")}<//>`}>
    ${isCorrection ? html`<${Notice} kind="warn"><p>${t("correct.how")}</p><//>` : null}
    <div class="visit-facts"><p>${rocMoment(visit.visit_at)}</p><p>${t("visit.practitioner", { name: visit.practitioner.name })}</p>
      ${offline ? html`<p class="tag warn">${t("visit.offline")}</p>` : null}
      ${visit.clock_trusted ? null : html`<p class="tag warn">${t("strip.clock.untrusted")}</p>`}<${SaveState} draft=${draft} /></div>
    ${draft.notice ? html`<p class="hint">${t(draft.notice)}</p>` : null}
    <${SaveTrouble} draft=${draft} reload=${reload} />
    ${staffHere.value || offline ? null : html`<${Notice} kind="warn" title=${errorWords("GW-ACC-03", "what")}><p>${errorWords("GW-ACC-03", "where")}</p><p>${errorWords("GW-ACC-03", "now")}</p>
      <div class="actions"><a class="button plain" href="#/sign-in">${t("home.sign_in")}</a></div><//>`}
    ${isCorrection ? null : html`<div class="items"><${RowLink} id="to-records" href=${`#/visits/${segment(draft.id)}/records`} title=${t("records.title")} detail=${t("records.leftover")} />
      <${RowLink} id="to-carry-in" href=${`#/visits/${segment(draft.id)}/carry-in`} title=${t("carry.title")} /></div>`}
    <${TextPart} draft=${draft} name="subjective" rows="2" />
    <${TextPart} draft=${draft} name="objective" rows="2" />
    <${Diagnoses} draft=${draft} />
    <${Orders} draft=${draft} />
    <${TextPart} draft=${draft} name="special_note" rows="1" />
    <${Parts} draft=${draft} />
    ${isCorrection ? null : html`<details class="fold" onToggle=${() => void import("../components/discard.js").then(setFold, (thrown) => console.error(thrown))}><summary>${t("visit.discard_title")}</summary>${fold ? html`<${fold.Discard} draft=${draft} />` : null}</details>`}<//>`;
}

/** @param {{ id: string, correct?: boolean }} props */
export default function VisitView({ id, correct = false }) {
  const draft = useFetched(id, () => openDraft(id));
  const ended = draft.value !== null && draft.value.visit.state !== (correct ? "finished" : "draft");
  useEffect(() => {
    if (ended) replace(`/visits/${segment(id)}/result`);
  }, [ended]);
  const reload = () => {
    closeDraft();
    draft.reload();
  };
  if (draft.error) {
    return html`<${Screen} title=${t("visit.title")} up="/"><${ErrorNotice} error=${draft.error}><${Button} onPress=${draft.reload}>${t("action.try_again")}<//><//><//>`;
  }
  if (!draft.value || ended) return html`<main><${Loading} /></main>`;
  return html`<${Editor} key=${draft.value} draft=${draft.value} reload=${reload} />`;
}
