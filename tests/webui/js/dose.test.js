import assert from "node:assert/strict";
import { test } from "node:test";
import { computedTotal, intakesPerDay } from "../../../webui/core/dose.js";

// Expected intakes are what the Chinese name of each code says in NHI's frequency table.
const INTAKES = [
  ["QD", 1], ["BID", 2], ["TID", 3], ["QID", 4], ["HS", 1], ["QN", 1], ["tid", 3], ["QAM&PM", 2], ["BID&HS", 3], ["TID&HS", 4],
  ["QOD", 0.5], ["Q8H", 3], ["Q12H", 2], ["Q48H", 0.5], ["Q2D", 0.5], ["Q1W", 1 / 7], ["Q2W", 1 / 14], ["BIW", 2 / 7], ["TIW", 3 / 7],
  ["QW(1)", 1 / 7], ["QW(1,3,5)", 3 / 7], ["QW(1,2,3,4,5,6,7)", 1], ["2W3D", 3 / 14],
];

for (const [code, intakes] of INTAKES) {
  test(`${code} asks for ${intakes} intakes a day`, () => assert.equal(intakesPerDay(code), intakes));
}

for (const code of ["PRN", "TIDPRN", "AC", "PC30M", "ASORDER", "MCD1D5", "Q1M", "Q4WD1", "Q0H", "STAT", "", "XYZ"]) {
  test(`${code || "no code"} tells no number of intakes`, () => assert.equal(intakesPerDay(code), null));
}

const TOTALS = [
  [{ dose: 1, frequency: "TID", days: 7 }, 21], // the seed's sample, where the print says 3.0 (X17)
  [{ dose: 0.5, frequency: "BID", days: 28 }, 28],
  [{ dose: 0.1, frequency: "TID", days: 1 }, 0.3],
  [{ dose: 1, frequency: "QW(1,4)", days: 28 }, 8],
  [{ dose: 1, frequency: "QOD", days: 7 }, 3.5],
  [{ dose: 1, frequency: "Q5H", days: 1 }, 4.8],
  [{ dose: 1, frequency: "Q7H", days: 1 }, 3.5], // 3.428…, rounded up: the patient does not run short
  [{ dose: 2, frequency: "STAT", days: 0 }, 2],
  [{ dose: 1, frequency: "PRN", days: 7 }, null],
  [{ dose: 1, frequency: "TID", days: 0 }, null],
  [{ dose: 0, frequency: "TID", days: 7 }, null],
];

for (const [order, total] of TOTALS) {
  test(`${JSON.stringify(order)} makes ${total}`, () => assert.equal(computedTotal(order), total));
}
