/** Text to take along: into a message, into another program. */
import { html } from "../lib/htm-preact.js";
import { useRef } from "../lib/preact-hooks.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, useTask } from "./controls.js";

/**
 * Text with a button that copies it. Without the clipboard (an unsafe context) the text is selected instead.
 * @param {{ text: string, label: string }} props
 */
export function Copyable({ text, label }) {
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLInputElement | null>} */
  const input = useRef(null);
  const copy = useTask(async () => {
    input.current?.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else document.execCommand("copy");
    announce(t("copied"));
  });
  return html`<div class="copyable"><input readonly class="code" aria-label=${label} value=${text} ref=${input} />
    <${Button} task=${copy}>${t("action.copy")}<//></div>`;
}
