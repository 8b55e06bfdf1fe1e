/** 權限代碼: what each service code means, what it opens on this box, and how somebody gets it (A08, A14, A16, A17). */
import { html } from "../lib/htm-preact.js";
import { get } from "../core/api.js";
import { staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, Notice, Screen, useFetched } from "../components/controls.js";
import { LockIcon } from "../components/locked.js";

/** @typedef {import("../core/types").RightView} RightView */

/** @param {{ view: RightView }} props */
function Code({ view: { right, held, opens } }) {
  const areas = opens.map((area) => t(`rights.area.${area}`)).join(t("list.separator"));
  return html`<li class="item tall" data-right=${right} data-held=${held}><div class="row-text">
    <span class="row-title">${held ? null : html`<${LockIcon} />`}${t(`right.${right}`)}</span>
    <div><span class=${`check-state ${held ? "ok" : "warn"}`}>${t(held ? "rights.held" : "rights.missing")}</span></div>
    <span>${t(`rights.${right}.what`)}</span>
    <span class="row-detail">${areas ? t("rights.opens", { areas }) : t("rights.opens_nothing")}</span>
    ${held ? null : html`<span class="row-detail">${t("rights.how", { how: t(`rights.${right}.from`) })}</span>`}</div></li>`;
}

export default function Rights() {
  const staff = staffHere.value;
  const found = useFetched(`rights ${staff?.session_id ?? ""}`, () => /** @type {Promise<RightView[]>} */ (get("/api/rights")));
  return html`<${Screen} title=${t("rights.title")} up="/sign-in"
    action=${staff ? null : html`<a class="button primary" href="#/sign-in">${t("home.sign_in")}</a>`}>
    ${staff ? html`<p>${t("rights.of", { name: staff.name })}</p>` : html`<${Notice} kind="warn" title=${t("rights.nobody")} />`}
    <${ErrorNotice} error=${found.error} />
    ${found.value ? html`<ul class="items">${found.value.map((view) => html`<${Code} key=${view.right} view=${view} />`)}</ul>` : html`<${Loading} />`}<//>`;
}
