/** The field for a code that proves that somebody is there, shown on another phone or at the box (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, useTask } from "./controls.js";

const CODE_DIGITS = 6;

/**
 * The field for a code that is shown somewhere else; sends itself when all digits are there.
 * @param {{ id: string, hint: string, send: (code: string) => Promise<void>, action: string }} props
 */
export function CodeForm({ id, hint, send, action }) {
  const [code, setCode] = useState("");
  const task = useTask(async () => {
    try {
      await send(code);
    } finally {
      setCode("");
    }
  });
  return html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void task.run(); }}>
    <${ErrorNotice} error=${task.error} />
    <${Field} id=${id} label=${t("presence.code")} hint=${hint}>
      <input id=${id} class="code big" inputmode="numeric" autocomplete="one-time-code" enterkeyhint="done" maxlength=${CODE_DIGITS + 1}
        aria-describedby="${id}-hint" value=${code} onInput=${(/** @type {any} */ event) => setCode(event.currentTarget.value.replace(/\D/g, ""))} /><//>
    <${Button} kind="primary" type="submit" id="${id}-send" busy=${task.busy} disabled=${code.length !== CODE_DIGITS && !task.busy}>${action}<//></form>`;
}
