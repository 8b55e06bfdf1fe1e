import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader } from "../../../webui/core/live.js";

const STREAM = 'id: a-1\nevent: snapshot\ndata: {"x":1}\n\n: still here\n\nid: a-2\r\nevent: change\r\ndata: {"y":\r\ndata: 2}\r\n\r\n';
const FRAMES = [
  { event: "snapshot", id: "a-1", data: '{"x":1}' },
  { comment: true },
  { event: "change", id: "a-2", data: '{"y":\n2}' },
];

test("frames come out whole, comments included", () => {
  assert.deepEqual(new FrameReader().push(STREAM), FRAMES);
});

test("it does not matter where the stream is cut", () => {
  for (let cut = 1; cut < STREAM.length; cut += 1) {
    const reader = new FrameReader();
    assert.deepEqual([...reader.push(STREAM.slice(0, cut)), ...reader.push(STREAM.slice(cut))], FRAMES, `cut at ${cut}`);
  }
});

test("one character at a time is enough", () => {
  const reader = new FrameReader();
  assert.deepEqual([...STREAM].flatMap((character) => reader.push(character)), FRAMES);
});

test("fields without a colon, unknown fields and empty frames do no harm", () => {
  assert.deepEqual(new FrameReader().push("data\nretry: 3\n\nevent: only\n\ndata: x\n\n"), [
    { event: "message", id: "", data: "" },
    { event: "message", id: "", data: "x" },
  ]);
});
