/** 健保署網站上的準備: what the institution does on the insurer's site, ticked here by a person (A04, A05, A07, A19). */
import { html } from "../lib/htm-preact.js";
import { get, put, segment } from "../core/api.js";
import { clock, rocMoment } from "../core/format.js";
import { announce, live } from "../core/store.js";
import { hasWords, t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { Copyable } from "../components/copyable.js";

/** @typedef {import("../core/types").SiteStep} SiteStep */
/** @typedef {import("../core/types").SiteState} SiteState */

/** Who does which steps there. */
const ROLES = [
  { role: "representative", steps: ["managers"] },
  { role: "administrator", steps: ["service_qpa", "service_qpb", "service_qpc", "users", "grants"] },
  { role: "user", steps: ["catalogues", "application"] },
];

/** What may be said next of a step: forward first, back last. @param {SiteStep} step @returns {SiteState[]} */
const sayable = ({ state, states }) => [...states.filter((one) => one !== "open" && states.indexOf(one) > states.indexOf(state)), ...(state === "open" ? [] : /** @type {SiteState[]} */ (["open"]))];

/** @param {SiteStep} step @param {SiteState} state */
function sayWords({ step, states }, state) {
  if (state !== "done" || states.length < 3) return t(`site.say.${state}`);
  return t(step === "application" ? "site.say.done_application" : "site.say.done_approved");
}

/** @param {SiteStep} step */
const stateWords = ({ step, state }) => (hasWords(`site.state.${step}.${state}`) ? t(`site.state.${step}.${state}`) : t(`site.state.${state}`));

/** @param {{ step: SiteStep, mayChange: boolean, changed: (steps: SiteStep[]) => void }} props */
function Step({ step, mayChange, changed }) {
  const title = t(`site.step.${step.step}`);
  const say = useTask(async (/** @type {SiteState} */ state) => {
    const steps = /** @type {SiteStep[]} */ (await put(`/api/site-steps/${segment(step.step)}`, { state }));
    changed(steps);
    const now = steps.find((one) => one.step === step.step);
    if (now) announce(t("site.said", { step: title, state: stateWords(now) }));
  });
  return html`<li class="item tall" data-step=${step.step} data-state=${step.state}><div class="row-text">
    <span class="row-title">${title}</span><span class="row-detail">${t(`site.step.${step.step}.how`)}</span>
    <div><span class=${`check-state ${step.state === "done" ? "ok" : "warn"}`}>${stateWords(step)}</span></div>
    ${step.at ? html`<span class="row-detail">${t(step.state === "open" ? "site.unmarked" : "site.by", { by: step.by, at: rocMoment(step.at) })}</span>` : null}
    ${step.approval_at ? html`<span class="row-detail">${t("site.approval_at", { at: clock(step.approval_at) })}</span>` : null}
    ${mayChange ? html`<div class="actions">${sayable(step).map((state) => html`<${Button} kind=${state === "open" ? "quiet" : "plain"} busy=${say.busy}
      label=${t("site.say.for", { say: sayWords(step, state), step: title })} onPress=${() => void say.run(state)}>${sayWords(step, state)}<//>`)}</div>` : null}
    <${ErrorNotice} error=${say.error} /></div></li>`;
}

/** What people ask while they do it: which card, what to have ready, what comes after. */
function Advice() {
  const box = live.value.box;
  const list = (/** @type {string[]} */ keys) => html`<ul class="plain-list">${keys.map((key) => html`<li>${t(key)}</li>`)}</ul>`;
  return html`<details class="fold" id="site-cards"><summary>${t("site.cards.title")}</summary><p>${t("site.cards.list")}</p><p>${t("site.cards.reader")}</p></details>
    <details class="fold" id="site-prepare"><summary>${t("site.prepare.title")}</summary>${list(["site.prepare.line", "site.prepare.reader", "site.prepare.cards", "site.prepare.sets", "site.prepare.phone"])}</details>
    <details class="fold" id="site-next"><summary>${t("site.next.title")}</summary>${list(["site.next.qr", "site.next.pin", "site.next.name"])}
      ${box ? html`<p class="label">${t("box.name")}</p><${Copyable} text=${box.box_name} label=${t("box.name")} />
        <p class="label">${t("box.sheet_id")}</p><${Copyable} text=${box.sheet_id} label=${t("box.sheet_id")} />` : null}
      <div class="items"><${RowLink} href="#/setup/bind" title=${t("setup.bind.title")} detail=${t("setup.bind.how")} /></div></details>`;
}

export default function Site() {
  const found = useFetched("site", () => /** @type {Promise<SiteStep[]>} */ (get("/api/site-steps")));
  const mayChange = live.value.phone?.role !== "user";
  const steps = found.value ?? [];
  return html`<${Screen} title=${t("site.title")} up="/setup">
    <${Notice} title=${t("site.blind.what")}><p>${t("site.blind.now")}</p>${mayChange ? null : html`<p>${t("site.only_technician")}</p>`}<//>
    <${ErrorNotice} error=${found.error} />
    ${found.value ? html`<p class="strong" id="site-count">${t("site.row", { done: steps.filter((step) => step.state === "done").length, all: steps.length })}</p>` : html`<${Loading} />`}
    ${found.value ? ROLES.map(({ role, steps: names }) => html`<section class="group" key=${role}><h2>${t(`site.role.${role}`)}</h2><p class="hint">${t(`site.role.${role}.card`)}</p>
      <ul class="items">${steps.filter((step) => names.includes(step.step)).map((step) => html`<${Step} key=${step.step} step=${step} mayChange=${mayChange} changed=${found.set} />`)}</ul></section>`) : null}
    <${Advice} /><//>`;
}
