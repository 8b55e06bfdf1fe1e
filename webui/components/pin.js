/** The PIN of a health-professional card: straight from the field to the card, kept nowhere on this page (F01). */
import { html } from "../lib/htm-preact.js";
import { useRef, useState } from "../lib/preact-hooks.js";
import { post } from "../core/api.js";
import { renewed } from "../core/session.js";
import { lineReady, readers } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, useFetched, useTask } from "./controls.js";

/**
 * Which reader and the PIN, as a form of its own; nothing but what is missing while the insurer cannot be asked or there is no card.
 * The PIN is in no state of this page, and not in the field while the card works.
 * @param {{ path?: string, more?: Record<string, unknown>, action?: string, done?: () => void }} props `path`: where the PIN goes instead of
 *   to the sign-in, with `more` beside it and without a reader
 */
export function PinForm({ path, more, action, done }) {
  const withCard = readers.value.filter((reader) => reader.card.kind === "hpc");
  const [chosen, setChosen] = useState("");
  const [filled, setFilled] = useState(false);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLInputElement | null>} */
  const field = useRef(null);
  const reader = withCard.find((r) => r.reader_id === chosen) ?? withCard[0];
  const send = useTask(async () => {
    const input = field.current;
    if (!input || (!reader && !path)) return;
    const pin = input.value;
    input.value = "";
    setFilled(false);
    if (path) await post(path, { ...more, pin }, { timeout_s: 60 });
    else await post("/api/staff/sessions", { reader_id: reader?.reader_id, pin }, { timeout_s: 60 });
    renewed();
    done?.();
  });
  const asks = path || (reader && lineReady.value) ? "" : lineReady.value ? "card" : "line";
  const lack = useFetched(asks, async () => (asks === "card" ? (await import("./insert.js")).Insert : asks ? (await import("./locked.js")).LineNotice : null)).value;
  if (asks) return html`<${ErrorNotice} error=${send.error} />${lack ? html`<${lack} wants="hpc" />` : null}`;
  return html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void send.run(); }}>
    <${ErrorNotice} error=${send.error} />
    ${withCard.length > 1 && !path ? html`<fieldset class="choices"><legend>${t("sign_in.reader")}</legend>${withCard.map((r) => html`<label class="choice">
      <input type="radio" name="reader" checked=${r === reader} onChange=${() => setChosen(r.reader_id)} /><span>${r.name}</span></label>`)}</fieldset>` : null}
    ${withCard.length === 1 ? html`<p class="hint">${t("sign_in.found", { reader: reader?.name ?? "" })}</p>` : null}
    <${Field} id="pin" label=${t("sign_in.pin")} hint=${t("sign_in.pin_hint")}>
      <input id="pin" class="code big" ref=${field} type="password" inputmode="numeric" autocomplete="off" enterkeyhint="done" maxlength="8"
        aria-describedby="pin-hint" onInput=${(/** @type {any} */ event) => setFilled(event.currentTarget.value.length >= 4)} /><//>
    <${Button} kind="primary" type="submit" id="sign-in" busy=${send.busy} disabled=${!filled && !send.busy}>${action ?? t("sign_in.action")}<//></form>`;
}
