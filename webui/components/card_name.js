/** A name that the card could not hold: asked for once, remembered by the box (G07). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { put, segment } from "../core/api.js";
import { announce } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, useTask } from "./controls.js";

/** @param {{ reader: import("../core/types").Reader }} props */
export function CardName({ reader }) {
  const onCard = reader.card.patient?.name ?? "";
  const [name, setName] = useState(onCard);
  const confirm = useTask(async () => {
    await put(`/api/readers/${segment(reader.reader_id)}/name`, { name });
    announce(t("card_name.confirmed"));
  });
  return html`<form class="notice warn stack" id="card-name" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void confirm.run(); }}>
    <p class="what">${t("card_name.what", { name: onCard })}</p>
    ${confirm.error?.body.code === "GW-REQ-02" ? html`<p class="strong" role="alert">${t("card_name.differs")}</p>` : html`<${ErrorNotice} error=${confirm.error} />`}
    <${Field} id="whole-name" label=${t("card_name.label")} hint=${t("card_name.hint")}>
      <input id="whole-name" value=${name} autocomplete="off" enterkeyhint="done" maxlength="60" aria-describedby="whole-name-hint"
        onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
    <${Button} type="submit" id="confirm-name" busy=${confirm.busy} disabled=${!name.trim() && !confirm.busy}>${t("card_name.confirm")}<//></form>`;
}
