/** 訓練情境: what to practise, how far it is, and the table with the cards; exists only in the training rooms. */
import { html } from "../lib/htm-preact.js";
import { useEffect } from "../lib/preact-hooks.js";
import { del, get, post, segment } from "../core/api.js";
import { renewed } from "../core/session.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { WayBack } from "./training.js";

/** @typedef {import("../core/types").LabState} LabState */
/** @typedef {import("../core/types").LessonBoard} LessonBoard */
/** @typedef {import("../core/types").LessonUnderWay} LessonUnderWay */

const LOOK_AGAIN_MS = 1500;
/** The PIN of every card in the rooms; they are invented. */
const PIN = "123456";
const CARDS = ["hpc-doctor", "hpc-nurse", "patient-wang", "patient-lin"];
const STEPS_S = [900, 3600, 28_800, 72_000];

/** @param {{ current: LessonUnderWay, tasks: string[] }} props */
function Steps({ current, tasks }) {
  const words = `lesson.${current.lesson_id}`;
  const passed = current.done === tasks.length;
  return html`<section class="group" id="lesson" data-done=${current.done}><h2>${t(`${words}.title`)}</h2><p>${t(`${words}.goal`)}</p>
    ${passed ? html`<${Notice} kind="good"><p>${t("lessons.passed")}</p><//>` : null}
    <ol class="items lesson-steps" aria-label=${t("lessons.steps")}>${tasks.map((task, number) => html`<li class=${`item ${number < current.done ? "done" : ""}`} data-task=${task} aria-current=${number === current.done ? "step" : undefined}>
      <span class="mark" aria-hidden="true"></span><span class="row-text"><span>${t(`${words}.${task}`)}</span>
      <span class="row-detail">${t(number < current.done ? "lessons.step_done" : number === current.done ? "lessons.next" : "lessons.step_open")}</span></span></li>`)}</ol></section>`;
}

/** @param {{ lab: LabState, act: (path: string, json?: unknown) => void, busy: boolean }} props */
function Table({ lab, act, busy }) {
  return html`<section class="group"><h2>${t("lessons.table")}</h2><p class="hint">${t("lessons.pin", { pin: PIN })}</p>
    <ul class="items">${lab.cards.filter((card) => CARDS.includes(card.card_id)).map((card) => {
      const inside = lab.readers.find((reader) => reader.reader_id === card.reader_id);
      return html`<li class="item tall" data-card=${card.card_id}><div class="row-text"><span class="row-title">${card.label}</span><span class="row-detail">${inside ? t("lab.in_reader", { reader: inside.label }) : t("lab.out")}</span></div>
        <div class="actions">${inside ? html`<${Button} busy=${busy} onPress=${() => act(`/api/lab/readers/${segment(inside.reader_id)}/pull`)}>${t("lab.pull")}<//>`
          : lab.readers.map((reader) => html`<${Button} busy=${busy} disabled=${lab.cards.some((other) => other.reader_id === reader.reader_id)} label=${t("lab.insert_into", { card: card.label, reader: reader.label })}
              onPress=${() => act(`/api/lab/cards/${segment(card.card_id)}/insert`, { reader_id: reader.reader_id })}>${t("lab.insert", { reader: reader.label })}<//>`)}</div></li>`;
    })}</ul></section>
    <section class="group"><h2>${t("lessons.line")}</h2><div class="pills" role="group" aria-label=${t("lessons.line")}>${/** @type {const} */ (["up", "down"]).map((mode) => html`<button type="button" class="pill" data-link=${mode}
      aria-pressed=${lab.link.mode === mode} aria-busy=${busy} onClick=${() => act("/api/lab/link", { mode, delay_ms: 0 })}>${t(`lab.link.${mode}`)}</button>`)}</div></section>`;
}

function Time() {
  const lapse = useTask(async (/** @type {number} */ advance_s) => { await post("/api/lab/time", { advance_s }); renewed(); });
  return html`<section class="group"><h2>${t("lessons.time")}</h2><p class="hint">${t("lessons.time_hint")}</p><${ErrorNotice} error=${lapse.error} />
    <div class="pills" role="group" aria-label=${t("lessons.time")}>${STEPS_S.map((step) => html`<button type="button" class="pill" data-lapse=${step} aria-busy=${lapse.busy} onClick=${() => void lapse.run(step)}>${t(`lessons.time.${step}`)}</button>`)}</div></section>`;
}

export default function Lessons() {
  const board = useFetched("lessons", () => /** @type {Promise<LessonBoard>} */ (get("/api/lab/lessons")));
  const lab = useFetched("lab", () => /** @type {Promise<LabState>} */ (get("/api/lab/state")));
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) { board.reload(); lab.reload(); } }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const act = useTask(async (/** @type {string} */ path, /** @type {unknown} */ json) => { await post(path, json); lab.reload(); });
  const begin = useTask(async (/** @type {string} */ id) => { board.set(await post(`/api/lab/lessons/${segment(id)}/begin`, {}, { timeout_s: 60 })); lab.reload(); window.scrollTo(0, 0); });
  const end = useTask(async () => { await del("/api/lab/lessons"); board.reload(); });
  const current = board.value?.current ?? null;
  const tasks = board.value?.lessons.find((lesson) => lesson.lesson_id === current?.lesson_id)?.tasks ?? [];
  return html`<${Screen} title=${t("lessons.title")} up="/">
    <${ErrorNotice} error=${board.error ?? lab.error ?? act.error ?? begin.error ?? end.error} />
    ${!board.value ? board.error ? null : html`<${Loading} />` : current ? html`<${Steps} current=${current} tasks=${tasks} />
      <div class="actions"><${Button} id="lesson-again" busy=${begin.busy} onPress=${() => void begin.run(current.lesson_id)}>${t("lessons.again")}<//><${Button} kind="quiet" id="lesson-end" task=${end}>${t("lessons.stop")}<//></div>`
      : html`<section class="group"><h2>${t("lessons.choose")}</h2><ul class="items">${board.value.lessons.map((lesson) => html`<li class="item" data-lesson=${lesson.lesson_id}><div class="row-text">
        <span class="row-title">${t(`lesson.${lesson.lesson_id}.title`)}</span><span class="row-detail">${t(`lesson.${lesson.lesson_id}.goal`)}</span></div>
        <${Button} busy=${begin.busy} label=${t("list.named", { name: t("lessons.begin"), value: t(`lesson.${lesson.lesson_id}.title`) })} onPress=${() => void begin.run(lesson.lesson_id)}>${t("lessons.begin")}<//></li>`)}</ul></section>`}
    ${lab.value ? html`<${Table} lab=${lab.value} act=${(/** @type {string} */ path, /** @type {unknown} */ json) => void act.run(path, json)} busy=${act.busy} />` : null}
    <${Time} />
    <div class="items"><${RowLink} href="#/lab" title=${t("lessons.more")} /></div>
    <${WayBack} /><//>`;
}
