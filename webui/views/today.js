/** 今日名單: whom the team visits, who has consented, whose records are here (beyond #4, L06). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { asApiError, del, get, post, segment } from "../core/api.js";
import { clock, rocDate, rocDay } from "../core/format.js";
import { announce, boxNow, offerUndo } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { lineLock, LockedButton, staffLock, timeLock } from "../components/locked.js";

/** @typedef {import("../core/types").PlanLine} PlanLine */
/** @typedef {import("../core/types").Fetched} Fetched */

const WITHIN_S = 60;

/** What there is of a person's records, in words and never in colour alone; without the time nobody can tell. @param {PlanLine} plan */
function stateOf(plan) {
  if (!plan.consent && timeLock()) return { name: "unknown", words: t("today.consent_unknown") };
  if (!plan.consent) return { name: "none", words: t("today.no_consent") };
  if (!plan.fetched_at) return { name: "due", words: t("today.due") };
  return { name: "here", words: t("today.fetched", { at: `${rocDay(plan.fetched_at)} ${clock(plan.fetched_at)}` }) };
}

/** @param {{ plan: PlanLine, remove: (plan: PlanLine) => void }} props */
function PlanRow({ plan, remove }) {
  const state = stateOf(plan);
  return html`<li class="item tall" data-plan=${plan.plan_id} data-records=${state.name}><a class="row-text" href="#/today/${segment(plan.plan_id)}">
    <span class="row-title">${clock(plan.planned_at)} ${plan.name}</span>
    <span class="row-detail"><span class="code">${plan.id_masked}</span> ${rocDate(plan.birth_date)}</span>
    <span class="tag ${state.name === "here" ? "" : state.name === "due" ? "warn" : "off"}">${state.words}</span></a>
    <${Button} kind="danger" label=${t("today.remove_item", { who: plan.name })} onPress=${() => remove(plan)}>${t("action.remove")}<//></li>`;
}

export default function Today() {
  const plans = useFetched("today", () => /** @type {Promise<PlanLine[]>} */ (get("/api/plans")));
  const [refused, setRefused] = useState(/** @type {{ name: string, words: string }[]} */ ([]));
  const list = plans.value ?? [];
  const consented = list.filter((plan) => plan.consent);
  const fetchAll = useTask(async () => {
    const ids = [...new Set(consented.map((plan) => plan.consent?.consent_id ?? ""))].filter(Boolean);
    const outcome = /** @type {Fetched[]} */ (await post("/api/records/fetch", { consent_ids: ids }, { timeout_s: WITHIN_S }));
    const name = (/** @type {string} */ id) => list.find((plan) => plan.consent?.consent_id === id)?.name ?? "";
    setRefused(outcome.filter((one) => !one.fetched_at).map((one) => ({ name: name(one.consent_id), words: one.words || t("today.revoked_meanwhile") })));
    announce(t("today.fetched_count", { count: outcome.filter((one) => one.fetched_at).length }));
    plans.reload();
  });
  const [failed, setFailed] = useState(/** @type {import("../core/api.js").ApiError | null} */ (null));
  /** @param {PlanLine} plan */
  const remove = (plan) => {
    plans.set(list.filter((one) => one.plan_id !== plan.plan_id));
    const gone = setTimeout(() => {
      del(`/api/plans/${segment(plan.plan_id)}`).then(undefined, (thrown) => { setFailed(asApiError(thrown)); plans.reload(); });
    }, 10_000);
    offerUndo(t("today.removed", { who: plan.name }), () => { clearTimeout(gone); plans.reload(); });
  };
  return html`<${Screen} title=${t("today.title")} up="/" action=${consented.length > 0 ? html`<${LockedButton} kind="primary" id="fetch-records" task=${fetchAll}
      lock=${staffLock() ?? lineLock() ?? timeLock()}>${t("today.fetch", { count: consented.length })}<//>` : null}>
    <p class="hint">${rocDay(new Date(boxNow()))}</p>
    <${ErrorNotice} error=${fetchAll.error ?? failed ?? plans.error}><${Button} onPress=${plans.reload}>${t("action.try_again")}<//><//>
    ${plans.value === null && !plans.error ? html`<${Loading} />` : null}
    ${refused.length > 0 ? html`<${Notice} kind="warn" title=${t("today.not_fetched")}>${refused.map((one) => html`<p>${t("list.named", { name: one.name, value: one.words })}</p>`)}<//>` : null}
    ${plans.value !== null && list.length === 0 ? html`<${Notice} title=${t("today.empty")}><p>${t("today.empty_hint")}</p><//>` : null}
    <ul class="items">${list.map((plan) => html`<${PlanRow} key=${plan.plan_id} plan=${plan} remove=${remove} />`)}</ul>
    <a class="button plain add" id="add-plan" href="#/today/add">${t("today.add")}</a>
    <div class="items"><${RowLink} id="to-departure" href="#/departure" title=${t("departure.title")} detail=${t("departure.hint")} />
      <${RowLink} id="to-consents" href="#/consents" title=${t("consents.title")} detail=${t("consents.hint")} /></div><//>`;
}
