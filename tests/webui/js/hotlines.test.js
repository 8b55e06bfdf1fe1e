import assert from "node:assert/strict";
import { test } from "node:test";
import { HOTLINES, deskAt, telephone } from "../../../webui/core/hotlines.js";

/** 2026-11-20 is a Friday. @param {string} name @param {string} at Taipei's clock */
function desk(name, at) {
  const line = HOTLINES.find((each) => each.name === name);
  const found = deskAt(line.hours, `${at}+08:00`);
  return found && [found.open, found.changes.toISOString()];
}

/** @param {string} at */
const utc = (at) => new Date(`${at}+08:00`).toISOString();

test("the app's desk rests at noon and at the week's end", () => {
  for (const [at, open, changes] of [
    ["2026-11-20T08:59:59", false, "2026-11-20T09:00"],
    ["2026-11-20T09:00:00", true, "2026-11-20T12:00"],
    ["2026-11-20T11:59:59", true, "2026-11-20T12:00"],
    ["2026-11-20T12:00:00", false, "2026-11-20T13:30"],
    ["2026-11-20T13:30:00", true, "2026-11-20T18:00"],
    ["2026-11-20T18:00:00", false, "2026-11-23T09:00"],
    ["2026-11-21T10:00:00", false, "2026-11-23T09:00"],
    ["2026-11-22T23:59:59", false, "2026-11-23T09:00"],
  ]) assert.deepEqual(desk("app", at), [open, utc(changes)], at);
});

test("the VPN's desk stays until a quarter to eight and comes on Saturdays", () => {
  for (const [at, open, changes] of [
    ["2026-11-20T07:59:59", false, "2026-11-20T08:00"],
    ["2026-11-20T12:30:00", true, "2026-11-20T19:45"],
    ["2026-11-20T19:45:00", false, "2026-11-21T09:00"],
    ["2026-11-21T09:00:00", true, "2026-11-21T17:00"],
    ["2026-11-21T17:00:00", false, "2026-11-23T08:00"],
  ]) assert.deepEqual(desk("vpn", at), [open, utc(changes)], at);
});

test("the hours are Taipei's, whatever day it is in Greenwich", () => {
  const { hours } = HOTLINES.find((each) => each.name === "vpn");
  assert.equal(deskAt(hours, "2026-11-20T00:00:00Z").open, true);
  assert.equal(deskAt(hours, "2026-11-22T23:59:59Z").open, false);
  assert.equal(deskAt(hours, "2026-11-23T00:00:00Z").open, true);
});

test("a desk that opens once a week is found a week ahead", () => {
  const hours = [{ days: [5], from: "09:00", to: "10:00" }];
  assert.equal(deskAt(hours, "2026-11-20T10:00:00+08:00").changes.toISOString(), utc("2026-11-27T09:00"));
});

test("of unknown hours nothing is claimed", () => {
  assert.equal(desk("line", "2026-11-20T10:00:00"), null);
});

test("numbers are those that are published, and can be dialled from anywhere", () => {
  assert.deepEqual(HOTLINES.map(({ numbers }) => numbers), [["(07)231-8122"], ["(07)231-8122"], ["(02)2344-3118", "(02)2311-0110"]]);
  assert.equal(telephone("(07)231-8122"), "tel:+88672318122");
  assert.equal(telephone("(02)2344-3118"), "tel:+886223443118");
});
