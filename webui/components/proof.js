/** Showing who holds this phone: by its own code, a card, or whoever is at another phone or the box. */
import { html } from "../lib/htm-preact.js";
import { useLayoutEffect, useRef, useState } from "../lib/preact-hooks.js";
import { ApiError, post } from "../core/api.js";
import { renewed } from "../core/session.js";
import { live, linkUp } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, useTask } from "./controls.js";
import { CodeForm } from "./codes.js";
import { PinForm } from "./pin.js";

/** Whether the box only wants card or code shown on this phone first. @param {unknown} thrown */
export const isStale = (thrown) => thrown instanceof ApiError && thrown.body.code === "GW-ACC-16";

/** @param {{ action: string, done?: () => void }} props */
export function OwnCode({ action, done }) {
  const [code, setCode] = useState("");
  const unlock = useTask(async () => {
    const typed = code;
    setCode("");
    await post("/api/phone/unlock", { code: typed });
    renewed();
    done?.();
  });
  return html`<form class="stack group" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void unlock.run(); }}>
    <h2>${t("phone_lock.by_code")}</h2><${ErrorNotice} error=${unlock.error} />
    <${Field} id="unlock-code" label=${t("phone_lock.code")} hint=${t("phone_lock.code_hint")}>
      <input id="unlock-code" class="code big" type="password" inputmode="numeric" autocomplete="off" enterkeyhint="done" maxlength="12"
        aria-describedby="unlock-code-hint" value=${code} onInput=${(/** @type {any} */ event) => setCode(event.currentTarget.value)} /><//>
    <${Button} kind="primary" type="submit" id="unlock" busy=${unlock.busy} disabled=${code.length < 6 && !unlock.busy}>${action}<//></form>`;
}

/** @param {{ action: string, done?: () => void }} props */
export function OtherPhone({ action, done }) {
  const [request, setRequest] = useState("");
  const ask = useTask(async () => { setRequest((await post("/api/phone/ask")).request); });
  const open = async (/** @type {string} */ code) => {
    await post("/api/phone/open", { request, code });
    renewed();
    done?.();
  };
  return html`<section class="stack group"><h2>${t("phone_lock.by_other")}</h2><${ErrorNotice} error=${ask.error} />
    ${request ? html`<${CodeForm} id="other-code" hint=${t("presence.code_hint")} send=${open} action=${action} />`
      : html`<p class="hint">${t("phone_lock.by_other_hint")}</p><${Button} id="ask" task=${ask}>${t("phone_lock.ask")}<//>`}</section>`;
}

/** @param {{ action: string, done?: () => void }} props */
export function ByCard({ action, done }) {
  return html`<section class="stack group"><h2>${t("phone_lock.by_card")}</h2>
    ${linkUp.value ? html`<${PinForm} action=${action} done=${done} />` : html`<p class="hint">${t("phone_lock.card_needs_link")}</p>`}</section>`;
}

/** @param {{ done: () => void }} props */
function Ways({ done }) {
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLElement | null>} */
  const place = useRef(null);
  useLayoutEffect(() => place.current?.focus(), []);
  const action = t("proof.action");
  const code = html`<${OwnCode} action=${action} done=${done} />`;
  const card = html`<${ByCard} action=${action} done=${done} />`;
  const other = html`<${OtherPhone} action=${action} done=${done} />`;
  const [first, ...more] = [live.value.phone?.has_code ? code : null, linkUp.value ? card : null, other].filter((way) => way !== null);
  return html`<section class="proof stack" role="alert" aria-label=${t("proof.title")} tabindex="-1" ref=${place}><h2>${t("proof.title")}</h2><p>${t("proof.why")}</p>
    ${first}${more.length > 0 ? html`<details class="fold"><summary>${t("proof.other_ways")}</summary>${more}</details>` : null}</section>`;
}

/**
 * Why something was refused; where only a proof is missing, the ways to give it, after which it is done at once.
 * @param {{ task: { error: ApiError | null, run: (...args: any[]) => Promise<void> } }} props
 */
export function Refused({ task }) {
  return isStale(task.error) ? html`<${Ways} done=${() => void task.run()} />` : html`<${ErrorNotice} error=${task.error} />`;
}
