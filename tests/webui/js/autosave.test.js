import assert from "node:assert/strict";
import { test } from "node:test";
import { Autosave, sameJson } from "../../../webui/core/autosave.js";

const LOST = new Error("no answer");
const STALE = new Error("stale revision");
const FULL = new Error("disk full");

/** A box with one draft. `fail` is thrown by the next save; `arrives` tells whether that save arrived all the same. */
function makeBox({ revision = 1, content = { text: "" } } = {}) {
  const box = {
    revision, content, saves: [], states: [], timer: null, fail: null, arrives: false, unreached: false,
    otherPhoneSaves(text) {
      box.revision += 1;
      box.content = { text };
    },
    port: {
      save: async (base, sent) => {
        if (box.unreached) throw LOST;
        const fail = box.fail;
        box.fail = null;
        if (fail && !box.arrives) throw fail;
        if (base !== box.revision) throw STALE;
        box.revision += 1;
        box.content = sent;
        box.saves.push(sent.text);
        if (fail) throw fail;
        return { revision: box.revision, saved_at: "2026-11-21T09:05:00Z" };
      },
      fetch: async () => {
        if (box.unreached) throw LOST;
        return { revision: box.revision, content: structuredClone(box.content) };
      },
      classify: (thrown) => (thrown === LOST ? "unreached" : thrown === STALE ? "conflict" : "refused"),
      after: (run) => { box.timer = run; },
      changed: (state) => { box.states.push(state); },
    },
  };
  box.autosave = new Autosave(box.port, box.revision, box.content);
  return box;
}

test("a change is saved once the box has answered, and not said to be before", async () => {
  const box = makeBox();
  box.autosave.change({ text: "咳" });
  assert.equal(box.autosave.state, "unsaved");
  await box.autosave.flush();
  assert.deepEqual(box.states, ["unsaved", "saving", "saved"]);
  assert.equal(box.autosave.savedAt, "2026-11-21T09:05:00Z");
  assert.equal(box.autosave.revision, 2);
});

test("changes made while a save is under way follow in one more save", async () => {
  const box = makeBox();
  box.autosave.change({ text: "a" });
  const first = box.autosave.flush();
  box.autosave.change({ text: "ab" });
  box.autosave.change({ text: "abc" });
  await first;
  assert.equal(box.autosave.state, "unsaved");
  await box.autosave.flush();
  assert.deepEqual(box.saves, ["a", "abc"]);
  assert.equal(box.autosave.state, "saved");
});

test("flush waits for the save under way and for what was typed meanwhile", async () => {
  const box = makeBox();
  box.autosave.change({ text: "a" });
  const first = box.autosave.flush();
  box.autosave.change({ text: "ab" });
  await Promise.all([first, box.autosave.flush()]);
  assert.deepEqual(box.saves, ["a", "ab"]);
  assert.equal(box.autosave.dirty, false);
});

test("a save that never arrived is sent again, with what was typed since", async () => {
  const box = makeBox();
  box.autosave.change({ text: "a" });
  box.unreached = true;
  await box.autosave.flush();
  assert.equal(box.autosave.state, "unreached");
  box.autosave.change({ text: "ab" });
  assert.equal(box.autosave.state, "unreached");
  box.unreached = false;
  await box.autosave.flush();
  assert.deepEqual(box.saves, ["ab"]);
  assert.equal(box.autosave.state, "saved");
});

test("a save that arrived without an answer is asked about, not taken for another phone's", async () => {
  const box = makeBox();
  box.fail = LOST;
  box.arrives = true;
  box.autosave.change({ text: "a" });
  await box.autosave.flush();
  assert.equal(box.autosave.state, "unreached");
  box.autosave.change({ text: "ab" });
  await box.autosave.flush();
  assert.deepEqual(box.saves, ["a", "ab"]);
  assert.equal(box.autosave.state, "saved");
  assert.equal(box.autosave.revision, 3);
});

test("another phone's save in the time without an answer is a conflict", async () => {
  const box = makeBox();
  box.unreached = true;
  box.autosave.change({ text: "mine" });
  await box.autosave.flush();
  box.otherPhoneSaves("theirs");
  box.unreached = false;
  await box.autosave.flush();
  assert.equal(box.autosave.state, "conflict");
  assert.deepEqual(box.content, { text: "theirs" });
});

test("a stale revision stops saving: nothing of the other phone is overwritten", async () => {
  const box = makeBox();
  box.otherPhoneSaves("theirs");
  box.autosave.change({ text: "mine" });
  await box.autosave.flush();
  box.autosave.change({ text: "mine, more" });
  await box.autosave.flush();
  assert.equal(box.autosave.state, "conflict");
  assert.deepEqual(box.content, { text: "theirs" });
});

test("a stale revision over the very same content is our own save, sent twice by the browser", async () => {
  const box = makeBox();
  box.otherPhoneSaves("mine");
  box.autosave.change({ text: "mine" });
  await box.autosave.flush();
  assert.equal(box.autosave.state, "saved");
  assert.equal(box.autosave.revision, 2);
});

test("a refused save says so and is tried again when asked", async () => {
  const box = makeBox();
  box.fail = FULL;
  box.autosave.change({ text: "a" });
  await box.autosave.flush();
  assert.equal(box.autosave.state, "refused");
  assert.equal(box.autosave.error, FULL);
  await box.autosave.flush();
  assert.equal(box.autosave.state, "saved");
});

test("another phone's version is taken over only while nothing of ours is unsaved", () => {
  const box = makeBox();
  assert.equal(box.autosave.adopt(2, { text: "theirs" }), true);
  assert.equal(box.autosave.revision, 2);
  assert.equal(box.autosave.adopt(2, { text: "again" }), false);
  box.autosave.change({ text: "mine" });
  assert.equal(box.autosave.adopt(3, { text: "theirs" }), false);
});

test("JSON is compared by meaning, not by the order of members", () => {
  assert.equal(sameJson({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }), true);
  assert.equal(sameJson({ a: 1, b: undefined }, { a: 1 }), true);
  assert.equal(sameJson([1, 2], [2, 1]), false);
});
