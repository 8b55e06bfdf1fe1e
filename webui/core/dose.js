/**
 * From a frequency code to the total of an order (M13, X17). Pure. The box checks totals by the same rules
 * (domain/orders.py); one set of vectors holds both (tests/vectors/order_totals.json).
 */

/** Intakes per day of the plain codes; the rest follows patterns of NHI's frequency table. */
const PER_DAY = new Map(Object.entries({
  QD: 1, QDAM: 1, QDPM: 1, QDHS: 1, QAM: 1, QPM: 1, QN: 1, HS: 1, AM: 1, PM: 1, DAILY: 1,
  BID: 2, "QAM&HS": 2, "QPM&HS": 2, "QAM&PM": 2, TID: 3, "BID&HS": 3, QID: 4, "TID&HS": 4,
  QOD: 1 / 2, QODHS: 1 / 2, BIW: 2 / 7, TIW: 3 / 7,
}));

const ONCE = new Set(["STAT", "ONCE"]);

/**
 * How often a day a frequency code asks for one intake; null when the code does not say (PRN, AC, ASORDER, a
 * cycle), where a person enters the total.
 * @param {string} code
 * @returns {number | null}
 */
export function intakesPerDay(code) {
  const plain = code.trim().toUpperCase();
  const known = PER_DAY.get(plain);
  if (known !== undefined) return known;
  const every = /^Q([1-9]\d*)(H|D|W)$/.exec(plain);
  if (every) {
    const count = Number(every[1]);
    return every[2] === "H" ? 24 / count : every[2] === "D" ? 1 / count : 1 / (7 * count);
  }
  const weekdays = /^QW\(([1-7](?:,[1-7])*)\)$/.exec(plain);
  if (weekdays) return (weekdays[1] ?? "").split(",").length / 7;
  const weekly = /^([1-9]\d*)W([1-9]\d*)D$/.exec(plain);
  if (weekly) return Number(weekly[2]) / (7 * Number(weekly[1]));
  return null;
}

/**
 * dose × intakes × days, rounded up to one decimal (the upload formats carry one); null when the frequency does
 * not tell. A single-dose code gives one dose whatever the days.
 * @param {{ dose: number, frequency: string, days: number }} order
 * @returns {number | null}
 */
export function computedTotal({ dose, frequency, days }) {
  if (!(dose > 0)) return null;
  if (ONCE.has(frequency.trim().toUpperCase())) return dose;
  const perDay = intakesPerDay(frequency);
  if (perDay === null || !(days > 0)) return null;
  // Rounding in hundred-thousandths first keeps 0.1 × 3 from becoming 0.4.
  return Math.ceil(Math.round(dose * perDay * days * 1e5) / 1e4) / 10;
}
