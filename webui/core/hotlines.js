/**
 * Whom to call, and whether somebody is there now. Numbers and hours stand here and nowhere else: the page shows them
 * with no line to anywhere. The insurer publishes two tables of hours for one number, and its app's guide prints that
 * number with a digit too many; its telecommunication partner appears with two numbers and no hours. Public holidays are
 * not known here. Pure; hours are Taipei's, moments are ISO 8601 or Date.
 */

const TAIPEI_MS = 8 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;
const WEEK_DAYS = 7;

/** @typedef {{ days: readonly number[], from: string, to: string }} Hours weekdays from 0, Sunday; `09:00`, `to` is past its end */
/** @typedef {{ open: boolean, changes: Date }} Desk `changes`: when it closes, or opens next */
/** @typedef {{ name: string, numbers: readonly string[], mail: string, hours: readonly Hours[] }} Hotline `name` is the words' key */

const WORKDAYS = [1, 2, 3, 4, 5];

/** @type {readonly Hotline[]} */
export const HOTLINES = [
  {
    name: "app", numbers: ["(07)231-8122"], mail: "ic_service@nhi.gov.tw",
    hours: [{ days: WORKDAYS, from: "09:00", to: "12:00" }, { days: WORKDAYS, from: "13:30", to: "18:00" }],
  },
  {
    name: "vpn", numbers: ["(07)231-8122"], mail: "",
    hours: [{ days: WORKDAYS, from: "08:00", to: "19:45" }, { days: [6], from: "09:00", to: "17:00" }],
  },
  { name: "line", numbers: ["(02)2344-3118", "(02)2311-0110"], mail: "", hours: [] },
];

/**
 * Whether a desk with these hours is open at a moment, and until or from when; null for a desk whose hours are not known.
 * @param {readonly Hours[]} hours
 * @param {string | number | Date} moment
 * @returns {Desk | null}
 */
export function deskAt(hours, moment) {
  const now = new Date(moment).getTime();
  const midnight = Math.floor((now + TAIPEI_MS) / DAY_MS) * DAY_MS - TAIPEI_MS;
  const spans = Array.from({ length: WEEK_DAYS + 1 }, (_, ahead) => midnight + ahead * DAY_MS)
    .flatMap((day) => hours.filter(({ days }) => days.includes(new Date(day + TAIPEI_MS).getUTCDay()))
      .map(({ from, to }) => ({ from: day + sinceMidnight(from), to: day + sinceMidnight(to) })))
    .filter((span) => now < span.to)
    .sort((one, other) => one.from - other.from);
  const next = spans[0];
  if (!next) return null;
  const open = now >= next.from;
  return { open, changes: new Date(open ? next.to : next.from) };
}

/** @param {string} hhmm */
function sinceMidnight(hhmm) {
  const [hours = 0, minutes = 0] = hhmm.split(":").map(Number);
  return (hours * 60 + minutes) * 60_000;
}

/**
 * A number as printed, for a `tel:` address: `(07)231-8122` → `tel:+88672318122`.
 * @param {string} number
 */
export function telephone(number) {
  return `tel:+886${number.replace(/\D/g, "").replace(/^0/, "")}`;
}
