import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ageYears, clock, fromRoc, hoursMinutes, maskId, quantity, rocDate, rocMoment, roughly } from "../../../webui/core/format.js";
import { fill, hasWords, t, useCatalogue } from "../../../webui/core/words.js";

before(() => useCatalogue({
  "ui.weekday.sat": "六", "ui.weekday.sun": "日", "ui.duration.hours_minutes": "{hours} 時 {minutes} 分",
  "ui.duration.hours": "{hours} 時", "ui.duration.minutes": "{minutes} 分", "waiting.link": "等 VPN",
}));

test("moments are written in the ROC calendar, in Taipei, wherever the phone thinks it is", () => {
  assert.equal(rocMoment("2026-11-21T09:05:00Z"), "115/11/21 (六) 17:05");
  assert.equal(rocMoment("2026-11-21T23:30:00+08:00"), "115/11/21 (六) 23:30");
  assert.equal(rocMoment("2026-11-21T16:00:00Z"), "115/11/22 (日) 00:00");
  assert.equal(clock("2026-11-21T16:00:00Z"), "00:00");
});

test("a date without a time stays that date", () => {
  assert.equal(rocDate("1958-03-09"), "47/03/09");
});

test("a date typed in ROC form is that day, and what is none is empty", () => {
  for (const text of ["38/03/09", "038.03.09", "0380309", " 38-03-09 "]) assert.equal(fromRoc(text), "1949-03-09");
  assert.equal(fromRoc("115/02/28"), "2026-02-28");
  for (const text of ["", "115/02/29", "115/13/01", "38/3/9", "1949-03-09", "abc"]) assert.equal(fromRoc(text), "");
});

test("age counts full years on the Taipei calendar", () => {
  assert.equal(ageYears("1948-03-09", "2026-03-08T15:59:59Z"), 77);
  assert.equal(ageYears("1948-03-09", "2026-03-08T16:00:00Z"), 78);
});

test("countdowns show hours and minutes and never go below zero", () => {
  assert.equal(hoursMinutes((3 * 60 + 10) * 60_000), "3 時 10 分");
  assert.equal(hoursMinutes(12 * 60_000 + 59_000), "12 分");
  assert.equal(hoursMinutes(-5), "0 分");
  assert.equal(roughly(125 * 60_000), "2 時");
  assert.equal(roughly(40 * 60_000), "40 分");
});

test("ids keep three characters at either end, others are hidden whole", () => {
  assert.equal(maskId("A123456788"), "A12****788");
  assert.equal(maskId("123"), "***");
});

test("quantities have one decimal at most", () => {
  assert.equal(quantity(21), "21");
  assert.equal(quantity(10.5), "10.5");
  assert.equal(quantity(0.1 + 0.2), "0.3");
});

test("words come from the UI's part of the catalogue, then from the shared part; a gap shows its key", () => {
  assert.equal(t("weekday.sat"), "六");
  assert.equal(t("waiting.link"), "等 VPN");
  assert.equal(t("no.such.key"), "no.such.key");
  assert.equal(hasWords("waiting.link"), true);
  assert.equal(hasWords("no.such.key"), false);
});

test("an unknown placeholder stays visible", () => {
  assert.equal(fill("{a} {b}", { a: 1 }), "1 {b}");
});
