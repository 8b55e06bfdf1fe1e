/** What is not open now, with a lock and the reason (F06), and buttons that say what they lack before anybody presses them (C03). */
import { html } from "../lib/htm-preact.js";
import { phoneState } from "../core/session.js";
import { linkUp, live, samVerified, staffHere } from "../core/store.js";
import { errorWords, t } from "../core/words.js";
import { Button, Notice } from "./controls.js";

/** @typedef {import("../lib/preact.js").ComponentChildren} Children */
/** @typedef {{ code: string, why: string, href: string, words: string }} Lock what the box would refuse with, the reason, and the way to its key where there is one */

/** @param {string} code @param {string} why @param {string} [href] @param {string} [words] @returns {Lock} */
const lock = (code, why, href = "", words = "") => ({ code, why, href, words });

/** Nobody is signed in on this phone, or not any more. */
export const staffLock = () => (staffHere.value ? null
  : lock(live.value.phone?.reduced ? "GW-ACC-03" : "GW-ACC-02", t("rights.locked.nobody"), "#/sign-in", "home.sign_in"));

/** This phone was paired for daily work only. */
export const roleLock = () => (live.value.phone?.role === "user" ? lock("GW-ACC-09", t("rights.locked.role")) : null);

/** The box does not know what time it is. */
export const timeLock = () => (live.value.time?.trust === "untrusted" ? lock("GW-REQ-07", t("rights.locked.time")) : null);

/** This box belongs to no institution yet. */
export const boundLock = () => (live.value.box?.bound === false ? lock("GW-DC-06", t("rights.locked.bound"), "#/setup/bind", "setup.bind.action") : null);

/** Nothing on this machine takes the order to switch off. */
export const UNABLE_TO_SWITCH_OFF = lock("GW-DEV-22", "");

/** There is no way out of this box, so that it cannot be bound. */
export function uplinkLock() {
  const { box, link } = live.value;
  return box?.bound === false && link?.hop && !link.hop.includes("bound") ? lock("GW-LNK-03", t(`hop.${link.hop}`)) : null;
}

/** Why nothing is answered on the insurer's side now, the nearest reason first. @returns {Lock | null} */
export function lineLock() {
  const unbound = boundLock();
  if (unbound) return unbound;
  if (live.value.box?.enabled === false) return lock("GW-DC-05", t("hop.device_disabled"));
  if (!linkUp.value) return lock("GW-LNK-03", t("rights.locked.link"));
  return samVerified.value ? null : lock("GW-DC-07", t("rights.locked.sam"), "#/setup", "setup.sam.action");
}

/**
 * Why something that needs a live session, this code and the VPN is not open on this phone; null when it is.
 * @param {string} right
 * @returns {Lock | null}
 */
export function lockedBy(right) {
  if (staffHere.value?.rights.includes(right) === false) return lock("GW-ACC-04", t("rights.locked.right", { right: t(`right.${right}`) }), "#/rights", "home.to_rights");
  return staffLock() ?? lineLock();
}

/** Beside words, never alone. */
export function LockIcon() {
  return html`<svg class="lock" viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"
    aria-hidden="true"><path d="M5 11h14v10H5zM8 11V7a4 4 0 0 1 8 0v4" /></svg> `;
}

/** The way to a lock's key; nowhere while this phone itself is locked. @param {{ lock: Lock, kind: string }} props */
const Key = ({ lock: { href, words }, kind }) => (href && phoneState.value === "open" ? html`<a class="button ${kind}" href=${href}>${t(words)}</a>` : null);

/** @param {{ id: string, title: string, lock: Lock }} props */
export function Locked({ id, title, lock }) {
  return html`<li class="item tall" data-locked=${id}><div class="row-text"><span class="row-title"><${LockIcon} />${title}</span>
    <span class="row-detail">${lock.why}</span>${lock.href ? html`<div class="actions"><${Key} lock=${lock} kind="quiet" /></div>` : null}</div></li>`;
}

/** In the place of a form or a list of buttons that lacks something: what, and the way on. @param {{ lock: Lock | null }} props */
export function LockNotice({ lock }) {
  if (!lock) return null;
  return html`<${Notice} kind="warn" title=${errorWords(lock.code, "what")}><p>${errorWords(lock.code, "now")}</p><div class="actions"><${Key} lock=${lock} kind="plain" /></div><//>`;
}

/** What the way to the insurer's side lacks. */
export const LineNotice = () => html`<${LockNotice} lock=${lineLock()} />`;

/**
 * A button with what it lacks: in its place stands the way to the key, and where there is none it says what it waits for.
 * @param {{ lock: Lock | null, id: string, kind?: "primary" | "plain", task: import("./controls.js").Task, disabled?: boolean, children?: Children }} props
 */
export function LockedButton({ lock, id, kind = "plain", task, disabled = false, children }) {
  if (lock?.href) return html`<${Key} lock=${lock} kind=${kind} />`;
  return html`<${Button} id=${id} kind=${kind} task=${task} disabled=${disabled || lock !== null}>${lock ? lock.why : children}<//>`;
}
