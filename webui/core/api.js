/** Calls to the box's JSON API. Every failure becomes an ApiError with words to show. */
import { language, t } from "./words.js";

/** @typedef {import("./types").ErrorBody} ErrorBody */

/** What went wrong, in the box's own words or, when the box did not answer, in ours (GW-NET). */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 when there was no answer
   * @param {ErrorBody} body
   */
  constructor(status, body) {
    super(body.code);
    this.status = status;
    this.body = body;
  }

  /** The box never answered: the phone has no way to it. */
  get unreachable() {
    return this.status === 0;
  }
}

/**
 * Words from the catalogue for an error that has none of its own.
 * @param {string} code
 * @param {string} words prefix of the three keys
 * @param {ErrorBody["retry"]} retry
 * @returns {ErrorBody}
 */
function ownWords(code, words, retry) {
  return {
    code,
    retry,
    params: {},
    words: { what: t(`${words}.what`), where: t(`${words}.where`), now: t(`${words}.now`) },
  };
}

/**
 * An error for this screen to show, whatever was thrown.
 * @param {unknown} thrown
 * @returns {ApiError}
 */
export function asApiError(thrown) {
  if (thrown instanceof ApiError) return thrown;
  console.error(thrown);
  return new ApiError(-1, ownWords("GW-UI-01", "error.screen", "unknown"));
}

/** @param {Response} answer @returns {Promise<ErrorBody>} */
async function errorBody(answer) {
  try {
    const body = await answer.json();
    if (body && body.error && body.error.words) return body.error;
  } catch {
    // no JSON: a proxy or a half-started box answered
  }
  return ownWords(`GW-HTTP-${answer.status}`, "error.answer", "unknown");
}

/** @type {(() => void)[]} */
const unpairedListeners = [];

/**
 * Called whenever the box says that this phone is not (or no longer) paired.
 * @param {() => void} listener
 */
export function onUnpaired(listener) {
  unpairedListeners.push(listener);
}

/** @type {((state: "locked" | "over") => void)[]} */
const lockedListeners = [];

/**
 * Called whenever the box says that this phone is locked, or that its longest session is over.
 * @param {(state: "locked" | "over") => void} listener
 */
export function onLocked(listener) {
  lockedListeners.push(listener);
}

/** @type {Record<string, "locked" | "over">} */
const LOCKED_CODES = { "GW-ACC-10": "locked", "GW-ACC-11": "over" };

/** Whether a refusal is only for want of somebody at this phone. @param {ApiError} error */
export const isLocked = (error) => error.body.code in LOCKED_CODES;

/** This phone was removed, or the box erased: what this browser holds of it is nobody's to keep. */
const FORGET = new Set(["GW-ACC-17", "GW-STO-08"]);

/** The box says so to the browser as well (Clear-Site-Data), which not every browser knows. */
function forget() {
  try {
    localStorage.clear();
    sessionStorage.clear();
  } catch {
    // a browser without storage for this page has nothing of ours
  }
}

/** The code that the box gives when there is no live phone session (GW-ACC-01). */
const NOT_PAIRED = 401;

/**
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {{ json?: unknown, image?: Blob, timeout_s?: number, signal?: AbortSignal }} [options]
 * @returns {Promise<any>} the decoded body; undefined for 204
 */
async function call(method, path, { json, image, timeout_s = 20, signal } = {}) {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), timeout_s * 1000);
  const stop = () => aborter.abort();
  signal?.addEventListener("abort", stop);
  /** @type {Record<string, string>} */
  const headers = { "Accept-Language": language.value };
  /** @type {BodyInit | null} */
  let body = null;
  if (image) {
    headers["Content-Type"] = image.type;
    body = image;
  } else if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    body = json === undefined ? null : JSON.stringify(json);
  }
  try {
    const answer = await fetch(path, { method, headers, body, signal: aborter.signal, credentials: "same-origin" });
    if (!answer.ok) {
      if (answer.status === NOT_PAIRED) unpairedListeners.forEach((listener) => listener());
      const error = new ApiError(answer.status, await errorBody(answer));
      if (FORGET.has(error.body.code)) forget();
      const lock = LOCKED_CODES[error.body.code];
      // Opening it may be refused with the same codes; then it is closed already.
      if (lock) lockedListeners.forEach((listener) => listener(lock));
      throw error;
    }
    return answer.status === 204 ? undefined : await answer.json();
  } catch (thrown) {
    if (thrown instanceof ApiError || signal?.aborted) throw thrown;
    const words = method === "GET" ? "error.unreachable" : "error.unreachable_write";
    throw new ApiError(0, ownWords("GW-NET-01", words, method === "GET" ? "later" : "unknown"));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** @param {string} part */
export const segment = (part) => encodeURIComponent(part);

/**
 * @template T
 * @param {string} path
 * @param {{ signal?: AbortSignal, timeout_s?: number }} [options]
 * @returns {Promise<T>}
 */
export const get = (path, options) => call("GET", path, options);

/**
 * @template T
 * @param {string} path
 * @param {unknown} [json]
 * @param {{ timeout_s?: number }} [options]
 * @returns {Promise<T>}
 */
export const post = (path, json, options) => call("POST", path, { json: json ?? {}, ...options });

/**
 * @template T
 * @param {string} path
 * @param {unknown} json
 * @param {{ timeout_s?: number }} [options]
 * @returns {Promise<T>}
 */
export const put = (path, json, options) => call("PUT", path, { json, ...options });

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T>}
 */
export const del = (path) => call("DELETE", path);

/**
 * @template T
 * @param {string} path
 * @param {Blob} image JPEG or PNG
 * @returns {Promise<T>}
 */
export const postImage = (path, image) => call("POST", path, { image, timeout_s: 40 });
