/**
 * The one catalogue of words, fetched from the box. Keys that the catalogue lacks show themselves, so that a gap
 * is seen in a test rather than guessed at by a nurse. Their language and the size of their letters are choices of one
 * phone, kept on that phone.
 */
import { signal } from "../lib/signals.js";

/** @typedef {"zh-Hant-TW" | "en"} Language */

const STORED_AS = { language: "vb.language", letters: "vb.letters" };

/** @type {import("../lib/signals.js").Signal<Record<string, string>>} */
const catalogue = signal({});

/** @type {import("../lib/signals.js").Signal<Language>} */
export const language = signal("zh-Hant-TW");

export const largeLetters = signal(false);

/**
 * Replace `{name}` by `params.name`; an absent one stays as it is.
 * @param {string} pattern
 * @param {Record<string, string | number>} [params]
 */
export function fill(pattern, params = {}) {
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
}

/**
 * The words for `key` in the chosen language.
 * @param {string} key
 * @param {Record<string, string | number>} [params]
 */
export function t(key, params) {
  return fill(lookUp(key) ?? key, params);
}

/**
 * Part of an error's words by its code alone: the sentence that needs no parameters (its `_plain` twin).
 * @param {string} code
 * @param {"what" | "where" | "now"} part
 */
export function errorWords(code, part) {
  const key = hasWords(`error.${code}.${part}`) ? `error.${code}.${part}` : `error.GW-000.${part}`;
  return hasWords(`${key}_plain`) ? t(`${key}_plain`) : t(key);
}

/** @param {string} key */
export function hasWords(key) {
  return lookUp(key) !== undefined;
}

/** This UI's own words stand under `ui.`; those that services share (errors, waiting reasons) do not. @param {string} key */
function lookUp(key) {
  return catalogue.value[`ui.${key}`] ?? catalogue.value[key];
}

/** @param {Record<string, string>} entries */
export function useCatalogue(entries) {
  catalogue.value = entries;
}

/** @returns {Language} */
export function storedLanguage() {
  return recall("language") === "en" ? "en" : "zh-Hant-TW";
}

/** Show the page in the letters that this phone was told last. */
export function wearStoredLetters() {
  wear(recall("letters") === "large");
}

/** Change the letters at once and keep the choice. @param {boolean} large */
export function chooseLetters(large) {
  wear(large);
  keep("letters", large ? "large" : "ordinary");
}

/** `tokens.css` makes the letters' size of this attribute. @param {boolean} large */
function wear(large) {
  largeLetters.value = large;
  document.documentElement.dataset["letters"] = large ? "large" : "ordinary";
}

/** @param {keyof typeof STORED_AS} choice */
function recall(choice) {
  try {
    return localStorage.getItem(STORED_AS[choice]);
  } catch {
    return null; // storage may be forbidden (private tab): a choice then lasts as long as the page
  }
}

/** @param {keyof typeof STORED_AS} choice @param {string} value */
function keep(choice, value) {
  try {
    localStorage.setItem(STORED_AS[choice], value);
  } catch {
    return;
  }
}

/**
 * Fetch and show a language. Rejects when the box does not answer; the words on screen then stay as they were.
 * @param {Language} wanted
 */
export async function speak(wanted) {
  const answer = await fetch(`/api/words/${wanted}`, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`words: HTTP ${answer.status}`);
  useCatalogue(await answer.json());
  language.value = wanted;
  document.documentElement.lang = wanted;
  keep("language", wanted);
}
