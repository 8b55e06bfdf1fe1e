/** What is not open now, with a lock and the reason (F06): no card verified, the person lacks the service code, no VPN. */
import { html } from "../lib/htm-preact.js";
import { linkUp, staffHere } from "../core/store.js";
import { t } from "../core/words.js";

/** @typedef {{ why: string, href: string, words: string }} Lock the reason, and the way to its key where there is one */

/**
 * Why something that needs a live session, this code and the VPN is not open on this phone; null when it is.
 * @param {string} right
 * @returns {Lock | null}
 */
export function lockedBy(right) {
  const staff = staffHere.value;
  if (!staff) return { why: t("rights.locked.nobody"), href: "#/sign-in", words: "home.sign_in" };
  if (!staff.rights.includes(right)) return { why: t("rights.locked.right", { right: t(`right.${right}`) }), href: "#/rights", words: "home.to_rights" };
  return linkUp.value ? null : { why: t("rights.locked.link"), href: "", words: "" };
}

/** Beside words, never alone. */
export function LockIcon() {
  return html`<svg class="lock" viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"
    aria-hidden="true"><path d="M5 11h14v10H5zM8 11V7a4 4 0 0 1 8 0v4" /></svg> `;
}

/** @param {{ id: string, title: string, lock: Lock }} props */
export function Locked({ id, title, lock }) {
  return html`<li class="item tall" data-locked=${id}><div class="row-text"><span class="row-title"><${LockIcon} />${title}</span>
    <span class="row-detail">${lock.why}</span>${lock.href ? html`<div class="actions"><a class="button quiet" href=${lock.href}>${t(lock.words)}</a></div>` : null}</div></li>`;
}
