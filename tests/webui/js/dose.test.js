import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { computedTotal, intakesPerDay } from "../../../webui/core/dose.js";

// The box's own arithmetic is held to the same vectors (tests/domain/test_orders.py).
const { intakes, totals } = JSON.parse(readFileSync(new URL("../../vectors/order_totals.json", import.meta.url), "utf-8"));

for (const [code, perDay] of intakes) {
  test(`M13 ${code || "no code"} asks for ${perDay} intakes a day`, () => assert.equal(intakesPerDay(code), perDay));
}

for (const { total, ...order } of totals) {
  test(`M13 ${JSON.stringify(order)} makes ${total}`, () => assert.equal(computedTotal(order), total));
}
