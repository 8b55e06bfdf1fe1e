/** Binding the box to its institution: QR-2 by photo or as text, registration number, the box's name (B05-B08). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { post, postImage } from "../core/api.js";
import { shrinkPhoto } from "../core/photo.js";
import { replace } from "../core/router.js";
import { announce, live } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Field, Notice, Screen, useTask } from "../components/controls.js";
import { Copyable } from "../components/copyable.js";
import { LockedButton, LockNotice, roleLock, uplinkLock } from "../components/locked.js";

export default function Bind() {
  const box = live.value.box;
  const [ticket, setTicket] = useState("");
  const [pin, setPin] = useState("");
  const [name, setName] = useState(box?.box_name ?? "");
  const photo = useTask(async (/** @type {File} */ file) => {
    const answer = /** @type {{ ticket: string }} */ (await postImage("/api/box/binding/photo", await shrinkPhoto(file)));
    setTicket(answer.ticket);
    announce(t("bind.photo_read"));
  });
  const read = (/** @type {any} */ event) => {
    const file = event.currentTarget.files[0];
    if (file) void photo.run(file);
  };
  const bind = useTask(async () => {
    await post("/api/box/binding", { ticket, pin: pin.trim(), name: name.trim() }, { timeout_s: 60 });
    announce(t("bind.done"));
    replace("/setup");
  });
  const role = roleLock();
  if (role) return html`<${Screen} title=${t("bind.title")} up="/setup"><${LockNotice} lock=${role} /><//>`;
  const ready = ticket.trim() !== "" && pin.trim() !== "" && name.trim() !== "";
  return html`<${Screen} title=${t("bind.title")} up="/setup"
    action=${html`<${LockedButton} kind="primary" id="bind" task=${bind} lock=${uplinkLock()} disabled=${!ready}>${t("bind.action")}<//>`}>
    <p>${t("bind.intro")}</p>
    <${ErrorNotice} error=${bind.error ?? photo.error} />
    <div class="field"><span class="label" id="qr2-label">${t("bind.photo")}</span>
      <p class="hint">${t("bind.photo_hint")}</p>
      <div class="stack"><label class="button plain file ${photo.busy ? "busy" : ""}">${photo.busy ? html`<span class="spinner" aria-hidden="true"></span>` : null}
        <span id="qr2-take">${t(ticket ? "bind.photo_again" : "bind.take_photo")}</span>
        <input type="file" id="qr2-photo" class="unseen" accept="image/jpeg,image/png" capture="environment" aria-labelledby="qr2-label qr2-take" onChange=${read} /></label>
      <label class="button plain file ${photo.busy ? "busy" : ""}"><span id="qr2-choose">${t("bind.from_album")}</span>
        <input type="file" id="qr2-album" class="unseen" accept="image/jpeg,image/png" aria-labelledby="qr2-label qr2-choose" onChange=${read} /></label></div></div>
    ${ticket ? html`<${Notice} kind="good"><p>${t("bind.photo_read")}</p><//>` : null}
    <details class="fold" open=${photo.error !== null}><summary>${t("bind.paste")}</summary>
      <${Field} id="ticket" label=${t("bind.ticket")}>
        <textarea id="ticket" class="code" rows="3" autocomplete="off" spellcheck="false" value=${ticket}
          onInput=${(/** @type {any} */ event) => setTicket(event.currentTarget.value)}></textarea><//></details>
    <${Field} id="bind-pin" label=${t("bind.pin")} hint=${t("bind.pin_hint")}>
      <input id="bind-pin" class="code big" inputmode="numeric" autocomplete="off" enterkeyhint="next" maxlength="12" aria-describedby="bind-pin-hint"
        value=${pin} onInput=${(/** @type {any} */ event) => setPin(event.currentTarget.value)} /><//>
    <${Field} id="box-name" label=${t("bind.name")} hint=${t("bind.name_hint")}>
      <input id="box-name" autocomplete="off" enterkeyhint="done" maxlength="80" aria-describedby="box-name-hint"
        value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
    ${box ? html`<p class="label">${t("box.sheet_id")}</p><${Copyable} text=${box.sheet_id} label=${t("box.sheet_id")} />` : null}<//>`;
}
