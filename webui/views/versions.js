/** 版本紀錄: what runs on this box, for whoever is asked by an engineer (S03). */
import { html } from "../lib/htm-preact.js";
import { get } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, Screen, useFetched } from "../components/controls.js";

/** @typedef {import("../core/types").BoxHealth} BoxHealth */

export default function VersionRecord() {
  const found = useFetched("versions", () => /** @type {Promise<BoxHealth>} */ (get("/api/health")));
  const versions = found.value?.versions;
  return html`<${Screen} title=${t("versions.title")} up="/settings">
    <${ErrorNotice} error=${found.error} />
    ${versions === undefined && !found.error ? html`<${Loading} />` : null}
    ${found.value && versions ? html`<dl class="facts">
      <dt>${t("versions.program")}</dt><dd class="code">${versions.program}</dd>
      <dt>${t("versions.schema")}</dt><dd class="code">${versions.schema}</dd>
      <dt>${t("versions.system")}</dt><dd>${versions.system}</dd>
      <dt>${t("versions.image")}</dt><dd class="code">${versions.image || t("none")}</dd>
      <dt>Python</dt><dd class="code">${versions.python}</dd>
      <dt>${t("versions.up_since")}</dt><dd>${rocMoment(found.value.up_since)}</dd></dl>
      <h2>${t("datasets.title")}</h2>
      <dl class="facts" id="set-versions">${versions.datasets.map((each) => html`<dt>${t(`dataset.${each.name}`)}</dt><dd class="code">${each.version}</dd>`)}</dl>` : null}<//>`;
}
