/**
 * The live state of the box over Server-Sent Events, read with fetch instead of EventSource: a fetch shows the
 * heartbeat comments (no heartbeat for 35 s = the phone lost the box) and the status code (401 = not paired).
 */

const HEARTBEAT_LIMIT_MS = 35_000;
/** A box that waits to be opened (GW-STO-06), or that was erased (GW-STO-08). */
const CLOSED = [423, 410];
/** This phone is in the training rooms, and they have closed (GW-ACC-14). */
const ROOMS_CLOSED = 409;
const RETRY_MS = [500, 1000, 2000, 4000];

/** @typedef {{ event: string, id: string, data: string } | { comment: true }} Frame */

/** Cuts a stream of text into SSE frames (HTML standard, §9.2.6); text may arrive split anywhere. */
export class FrameReader {
  #rest = "";
  #event = "";
  #id = "";
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} text the next piece of the stream
   * @returns {Frame[]} the frames that it completes; a comment is one of its own
   */
  push(text) {
    /** @type {Frame[]} */
    const frames = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (line === "") {
        if (this.#data.length > 0) {
          frames.push({ event: this.#event || "message", id: this.#id, data: this.#data.join("\n") });
        }
        this.#event = "";
        this.#data = [];
      } else if (colon === 0) {
        frames.push({ comment: true });
      } else {
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "event") this.#event = value;
        else if (name === "id") this.#id = value;
        else if (name === "data") this.#data.push(value);
      }
    }
    return frames;
  }
}

/**
 * @typedef {object} LiveHandlers
 * @property {(state: Partial<import("./types").Topics>) => void} snapshot the whole state
 * @property {(topic: string, value: unknown) => void} change one topic
 * @property {(ms: number) => void} time the box's clock, from the answer's Date header
 * @property {(up: boolean) => void} reach whether the phone hears the box
 * @property {() => void} unpaired the box does not know this phone
 * @property {() => void} closed the box waits to be opened, or was erased
 * @property {() => void} over this phone is in the training rooms, and they have closed
 */

/**
 * Follow `/api/events` for the life of the page.
 * @param {LiveHandlers} handlers
 * @returns {{ resync: () => void, stop: () => void }} `resync` drops the stream and asks for the whole state again
 */
export function follow(handlers) {
  let lastId = "";
  let attempt = 0;
  let stopped = false;
  /** @type {AbortController | null} */
  let current = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let watchdog;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;

  /** @param {AbortController} stream */
  const heard = (stream) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => stream.abort(), HEARTBEAT_LIMIT_MS);
  };

  /** @param {Frame} frame */
  const take = (frame) => {
    if ("comment" in frame) return;
    if (frame.id) lastId = frame.id;
    const body = JSON.parse(frame.data);
    if (frame.event === "snapshot") handlers.snapshot(body);
    else if (frame.event === "change") handlers.change(body.topic, body.value);
  };

  /** @param {AbortController} stream */
  const read = async (stream) => {
    /** @type {Record<string, string>} */
    const headers = { Accept: "text/event-stream" };
    if (lastId) headers["Last-Event-ID"] = lastId;
    const answer = await fetch("/api/events", {
      headers, signal: stream.signal, cache: "no-store", credentials: "same-origin",
    });
    if (CLOSED.includes(answer.status)) {
      stopped = true;
      handlers.closed();
      return;
    }
    if (answer.status === ROOMS_CLOSED) {
      stopped = true;
      handlers.over();
      return;
    }
    if (answer.status === 401) {
      stopped = true;
      handlers.unpaired();
      return;
    }
    if (!answer.ok || !answer.body) throw new Error(`events: HTTP ${answer.status}`);
    attempt = 0;
    const date = Date.parse(answer.headers.get("Date") ?? "");
    if (!Number.isNaN(date)) handlers.time(date);
    handlers.reach(true);
    const pieces = answer.body.getReader();
    const decoder = new TextDecoder();
    const frames = new FrameReader();
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) return;
      heard(stream);
      frames.push(decoder.decode(value, { stream: true })).forEach(take);
    }
  };

  const open = async () => {
    clearTimeout(retry);
    current?.abort();
    const stream = new AbortController();
    current = stream;
    heard(stream);
    try {
      await read(stream);
    } catch (thrown) {
      if (stream === current) console.info("events: interrupted", thrown);
    }
    if (stopped || stream !== current) return;
    clearTimeout(watchdog);
    handlers.reach(false);
    retry = setTimeout(open, RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)]);
  };

  const resync = () => {
    lastId = "";
    if (!stopped) void open();
  };
  const onVisible = () => {
    if (document.visibilityState === "visible") resync();
  };
  /** @param {PageTransitionEvent} event */
  const onPageShow = (event) => {
    if (event.persisted) resync();
  };
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("pageshow", onPageShow);
  window.addEventListener("online", resync);
  void open();

  return {
    resync,
    stop: () => {
      stopped = true;
      clearTimeout(retry);
      clearTimeout(watchdog);
      current?.abort();
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("pageshow", onPageShow);
      window.removeEventListener("online", resync);
    },
  };
}
