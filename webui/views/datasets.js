/** Data sets on the box: version, difference, whose they are, and the seven that the institution edits; update now (A10, B13, R03, S02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, put } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { announce, live } from "../core/store.js";
import { hasWords, t } from "../core/words.js";
import { ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { lineLock, LockedButton, roleLock } from "../components/locked.js";

/** @typedef {import("../core/types").DataSet} DataSet */
/** @typedef {import("../core/types").DataSetStatus} DataSetStatus */

/** The VPN's own menu, in its order (A10). */
const INSTITUTION_SETS = ["frequencies", "routes", "my_diagnoses", "my_orders", "special_items", "packages", "device_settings"];

const wordsOf = (/** @type {string} */ name) => (hasWords(`dataset.${name}`) ? t(`dataset.${name}`) : name);

/** @param {{ set: DataSet }} props */
function SetRow({ set }) {
  const differs = set.previous !== "";
  return html`<li class="item tall" data-dataset=${set.name}><div class="row-text"><span class="row-title">${wordsOf(set.name)}</span>
    <span class="row-detail">${t("datasets.version", { version: set.version, rows: set.rows })}</span>
    <span class="row-detail">${t("datasets.loaded", { at: rocMoment(set.loaded_at) })} · ${t("datasets.group", { group: set.group })}</span>
    ${differs ? html`<span class="row-detail">${t("datasets.difference", { added: set.added, removed: set.removed, changed: set.changed })}</span>` : null}</div></li>`;
}

/** @param {{ status: DataSetStatus, changed: () => void }} props */
function Group({ status, changed }) {
  const used = live.value.box?.dataset_group ?? "";
  const [chosen, setChosen] = useState(used);
  const use = useTask(async () => {
    try {
      await put("/api/datasets/group", { group: chosen }, { timeout_s: 300 });
      announce(t("datasets.group_used", { group: chosen }));
    } finally {
      changed(); // what came before an error is there
    }
  });
  const groups = [...new Set([...status.groups, used])].filter(Boolean).sort();
  const torn = status.loaded_group !== "" && status.loaded_group !== used;
  return html`<section class="group" id="dataset-group"><h2>${t("datasets.group_title")}</h2>
    ${torn ? html`<${Notice} kind="warn" title=${t("datasets.group_torn.what", { group: used })}><p>${t("datasets.group_torn.now", { group: status.loaded_group })}</p><//>` : null}
    ${groups.length < 2 || roleLock() ? html`<p>${t("datasets.group", { group: used })}</p><p class="hint">${t(status.groups.length === 0 ? "datasets.group_unknown" : groups.length < 2 ? "datasets.group_only" : "datasets.group_role")}</p>`
    : html`<p class="hint">${t("datasets.group_hint")}</p><fieldset class="choices"><legend class="unseen">${t("datasets.group_title")}</legend>${groups.map((group) => html`<label class="choice" key=${group}>
        <input type="radio" name="dataset-group" value=${group} checked=${group === chosen} onChange=${() => setChosen(group)} />
        <span class="code">${group}${group === used ? html`<small>${t("datasets.group_now")}</small>` : null}</span></label>`)}</fieldset>
      ${chosen === used ? null : html`<${LockedButton} id="use-group" task=${use} lock=${lineLock()}>${t("datasets.group_use", { group: chosen })}<//>`}`}
    <${ErrorNotice} error=${use.error} /></section>`;
}

export default function DataSets() {
  const found = useFetched("datasets", async () => {
    const [sets, status] = await Promise.all([
      /** @type {Promise<DataSet[]>} */ (get("/api/datasets")),
      /** @type {Promise<DataSetStatus>} */ (get("/api/datasets/status")),
    ]);
    return { sets, status };
  });
  const refresh = useTask(async () => {
    await post("/api/datasets/refresh", {}, { timeout_s: 300 });
    found.reload();
    announce(t("datasets.refreshed"));
  });
  const sets = found.value?.sets ?? [];
  const status = found.value?.status;
  const own = INSTITUTION_SETS.map((name) => ({ name, set: sets.find((set) => set.name === name) }));
  const others = sets.filter((set) => !INSTITUTION_SETS.includes(set.name));
  return html`<${Screen} title=${t("datasets.title")} up="/settings"
    action=${html`<${LockedButton} kind="primary" id="refresh-datasets" task=${refresh} lock=${lineLock()}>${t("datasets.refresh")}<//>`}>
    <${ErrorNotice} error=${refresh.error ?? found.error} />
    ${found.value === null && !found.error ? html`<${Loading} />` : null}
    ${status ? html`<p class="hint">${status.checked_at ? t("datasets.checked", { at: rocMoment(status.checked_at) }) : t("datasets.never_checked")}</p>` : null}
    ${found.value && sets.length === 0 ? html`<${Notice} kind="warn" title=${t("datasets.none")}><p>${t("setup.datasets.how")}</p><//>` : null}
    ${status && sets.length > 0 && status.missing.length > 0 ? html`<${Notice} kind="warn" title=${t("datasets.missing")}><p>${status.missing.map(wordsOf).join(t("list.separator"))}</p><//>` : null}
    ${status && live.value.box?.dataset_group ? html`<${Group} key=${live.value.box.dataset_group} status=${status} changed=${found.reload} />` : null}
    ${sets.length > 0 ? html`<section class="group"><h2>${t("datasets.institution")}</h2><ul class="items">${own.map(({ name, set }) => set && set.rows > 0 ? html`<${SetRow} key=${name} set=${set} />`
      : html`<li class="item tall" key=${name} data-dataset=${name}><div class="row-text"><span class="row-title">${wordsOf(name)}</span><span class="tag warn">${t("datasets.empty_set")}</span></div></li>`)}</ul></section>` : null}
    ${others.length > 0 ? html`<section class="group"><h2>${t("datasets.tables")}</h2><ul class="items">${others.map((set) => html`<${SetRow} key=${set.name} set=${set} />`)}</ul></section>` : null}<//>`;
}
