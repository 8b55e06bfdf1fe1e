/** 出門前檢查: one list, green or red, with what to do (B15, beyond #4). */
import { html } from "../lib/htm-preact.js";
import { get } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { live } from "../core/store.js";
import { hasWords, t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").EnvironmentReport} EnvironmentReport */

const load = () => /** @type {Promise<EnvironmentReport>} */ (get("/api/departure"));

/** Where an item is put right. @type {Record<string, string>} */
const PLACES = {
  list: "#/today", hpc: "#/sign-in", records: "#/today", datasets: "#/settings/datasets", sam: "#/setup", readers: "#/settings/readers", queue: "#/outbox",
};

export default function Departure() {
  const { box, staff, cards, power, queue, time } = live.value;
  const report = useFetched("departure", load, JSON.stringify([box, staff, cards, power, queue?.depth, time]));
  const again = useTask(async () => { report.set(await load()); });
  const found = report.value;
  return html`<${Screen} title=${t("departure.title")} up="/" action=${html`<${Button} kind="primary" id="check-again" task=${again}>${t("departure.again")}<//>`}>
    <${ErrorNotice} error=${again.error ?? report.error} />
    ${found === null && !report.error ? html`<${Loading} />` : null}
    ${found ? html`<${Notice} kind=${found.ready ? "good" : "warn"} title=${t(found.ready ? "departure.ready" : "departure.not_ready")}><p class="hint">${t("departure.at", { at: rocMoment(found.at) })}</p><//>` : null}
    <ul class="items">${(found?.items ?? []).map((check) => {
      const words = `environment.${check.item}.${check.code}`;
      const place = check.state === "ok" || check.state === "absent" ? "" : PLACES[check.item] ?? "";
      const text = html`<span class="row-title">${t(`environment.item.${check.item}`)}</span><span>${t(`${words}.what`, check.params)}</span>
        ${hasWords(`${words}.now`) ? html`<span class="row-detail">${t(`${words}.now`)}</span>` : null}`;
      return html`<li class="item tall" key=${check.item} data-item=${check.item} data-state=${check.state}>${place ? html`<a class="row-text" href=${place}>${text}</a>` : html`<div class="row-text">${text}</div>`}
        <span class="check-state ${check.state}">${t(`environment.state.${check.state}`)}</span></li>`;
    })}</ul><//>`;
}
