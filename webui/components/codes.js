/** Codes that prove that somebody is there: typed on the phone that asks, shown on the phone that allows (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { live } from "../core/store.js";
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

/** @param {string} code */
const spaced = (code) => `${code.slice(0, 3)} ${code.slice(3)}`;

/** @param {{ question: import("../core/types").Question }} props */
function QuestionCard({ question }) {
  const [code, setCode] = useState("");
  const allow = useTask(async () => { setCode((await post(`/api/presence/${segment(question.request_id)}/allow`)).code); });
  const refuse = useTask(async () => { await post(`/api/presence/${segment(question.request_id)}/refuse`); });
  return html`<section class="notice warn ask" data-ask=${question.purpose}>
    <p class="what">${t(`presence.${question.purpose}.what`, { name: question.name })}</p>
    <${ErrorNotice} error=${allow.error ?? refuse.error} />
    ${code ? html`<p>${t("presence.type_there", { name: question.name })}</p><p class="code shown-code" aria-live="polite">${spaced(code)}</p>`
      : html`<p>${t(`presence.${question.purpose}.ask`, { role: t(`role.${question.role}`) })}</p>`}
    <div class="actions">${code ? null : html`<${Button} kind="primary" id="allow" task=${allow}>${t("presence.allow")}<//>`}
      <${Button} id="refuse" task=${refuse}>${t(code ? "presence.stop" : "presence.refuse")}<//></div></section>`;
}

/** Every phone that asks, above whatever screen is open; said aloud as it comes. */
export function Questions() {
  const questions = live.value.presence?.questions ?? [];
  useEffect(() => {
    if (questions.length > 0) window.scrollTo(0, 0);
  }, [questions.length]);
  if (questions.length === 0) return null;
  return html`<div class="asks" role="alert">${questions.map((question) => html`<${QuestionCard} key=${question.request_id} question=${question} />`)}</div>`;
}
