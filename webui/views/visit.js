/** The draft: complaint, findings, diagnoses, orders; every change saved on the box as it is made (M01-M22). */
import { html } from "../lib/htm-preact.js";
import { post, segment } from "../core/api.js";
import { closeDraft, openDraft } from "../core/draft.js";
import { clock, quantity, rocMoment } from "../core/format.js";
import { go, replace } from "../core/router.js";
import { announce, offerUndo, reached, staffHere } from "../core/store.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { errorWords, t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Order} Order */

/** "已存在盒子 17:05", only ever after the box's answer. @param {{ draft: Draft }} props */
export function SaveState({ draft }) {
  const state = draft.state.value;
  const words = state === "saved"
    ? (draft.savedAt.value ? t("save.saved_at", { at: clock(draft.savedAt.value) }) : t("save.saved"))
    : t(`save.${state}`);
  return html`<p class="save-state ${state}" data-save=${state}><span class="mark" aria-hidden="true"></span>${words}</p>`;
}

/** What stops saving, with the way on. @param {{ draft: Draft, reload: () => void }} props */
export function SaveTrouble({ draft, reload }) {
  const state = draft.state.value;
  if (state === "conflict") {
    const { subjective, objective } = draft.content.value;
    const mine = [subjective, objective].filter(Boolean).join("\n");
    return html`<${Notice} kind="warn" title=${t("conflict.what")}><p>${t("conflict.where")}</p>
      ${mine ? html`<textarea readonly rows="3" aria-label=${t("conflict.mine")} value=${mine}></textarea>` : null}
      <p>${t("conflict.now")}</p><div class="actions"><${Button} kind="primary" id="reload-draft" onPress=${reload}>${t("conflict.reload")}<//></div><//>`;
  }
  if (state === "refused") {
    return html`<${ErrorNotice} error=${draft.error}><${Button} onPress=${() => void draft.flush()}>${t("action.try_again")}<//><//>`;
  }
  return null;
}

/** @param {Order} order */
export function orderSummary(order) {
  const parts = [order.dose > 0 ? quantity(order.dose) : "", order.frequency, order.route,
    order.days > 0 ? t("order.days_short", { days: order.days }) : "",
    order.total > 0 ? t(order.total_overridden ? "order.total_by_hand" : "order.total_short", { total: quantity(order.total) }) : ""];
  return parts.filter(Boolean).join(" · ");
}

/**
 * @param {{ draft: Draft, name: "subjective" | "objective" | "special_note", rows: number }} props
 */
function TextPart({ draft, name, rows }) {
  const [atHand, setAtHand] = useState(false);
  return html`<${Field} id=${name} label=${t(`visit.${name}`)}><textarea id=${name} rows=${rows} maxlength="4000" readonly=${!reached.value && !atHand}
    value=${draft.content.value[name]} onInput=${(/** @type {any} */ event) => draft.change({ [name]: event.currentTarget.value })}
    onFocus=${() => setAtHand(true)} onBlur=${() => { setAtHand(false); draft.saveSoon(); }}></textarea><//>`;
}

/** @param {{ draft: Draft }} props */
function Diagnoses({ draft }) {
  const list = draft.content.value.diagnoses;
  /** @param {number} index */
  const remove = (index) => {
    const gone = list[index];
    draft.change({ diagnoses: list.filter((_, i) => i !== index) }, { soon: true });
    offerUndo(t("visit.removed", { what: gone?.code ?? "" }), () => {
      const now = draft.content.value.diagnoses.slice();
      if (gone) now.splice(index, 0, gone);
      draft.change({ diagnoses: now }, { soon: true });
    });
  };
  /** @param {number} index */
  const makeMain = (index) => {
    const chosen = list[index];
    if (chosen) draft.change({ diagnoses: [chosen, ...list.filter((_, i) => i !== index)] }, { soon: true });
  };
  return html`<section class="group"><h2>${t("visit.diagnoses", { count: list.length })}</h2>
    <ul class="items">${list.map((d, index) => html`<li class="item" key=${d.code} data-diagnosis=${d.code}>
      <div class="row-text"><span class="row-title"><span class="code">${d.code}</span>${index === 0 ? html`<span class="tag">${t("visit.main_diagnosis")}</span>` : null}</span>
        <span class="row-detail">${d.name_zh || d.name_en}</span></div>
      ${index > 0 ? html`<${Button} kind="quiet" disabled=${!reached.value} onPress=${() => makeMain(index)}>${t("visit.make_main")}<//>` : null}
      <${Button} kind="danger" disabled=${!reached.value} label=${t("visit.remove_item", { what: d.code })} onPress=${() => remove(index)}>${t("action.remove")}<//></li>`)}</ul>
    <a class="button plain add" id="add-diagnosis" href="#/visits/${segment(draft.id)}/pick/icd10">${t("visit.add_diagnosis")}</a></section>`;
}

/** @param {{ draft: Draft }} props */
function Orders({ draft }) {
  const list = draft.content.value.orders;
  return html`<section class="group"><h2>${t("visit.orders", { count: list.length })}</h2>
    <div class="items">${list.map((order, index) => html`<${RowLink} key=${index} href=${`#/visits/${segment(draft.id)}/order/${index}`}
      title=${order.name || order.code} detail=${html`<span class="code">${order.code}</span> ${orderSummary(order)}`} />`)}</div>
    <a class="button plain add" id="add-order" href="#/visits/${segment(draft.id)}/pick/drugs">${t("visit.add_order")}</a></section>`;
}

/** @param {{ draft: Draft, reload: () => void }} props */
function Editor({ draft, reload }) {
  const visit = draft.visit;
  const discard = useTask(async () => {
    await draft.flush();
    await post(`/api/visits/${segment(draft.id)}/discard`, { revision: draft.revision });
    closeDraft();
    announce(t("visit.discarded"));
    replace("/");
  });
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
  return html`<${Screen} title=${t(isCorrection ? "correct.title" : "visit.title")} up=${isCorrection ? "/outbox" : "/"} header=${html`<${VisitPatient} visit=${visit} />`}
    action=${html`<${Button} kind="primary" id=${isCorrection ? "resend" : "to-finish"} task=${forward} disabled=${!reached.value}>${t(isCorrection ? "correct.action" : "visit.to_finish")}<//>`}>
    ${isCorrection ? html`<${Notice} kind="warn"><p>${t("correct.how")}</p><//>` : null}
    <div class="visit-facts"><p>${rocMoment(visit.visit_at)}</p><p>${t("visit.practitioner", { name: visit.practitioner.name })}</p>
      ${offline ? html`<p class="tag warn">${t("visit.offline")}</p>` : null}
      ${visit.clock_trusted ? null : html`<p class="tag warn">${t("strip.clock.untrusted")}</p>`}<${SaveState} draft=${draft} /></div>
    ${draft.notice ? html`<p class="hint">${t(draft.notice)}</p>` : null}
    <${SaveTrouble} draft=${draft} reload=${reload} />
    <${ErrorNotice} error=${discard.error} />
    ${staffHere.value || offline ? null : html`<${Notice} kind="warn" title=${errorWords("GW-ACC-03", "what")}><p>${errorWords("GW-ACC-03", "where")}</p><p>${errorWords("GW-ACC-03", "now")}</p>
      <div class="actions"><a class="button plain" href="#/sign-in">${t("home.sign_in")}</a></div><//>`}
    <${TextPart} draft=${draft} name="subjective" rows="2" />
    <${TextPart} draft=${draft} name="objective" rows="2" />
    <${Diagnoses} draft=${draft} />
    <${Orders} draft=${draft} />
    <${TextPart} draft=${draft} name="special_note" rows="1" />
    <div class="items"><${RowLink} id="claim" href=${`#/visits/${segment(draft.id)}/claim`} title=${t("claim.title")}
      detail=${["case_type", "department", "visit_type"].map((name) => `${t(`claim.${name}`)} ${draft.content.value.claim[/** @type {"case_type"} */ (name)]}`).join(" · ")} /></div>
    ${isCorrection ? null : html`<details class="fold"><summary>${t("visit.discard_title")}</summary><p>${t("visit.discard_hint")}</p>
      <${Button} kind="danger" id="discard" task=${discard} disabled=${!reached.value}>${t("visit.discard")}<//></details>`}<//>`;
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
