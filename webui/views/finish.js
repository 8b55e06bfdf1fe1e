/** 完成看診: the four ways to finish, what each does and what it waits for now (N01, N02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { closeDraft, fetchVisit, openDraft } from "../core/draft.js";
import { replace } from "../core/router.js";
import { lineReady, linkUp, live, readers, staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { useAdvice } from "../components/advice.js";
import { Button, ErrorNotice, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { EditorNotice, SaveState } from "../components/draft.js";
import { VisitPatient } from "../components/patient.js";

/** @typedef {import("../core/draft.js").Draft} Draft */

const MODES = [4, 3, 2, 1];
const STEPS = ["saved", "card", "vpn", "ic"];

/**
 * What a mode would wait for at this moment, in words.
 * @param {number} mode
 * @param {import("../core/types").Visit} visit
 */
function waitsFor(mode, visit) {
  const offline = visit.identification === "card_offline";
  const tail = visit.patient.card_no.slice(-4);
  const cardHere = readers.value.some((r) => r.card.patient?.card_no_tail === tail && r.card.patient.name === visit.patient.name);
  const waits = [];
  if (!lineReady.value) waits.push(t(linkUp.value ? "chip.sam" : "finish.waits.link"));
  if (!offline && !cardHere) waits.push(t("finish.waits.card", { name: visit.patient.name }));
  if (!staffHere.value) waits.push(t("finish.waits.staff"));
  if (live.value.time?.trust === "untrusted") waits.push(t("finish.waits.time"));
  return waits.length > 0 && mode > 1 ? t("finish.waits", { what: waits.join(t("list.separator")) }) : t("finish.at_once");
}

/** @param {{ mode: number, chosen: boolean, choose: (mode: number) => void, visit: import("../core/types").Visit }} props */
function Mode({ mode, chosen, choose, visit }) {
  const offline = visit.identification === "card_offline";
  return html`<label class="choice mode" data-mode=${mode}><input type="radio" name="mode" value=${mode} checked=${chosen} onChange=${() => choose(mode)} />
    <span class="row-text"><span class="row-title">${t(`finish.mode.${mode}`)}</span>
      <span class="mode-steps">${STEPS.slice(0, mode).map((step) => html`<span class="tag ${offline && step === "card" ? "off" : ""}">${t(offline && step === "card" ? "finish.step.no_card" : `finish.step.${step}`)}</span>`)}</span>
      <span class="row-detail">${waitsFor(mode, visit)}</span></span></label>`;
}

/** @param {{ draft: Draft }} props */
function Chooser({ draft }) {
  const { visit } = draft;
  const content = draft.content.value;
  const lacking = useAdvice(draft)?.lacking ?? [];
  const sendable = content.diagnoses.length > 0 && lacking.length === 0;
  const [mode, setMode] = useState(4);
  const more = useFetched(`${sendable}`, async () => (sendable ? null : import("../components/lacking.js")));
  const finish = useTask(async (/** @type {number} */ until) => {
    if (!(await draft.flush())) return;
    try {
      await post(`/api/visits/${segment(draft.id)}/finish`, { revision: draft.revision, mode: until }, { timeout_s: 60 });
    } catch (thrown) {
      // Without an answer it may be finished all the same: the box is asked before anything is said.
      const { visit: now } = await fetchVisit(draft.id).catch(() => { throw thrown; });
      if (now.state !== "finished") throw thrown;
    }
    closeDraft();
    replace(`/visits/${segment(draft.id)}/result`);
  });
  const sign = draft.signature.value ? null : html`<div class="items"><${RowLink} id="sign-first" href=${`#/visits/${segment(draft.id)}/signature`} title=${t("signature.none")} detail=${t("finish.sign_hint")} /></div>`;
  return html`<${Screen} title=${t("finish.title")} up=${`/visits/${segment(draft.id)}`} header=${html`<${VisitPatient} visit=${visit} />`}
    action=${sendable ? html`<${Button} kind="primary" id="finish" busy=${finish.busy} onPress=${() => void finish.run(mode)} disabled=${!draft.isMine.value}>${t("finish.action")}<//>`
      : html`<a class="button primary" id="fill-in" href="#/visits/${segment(draft.id)}">${t("finish.back_to_edit")}</a>`}>
    <${ErrorNotice} error=${finish.error}>${finish.error?.body.field ? html`<a class="button plain" href="#/visits/${segment(draft.id)}">${t("finish.back_to_edit")}</a>` : null}<//>
    <div class="visit-facts"><p>${t("finish.summary", { diagnoses: content.diagnoses.length, orders: content.orders.length })}</p><${SaveState} draft=${draft} /></div>
    <${EditorNotice} draft=${draft} reload=${() => replace(`/visits/${segment(draft.id)}`)} />
    ${more.value ? html`<${more.value.Lacking} draft=${draft} lacking=${lacking} finish=${finish}>${sign}<//>` : sign}
    ${visit.identification === "card_offline" ? html`<${Notice} kind="warn"><p>${t("finish.offline")}</p><//>` : null}
    ${sendable ? html`<fieldset class="choices"><legend>${t("finish.how")}</legend>${MODES.map((m) => html`<${Mode} mode=${m} chosen=${m === mode} choose=${setMode} visit=${visit} />`)}</fieldset>` : null}<//>`;
}

/** @param {{ id: string }} props */
export default function Finish({ id }) {
  const draft = useFetched(id, () => openDraft(id));
  if (draft.error) return html`<${Screen} title=${t("finish.title")} up="/"><${ErrorNotice} error=${draft.error} /><//>`;
  if (!draft.value) return html`<main><${Loading} /></main>`;
  return html`<${Chooser} draft=${draft.value} />`;
}
