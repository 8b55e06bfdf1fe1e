/** Phones that ask to be let in, and the code that is shown on the phone that allows (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useLayoutEffect, useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useTask } from "./controls.js";
import { Refused, isStale } from "./proof.js";

/** @param {string} code */
const spaced = (code) => `${code.slice(0, 3)} ${code.slice(3)}`;

/** @param {{ question: import("../core/types").Question }} props */
function QuestionCard({ question }) {
  const [code, setCode] = useState("");
  const allow = useTask(async () => { setCode((await post(`/api/presence/${segment(question.request_id)}/allow`)).code); });
  const refuse = useTask(async () => { await post(`/api/presence/${segment(question.request_id)}/refuse`); });
  return html`<section class="notice warn ask" data-ask=${question.purpose}>
    <p class="what">${t(`presence.${question.purpose}.what`, { name: question.name })}</p>
    <${ErrorNotice} error=${refuse.error} />
    ${code ? html`<p>${t("presence.type_there", { name: question.name })}</p><p class="code shown-code" aria-live="polite">${spaced(code)}</p>`
      : html`<p>${t(`presence.${question.purpose}.ask`, { role: t(`role.${question.role}`) })}</p>`}
    <${Refused} task=${allow} />
    <div class="actions">${code || isStale(allow.error) ? null : html`<${Button} kind="primary" id="allow" task=${allow}>${t("presence.allow")}<//>`}
      <${Button} id="refuse" task=${refuse}>${t(code ? "presence.stop" : "presence.refuse")}<//></div></section>`;
}

/** Every other phone that asks, above whatever screen is open; said aloud as it comes. */
export function Questions() {
  const questions = (live.value.presence?.questions ?? []).filter((question) => question.phone_id !== live.value.phone?.phone_id);
  useLayoutEffect(() => {
    if (questions.length > 0) window.scrollTo(0, 0);
  }, [questions.length]);
  if (questions.length === 0) return null;
  return html`<div class="asks" role="alert">${questions.map((question) => html`<${QuestionCard} key=${question.request_id} question=${question} />`)}</div>`;
}
