/** Hand-off: what waits as a sealed file; it counts as handed off only when a person says that the file is safe. */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, segment } from "../core/api.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, useFetched, useTask } from "./controls.js";
import { boundLock, LockedButton, roleLock } from "./locked.js";

/** @typedef {import("../core/types").HandoffFile} HandoffFile */

/** @typedef {import("../core/types").HandoffsWaiting} HandoffsWaiting */

/** The data centre has told no key that a file could be sealed to. @param {boolean | undefined} hasKey */
const keyLock = (hasKey) => (hasKey === false ? { code: "GW-DC-06", why: t("handoff.no_key"), href: "", words: "" } : null);

/**
 * @param {{ items: number, news: string, changed: () => void }} props `items`: what is open here; `news` changes when
 *   what waits may have changed
 */
export function HandoffPanel({ items, news, changed }) {
  const handed = useFetched("handoffs", () => /** @type {Promise<HandoffsWaiting>} */ (get("/api/handoffs")), news);
  const [file, setFile] = useState(/** @type {HandoffFile | null} */ (null));
  const make = useTask(async () => { setFile(await post("/api/handoffs")); });
  const confirm = useTask(async () => {
    if (!file) return;
    const done = /** @type {{ items: number }} */ (await post(`/api/handoffs/${segment(file.handoff_id)}/confirm`));
    announce(t("handoff.done", { items: done.items }));
    setFile(null);
    handed.reload();
    changed();
  });
  const takeBack = useTask(async () => {
    const done = /** @type {{ items: number }} */ (await post("/api/handoffs/take-back"));
    announce(t("handoff.taken_back", { items: done.items }));
    handed.reload();
    changed();
  });
  const waiting = handed.value?.waiting ?? 0;
  if (items === 0 && waiting === 0 && !file) return null;
  const lock = roleLock();
  const makeLock = lock ?? boundLock() ?? keyLock(handed.value?.has_key);
  return html`<details class="fold" id="handoff"><summary>${t("handoff.title")}</summary>
    <p class="hint">${t("handoff.how")}</p><${ErrorNotice} error=${make.error ?? confirm.error ?? takeBack.error} />
    ${waiting > 0 ? html`<p>${t("handoff.waiting", { count: waiting })}</p><${LockedButton} id="handoff-take-back" task=${takeBack} lock=${lock}>${t("handoff.take_back")}<//>` : null}
    ${file ? html`<p>${t("handoff.made", { items: file.items, left: file.left })}</p>
      <div class="actions"><a class="button plain" id="handoff-file" download=${file.name} href=${`data:application/octet-stream;base64,${file.content}`}>${t("handoff.download")}</a>
      <${LockedButton} kind="primary" id="handoff-confirm" task=${confirm} lock=${lock}>${t("handoff.confirm", { items: file.items })}<//></div>`
      : items === 0 ? null : html`<${LockedButton} id="handoff-make" task=${make} lock=${makeLock}>${t("handoff.make")}<//>`}</details>`;
}
