/** Hand-off: what waits as a sealed file; it counts as handed off only when a person says that the file is safe. */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useTask } from "./controls.js";

/** @typedef {import("../core/types").HandoffFile} HandoffFile */

/** @param {{ changed: () => void }} props */
export function HandoffPanel({ changed }) {
  const [file, setFile] = useState(/** @type {HandoffFile | null} */ (null));
  const make = useTask(async () => { setFile(await post("/api/handoffs")); });
  const confirm = useTask(async () => {
    if (!file) return;
    const done = /** @type {{ items: number }} */ (await post(`/api/handoffs/${segment(file.handoff_id)}/confirm`));
    announce(t("handoff.done", { items: done.items }));
    setFile(null);
    changed();
  });
  return html`<details class="fold" id="handoff"><summary>${t("handoff.title")}</summary>
    <p class="hint">${t("handoff.how")}</p><${ErrorNotice} error=${make.error ?? confirm.error} />
    ${file ? html`<p>${t("handoff.made", { items: file.items, left: file.left })}</p>
      <div class="actions"><a class="button plain" id="handoff-file" download=${file.name} href=${`data:application/octet-stream;base64,${file.content}`}>${t("handoff.download")}</a>
      <${Button} kind="primary" id="handoff-confirm" task=${confirm}>${t("handoff.confirm", { items: file.items })}<//></div>`
      : html`<${Button} id="handoff-make" task=${make}>${t("handoff.make")}<//>`}</details>`;
}
