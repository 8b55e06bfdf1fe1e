/** 已鎖定: nothing of anybody is shown; a card, the phone's own code, or another phone opens it again. */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { post } from "../core/api.js";
import { phoneState, renewed, renewals } from "../core/session.js";
import { live, linkUp } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Notice, Screen, useTask } from "../components/controls.js";
import { CodeForm } from "../components/codes.js";
import { PinForm } from "../components/pin.js";

function OwnCode() {
  const [code, setCode] = useState("");
  const unlock = useTask(async () => {
    const typed = code;
    setCode("");
    await post("/api/phone/unlock", { code: typed });
    renewed();
  });
  return html`<form class="stack group" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void unlock.run(); }}>
    <h2>${t("phone_lock.by_code")}</h2><${ErrorNotice} error=${unlock.error} />
    <${Field} id="unlock-code" label=${t("phone_lock.code")} hint=${t("phone_lock.code_hint")}>
      <input id="unlock-code" class="code big" type="password" inputmode="numeric" autocomplete="off" enterkeyhint="done" maxlength="12"
        aria-describedby="unlock-code-hint" value=${code} onInput=${(/** @type {any} */ event) => setCode(event.currentTarget.value)} /><//>
    <${Button} kind="primary" type="submit" id="unlock" busy=${unlock.busy} disabled=${code.length < 6 && !unlock.busy}>${t("phone_lock.unlock")}<//></form>`;
}

function OtherPhone() {
  const [request, setRequest] = useState("");
  const ask = useTask(async () => { setRequest((await post("/api/phone/ask")).request); });
  const open = async (/** @type {string} */ code) => {
    await post("/api/phone/open", { request, code });
    renewed();
  };
  return html`<section class="stack group"><h2>${t("phone_lock.by_other")}</h2><${ErrorNotice} error=${ask.error} />
    ${request ? html`<${CodeForm} id="other-code" hint=${t("presence.code_hint")} send=${open} action=${t("phone_lock.unlock")} />`
      : html`<p class="hint">${t("phone_lock.by_other_hint")}</p><${Button} id="ask" task=${ask}>${t("phone_lock.ask")}<//>`}</section>`;
}

export default function Lock() {
  const phone = live.value.phone;
  const state = phoneState.value;
  const byCode = state === "locked" && phone?.has_code === true;
  // Another page of this phone may have the newer cookie by now: the box is asked once before anybody has to type.
  useEffect(() => { renewals.value += 1; }, []);
  return html`<${Screen} title=${t(state === "over" ? "phone_lock.title_over" : "phone_lock.title")}>
    <${Notice} title=${t(state === "over" ? "phone_lock.over" : "phone_lock.locked", { name: phone?.name ?? "" })}><p>${t("phone_lock.kept")}</p><//>
    ${byCode ? html`<${OwnCode} />` : null}
    <section class="stack group"><h2>${t("phone_lock.by_card")}</h2>
      ${linkUp.value ? html`<${PinForm} />` : html`<p class="hint">${t("phone_lock.card_needs_link")}</p>`}</section>
    <${OtherPhone} /><//>`;
}
