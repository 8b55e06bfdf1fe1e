/** Data sets on the box: name, version, rows; download anew while the VPN is up (B13, R03). */
import { html } from "../lib/htm-preact.js";
import { get, post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { announce, linkUp } from "../core/store.js";
import { hasWords, t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").DataSet} DataSet */

export default function DataSets() {
  const sets = useFetched("datasets", () => /** @type {Promise<DataSet[]>} */ (get("/api/datasets")));
  const refresh = useTask(async () => {
    sets.set(await post("/api/datasets/refresh", {}, { timeout_s: 300 }));
    announce(t("datasets.refreshed"));
  });
  const empty = sets.value !== null && sets.value.length === 0;
  return html`<${Screen} title=${t("datasets.title")} up="/settings"
    action=${html`<${Button} kind="primary" id="refresh-datasets" task=${refresh} disabled=${!linkUp.value}>${t(linkUp.value ? "datasets.refresh" : "outbox.waits_link")}<//>`}>
    <${ErrorNotice} error=${refresh.error ?? sets.error} />
    ${sets.value === null && !sets.error ? html`<${Loading} />` : null}
    ${empty ? html`<${Notice} kind="warn" title=${t("datasets.none")}><p>${t("setup.datasets.how")}</p><//>` : null}
    <ul class="items">${(sets.value ?? []).map((set) => html`<li class="item" data-dataset=${set.name}><div class="row-text"><span class="row-title">${hasWords(`dataset.${set.name}`) ? t(`dataset.${set.name}`) : set.name}</span>
      <span class="row-detail">${t("datasets.version", { version: set.version, rows: set.rows })}</span><span class="row-detail">${t("datasets.loaded", { at: rocMoment(set.loaded_at) })}</span></div></li>`)}</ul><//>`;
}
