/**
 * The one catalogue of words, fetched from the box: first what the start page and the frame around every screen need, and
 * the whole of it with the first other screen, or as soon as a word is missed. Keys that the whole catalogue lacks show
 * themselves, so that a gap is seen in a test rather than guessed at by a nurse. Their language and the size of their letters
 * are choices of one phone, kept on that phone.
 */
import { signal } from "../lib/signals.js";

/** @typedef {"zh-Hant-TW" | "en"} Language */

const STORED_AS = { language: "vb.language", letters: "vb.letters" };

/** @type {import("../lib/signals.js").Signal<Record<string, string>>} */
const catalogue = signal({});

/** Only the first words of the language are there. */
let partial = false;

/** @type {Promise<void> | null} */
let coming = null;

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
  return fill(lookUp(key) ?? (partial ? "" : key), params);
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
  const words = catalogue.value[`ui.${key}`] ?? catalogue.value[key];
  if (words === undefined && partial) allWords().catch((thrown) => console.info("words: not all yet", thrown));
  return words;
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
 * What the start page needs of a language. Rejects when the box does not answer.
 * @param {Language} wanted
 */
export async function firstWords(wanted) {
  const entries = await fetchWords(`${wanted}/first`);
  partial = true;
  show(wanted, entries);
}

/** The whole of the language on screen. Rejects when the box does not answer; the words on screen then stay as they were. */
function allWords() {
  if (!partial) return Promise.resolve();
  coming ??= speak(language.value).finally(() => { coming = null; });
  return coming;
}

/**
 * What is fetched for a screen, once its words are there too.
 * @template T
 * @param {Promise<T>} fetched
 * @returns {Promise<T>}
 */
export async function withWords(fetched) {
  const [value] = await Promise.all([fetched, allWords()]);
  return value;
}

/**
 * Fetch and show a language, all of it. Rejects when the box does not answer; the words on screen then stay as they were.
 * @param {Language} wanted
 */
export async function speak(wanted) {
  const entries = await fetchWords(wanted);
  partial = false;
  show(wanted, entries);
}

/** @param {string} which @returns {Promise<Record<string, string>>} */
async function fetchWords(which) {
  const answer = await fetch(`/api/words/${which}`, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`words: HTTP ${answer.status}`);
  return answer.json();
}

/** @param {Language} shown @param {Record<string, string>} entries */
function show(shown, entries) {
  useCatalogue(entries);
  language.value = shown;
  document.documentElement.lang = shown;
  keep("language", shown);
}
