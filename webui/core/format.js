/** Dates, ages and masks as people in Taiwan's clinics read them. Pure; times are ISO 8601 with a zone. */
import { t } from "./words.js";

const TAIPEI_MS = 8 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** @param {number} n */
const two = (n) => String(n).padStart(2, "0");

/** @param {string | Date} moment */
function taipei(moment) {
  return new Date(new Date(moment).getTime() + TAIPEI_MS);
}

/**
 * `115/11/21 (六)`
 * @param {string | Date} moment
 */
export function rocDay(moment) {
  const d = taipei(moment);
  const weekday = t(`weekday.${WEEKDAYS[d.getUTCDay()]}`);
  return `${d.getUTCFullYear() - 1911}/${two(d.getUTCMonth() + 1)}/${two(d.getUTCDate())} (${weekday})`;
}

/**
 * `17:05`
 * @param {string | Date} moment
 */
export function clock(moment) {
  const d = taipei(moment);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/**
 * `115/11/21 (六) 17:05`
 * @param {string | Date} moment
 */
export function rocMoment(moment) {
  return `${rocDay(moment)} ${clock(moment)}`;
}

/**
 * The moment at which Taipei's clocks show a time, on the day of `near`; with `later`, the first such moment after it.
 * @param {string} near
 * @param {string} hhmm `17:05`
 * @param {boolean} [later]
 */
export function atClock(near, hhmm, later = false) {
  const base = new Date(near).getTime();
  const [hours = 0, minutes = 0] = hhmm.split(":").map(Number);
  const midnight = Math.floor((base + TAIPEI_MS) / DAY_MS) * DAY_MS - TAIPEI_MS;
  const at = midnight + (hours * 60 + minutes) * 60_000;
  const minute = Math.floor(base / 60_000) * 60_000;
  return new Date(later && at < minute ? at + DAY_MS : at).toISOString();
}

/**
 * A calendar date without time or zone, `1958-03-09` → `47/03/09`.
 * @param {string} day
 */
export function rocDate(day) {
  const [year = "", month = "", date = ""] = day.split("-");
  return `${Number(year) - 1911}/${month}/${date}`;
}

/**
 * A date typed in ROC form, `38/03/09`, `038.03.09` or `0380309`, as YYYY-MM-DD; empty when it is none.
 * @param {string} text
 */
export function fromRoc(text) {
  const parts = /^(\d{2,3})[/.-]?(\d{2})[/.-]?(\d{2})$/.exec(text.trim());
  if (!parts) return "";
  const day = `${Number(parts[1]) + 1911}-${parts[2]}-${parts[3]}`;
  const read = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(read.getTime()) || !read.toISOString().startsWith(day) ? "" : day;
}

/**
 * Full years between a date of birth and a moment in Taipei.
 * @param {string} birthDate
 * @param {string | Date} at
 */
export function ageYears(birthDate, at) {
  const now = taipei(at);
  const [year = 0, month = 0, day = 0] = birthDate.split("-").map(Number);
  const before = now.getUTCMonth() + 1 < month || (now.getUTCMonth() + 1 === month && now.getUTCDate() < day);
  return now.getUTCFullYear() - year - (before ? 1 : 0);
}

/**
 * Whole hours and minutes, for a countdown: `3 時 10 分`, `12 分`. Negative counts as zero.
 * @param {number} ms
 */
export function hoursMinutes(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  const hours = Math.floor(minutes / 60);
  return hours > 0
    ? t("duration.hours_minutes", { hours, minutes: minutes % 60 })
    : t("duration.minutes", { minutes });
}

/**
 * Roughly how long ago, for the queue: `2 時`, `40 分`.
 * @param {number} ms
 */
export function roughly(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  return minutes >= 60
    ? t("duration.hours", { hours: Math.floor(minutes / 60) })
    : t("duration.minutes", { minutes });
}

/**
 * `A123456788` → `A12****788` (ux §3.4); anything of another length is hidden whole.
 * @param {string} id
 */
export function maskId(id) {
  return id.length === 10 ? `${id.slice(0, 3)}****${id.slice(-3)}` : "*".repeat(id.length);
}

/**
 * `1631` → `1,631`
 * @param {number} n
 */
export function points(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * At most one decimal, without a trailing `.0`.
 * @param {number} n
 */
export function quantity(n) {
  return String(Math.round(n * 10) / 10);
}

/**
 * Hex digits in pairs, upper case, as browsers show a fingerprint.
 * @param {string} hex
 */
export function pairs(hex) {
  return hex.toUpperCase().replace(/..(?=.)/g, "$& ");
}
