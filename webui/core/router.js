/** Screens by the address's fragment: `#/visits/ID/order/2`. One table, views loaded when first needed. */
import { signal } from "../lib/signals.js";

/**
 * @typedef {{ default: import("../lib/preact.js").FunctionComponent<any> }} ViewModule
 * @typedef {object} Route
 * @property {string} path pattern; `:name` takes one segment
 * @property {() => Promise<ViewModule>} load
 * @property {"home" | "visit" | "list" | "outbox" | "settings" | ""} tab the item of the bottom bar that it belongs to
 * @property {boolean} [open] shown to a phone that is not paired
 */

/**
 * The parameters of `path` under `pattern`, or null.
 * @param {string} pattern
 * @param {string} path
 * @returns {Record<string, string> | null}
 */
export function match(pattern, path) {
  const want = pattern.split("/");
  const have = path.split("/");
  if (want.length !== have.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [i, part] of want.entries()) {
    const given = have[i] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(given);
    else if (part !== given) return null;
  }
  return params;
}

/**
 * The path in a fragment: `#/home` → `/home`; anything else (none, a pairing token) → `/`.
 * @param {string} fragment
 */
export function pathOf(fragment) {
  return fragment.startsWith("#/") ? fragment.slice(1).replace(/\/+$/, "") || "/" : "/";
}

export const path = signal("/");

/** @param {string} to */
export function go(to) {
  location.hash = `#${to}`;
}

/**
 * Go without leaving the present screen in the history.
 * @param {string} to
 */
export function replace(to) {
  history.replaceState(null, "", `#${to}`);
  path.value = pathOf(location.hash);
}

/** One screen back; to `otherwise` when this is the first one. @param {string} otherwise */
export function back(otherwise) {
  if (steps > 0) history.back();
  else replace(otherwise);
}

let steps = 0;

/** Begin to follow the address. */
export function startRouter() {
  path.value = pathOf(location.hash);
  window.addEventListener("hashchange", () => {
    steps += 1;
    path.value = pathOf(location.hash);
  });
}
