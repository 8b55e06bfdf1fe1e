/** 主機憑證: the roots by which this box knows the data centre; a technician adds the next one here (Y11). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { del, get, post, segment } from "../core/api.js";
import { pairs, rocDate } from "../core/format.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Screen, useFetched, useTask } from "../components/controls.js";
import { Refused } from "../components/proof.js";

/** @typedef {import("../core/types").PortalRoot} PortalRoot */
/** @typedef {{ roots: PortalRoot[] }} Answer */

/** @param {{ root: PortalRoot, only: boolean, changed: (answer: Answer) => void }} props */
function Root({ root, only, changed }) {
  const [sure, setSure] = useState(false);
  const remove = useTask(async () => { changed(await del(`/api/box/roots/${segment(root.fingerprint)}`)); });
  return html`<li class="item tall" data-root=${root.fingerprint}><div class="row-text"><span class="row-title">${root.subject}</span>
    <span>${t(`roots.source.${root.source}`)} · ${t("roots.until", { date: rocDate(root.ends_at.slice(0, 10)) })}</span>
    <span class="label">${t("roots.fingerprint")}</span><span class="code">${pairs(root.fingerprint)}</span>
    <${Refused} task=${remove} />
    ${only ? null : sure ? html`<p class="hint">${t("roots.sure")}</p><div class="actions"><${Button} kind="danger" task=${remove}>${t("roots.remove")}<//>
      <${Button} onPress=${() => setSure(false)}>${t("roots.keep")}<//></div>` : html`<div class="actions"><${Button} kind="quiet" onPress=${() => setSure(true)}>${t("roots.remove")}<//></div>`}</div></li>`;
}

export default function Roots() {
  const roots = useFetched("roots", () => /** @type {Promise<Answer>} */ (get("/api/box/roots")));
  const [pem, setPem] = useState("");
  const add = useTask(async () => {
    roots.set(/** @type {Answer} */ (await post("/api/box/roots", { pem })));
    setPem("");
    announce(t("roots.added"));
  });
  const read = useTask(async (/** @type {File} */ file) => { setPem(await file.text()); });
  const known = roots.value?.roots;
  return html`<${Screen} title=${t("roots.title")} up="/settings"
    action=${html`<${Button} kind="primary" id="add-root" task=${add} disabled=${pem.trim() === ""}>${t("roots.add")}<//>`}>
    <p>${t("roots.intro")}</p>
    <${Refused} task=${add} /><${ErrorNotice} error=${read.error ?? roots.error} />
    ${known ? html`<ul class="items">${known.map((root) => html`<${Root} key=${root.fingerprint} root=${root} only=${known.length === 1} changed=${roots.set} />`)}</ul>`
      : roots.error ? null : html`<${Loading} />`}
    ${known?.length === 0 ? html`<p class="hint">${t("roots.unbound")}</p>` : null}
    ${known && known.length > 0 ? html`<h2>${t("roots.new")}</h2><p class="hint">${t("roots.compare")}</p>
      <label class="button plain file"><span>${t("roots.choose")}</span>
        <input type="file" id="root-file" class="unseen" accept=".pem,.crt,.cer,application/x-pem-file,application/x-x509-ca-cert"
          onChange=${(/** @type {any} */ event) => { const file = event.currentTarget.files[0]; if (file) void read.run(file); }} /></label>
      <${Field} id="root-pem" label=${t("roots.text")}><textarea id="root-pem" class="code" rows="5" autocomplete="off" spellcheck="false" value=${pem}
        onInput=${(/** @type {any} */ event) => setPem(event.currentTarget.value)}></textarea><//>` : null}<//>`;
}
