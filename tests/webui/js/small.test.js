import assert from "node:assert/strict";
import { test } from "node:test";
import { shrunkSize } from "../../../webui/core/photo.js";
import { match, pathOf } from "../../../webui/core/router.js";
import { longEnough } from "../../../webui/core/search.js";

test("routes take their parameters from the path", () => {
  assert.deepEqual(match("/visits/:id/order/:index", "/visits/a%2Fb/order/2"), { id: "a/b", index: "2" });
  assert.deepEqual(match("/", "/"), {});
  assert.equal(match("/visits/:id", "/visits"), null);
  assert.equal(match("/visits/:id", "/outbox/x"), null);
});

test("a pairing token in the fragment is no path", () => {
  assert.equal(pathOf("#0123abcd"), "/");
  assert.equal(pathOf("#/outbox"), "/outbox");
  assert.equal(pathOf("#/outbox/"), "/outbox");
  assert.equal(pathOf(""), "/");
});

for (const [query, worth] of [["感", true], ["J0", true], ["J", false], [" j ", false], ["", false], ["𠮷", true], ["肺炎", true], ["ㄍ", false]]) {
  test(`a search for "${query}" is ${worth ? "" : "not "}worth asking`, () => assert.equal(longEnough(query), worth));
}

test("photos shrink to two megapixels and keep their shape; small ones stay", () => {
  assert.deepEqual(shrunkSize(4000, 3000), { width: 1633, height: 1225 });
  assert.deepEqual(shrunkSize(1280, 800), { width: 1280, height: 800 });
});
