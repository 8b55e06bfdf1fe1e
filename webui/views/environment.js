/** 環境檢測: everything that a visit needs, tried now; what is broken comes with what to do (B01). */
import { html } from "../lib/htm-preact.js";
import { get, post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { hasWords, t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").EnvironmentReport} EnvironmentReport */
/** @typedef {import("../core/types").EnvironmentCheck} EnvironmentCheck */

const TRIED_WITHIN_S = 60;
const load = () => /** @type {Promise<EnvironmentReport>} */ (get("/api/environment", { timeout_s: TRIED_WITHIN_S }));

/** @param {{ check: EnvironmentCheck }} props */
function Item({ check }) {
  const words = `environment.${check.item}.${check.code}`;
  return html`<li class="item tall" data-item=${check.item} data-state=${check.state}><div class="row-text">
    <span class="row-title">${t(`environment.item.${check.item}`)}</span><span>${t(`${words}.what`, check.params)}</span>
    ${hasWords(`${words}.now`) ? html`<span class="row-detail">${t(`${words}.now`)}</span>` : null}
    ${check.item === "site" ? html`<a class="button quiet" href="#/setup/site">${t("site.title")}</a>` : null}</div>
    <span class="check-state ${check.state}">${t(`environment.state.${check.state}`)}</span></li>`;
}

export default function Environment() {
  const report = useFetched("environment", load);
  const again = useTask(async () => { report.set(await load()); });
  const retry = useTask(async () => { await post("/api/environment/modem/retry"); report.set(await load()); });
  const found = report.value;
  const refused = found?.items.some((check) => check.item === "apn" && check.code === "refused");
  return html`<${Screen} title=${t("environment.title")} up="/settings"
    action=${html`<${Button} kind="primary" id="survey" task=${again}>${t("environment.again")}<//>`}>
    <${ErrorNotice} error=${again.error ?? retry.error ?? report.error} />
    ${found === null && !report.error ? html`<p class="hint">${t("environment.trying")}</p><${Loading} />` : null}
    ${found ? html`<${Notice} kind=${found.ready ? "good" : "warn"} title=${t(found.ready ? "environment.ready" : "environment.not_ready")}><p class="hint">${t("environment.at", { at: rocMoment(found.at) })}</p><//>` : null}
    ${refused ? html`<${Button} id="modem-retry" task=${retry}>${t("environment.retry_modem")}<//>` : null}
    <ul class="items">${(found?.items ?? []).map((check) => html`<${Item} key=${check.item} check=${check} />`)}</ul><//>`;
}
