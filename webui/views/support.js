/** 支援檔: what it holds is shown first; nothing about people is in it, and only the institution can open it. */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post } from "../core/api.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { boundLock, LockedButton } from "../components/locked.js";

/** @typedef {import("../core/types").SupportBundle} SupportBundle */
/** @typedef {import("../core/types").SupportFile} SupportFile */

/** @type {("checks" | "readers" | "jobs" | "links" | "logs")[]} */
const LISTS = ["checks", "readers", "jobs", "links", "logs"];
const LOOK_S = 60;

export default function Support() {
  const found = useFetched("support bundle", () => /** @type {Promise<SupportBundle>} */ (get("/api/support-bundle", { timeout_s: LOOK_S })));
  const [file, setFile] = useState(/** @type {SupportFile | null} */ (null));
  const make = useTask(async () => { setFile(await post("/api/support-bundle", {}, { timeout_s: LOOK_S })); });
  const bundle = found.value;
  return html`<${Screen} title=${t("support.title")} up="/settings" action=${file
    ? html`<a class="button primary" id="support-file" download=${file.name} href=${`data:application/octet-stream;base64,${file.content}`}>${t("support.download")}</a>`
    : html`<${LockedButton} kind="primary" id="support-make" task=${make} lock=${boundLock()}>${t("support.make")}<//>`}>
    <p>${t("support.what")}</p><${ErrorNotice} error=${make.error ?? found.error} />
    ${file ? html`<${Notice} kind="good" title=${t("support.made", { name: file.name })}><p>${t("support.made_how")}</p><//>` : null}
    ${bundle === null && !found.error ? html`<${Loading} />` : null}
    ${bundle ? html`<dl class="facts">
        <dt>${t("support.box")}</dt><dd>${t("support.count", { count: Object.keys(bundle.box).length + Object.keys(bundle.state).length })}</dd>
        <dt>${t("support.settings")}</dt><dd>${t("support.count", { count: Object.keys(bundle.settings).length })}</dd>
        ${LISTS.map((name) => html`<dt>${t(`support.${name}`)}</dt><dd>${t("support.count", { count: bundle[name].length })}</dd>`)}</dl>
      <p class="hint">${t("support.never")}</p>
      <details class="fold" id="support-all"><summary>${t("support.all")}</summary><pre class="code">${JSON.stringify(bundle, null, 1)}</pre></details>` : null}<//>`;
}
