/** 保護與清除: whether the box starts locked, and erasing it for good by hand (B11). */
import { html } from "../lib/htm-preact.js";
import { useRef, useState } from "../lib/preact-hooks.js";
import { del, get, post, put } from "../core/api.js";
import { announce, live, readers } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { LockNotice, roleLock } from "../components/locked.js";
import { Refused, isStale } from "../components/proof.js";

/** @typedef {import("../core/types").LockSettings} LockSettings */

const SHORTEST_PHRASE = 12;

/**
 * Empty the fields and send what was in them; where only a proof is missing it is put back, to be sent again after that.
 * @param {(HTMLInputElement | null | undefined)[]} inputs
 * @param {(...typed: string[]) => Promise<LockSettings>} send
 */
async function wiping(inputs, send) {
  const there = inputs.flatMap((input) => input ?? []);
  const typed = there.map((input) => input.value);
  for (const input of there) input.value = "";
  try {
    return await send(...typed);
  } catch (thrown) {
    if (isStale(thrown)) there.forEach((input, place) => { input.value = typed[place] ?? ""; });
    throw thrown;
  }
}

/** @param {{ starts_locked: boolean, changed: (settings: LockSettings) => void }} props */
function PhraseForm({ starts_locked, changed }) {
  const [lengths, setLengths] = useState([0, 0]);
  const [differ, setDiffer] = useState(false);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLFormElement | null>} */
  const form = useRef(null);
  const set = useTask(async () => {
    const [first, second, old] = /** @type {HTMLInputElement[]} */ ([...(form.current?.querySelectorAll("input") ?? [])]);
    if (!first || !second) return;
    const phrase = first.value;
    setDiffer(phrase !== second.value);
    if (phrase !== second.value) return;
    const settings = await wiping([first, second, old], (_phrase, _again, former = "") => put("/api/lock/phrase", { phrase, former }, { timeout_s: 60 }));
    setLengths([0, 0]);
    changed(settings);
    announce(t("protection.lock.done"));
  });
  const count = () => setLengths([...(form.current?.querySelectorAll("input") ?? [])].slice(0, 2).map((input) => input.value.length));
  const field = (/** @type {string} */ id, /** @type {string} */ label, /** @type {string} */ hint) => html`<${Field} id=${id} label=${label} hint=${hint}>
    <input id=${id} type="password" autocomplete="new-password" maxlength="128" aria-describedby=${`${id}-hint`} onInput=${count} /><//>`;
  return html`<form class="group" ref=${form} onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void set.run(); }}>
    ${differ ? html`<${Notice} kind="warn" title=${t("protection.lock.differ")} />` : null}
    ${field("new-phrase", t("protection.lock.phrase"), t("protection.lock.phrase_hint"))}
    ${field("new-phrase-again", t("protection.lock.again"), t("protection.lock.again_hint"))}
    ${starts_locked ? html`<${Field} id="former-phrase" label=${t("protection.lock.former")} hint=${t("protection.lock.former_hint")}>
      <input id="former-phrase" type="password" autocomplete="current-password" maxlength="128" aria-describedby="former-phrase-hint" /><//>` : null}
    <${Button} type="submit" id="set-phrase" busy=${set.busy} disabled=${lengths.some((length) => length < SHORTEST_PHRASE) && !set.busy}>${t(starts_locked ? "protection.lock.change" : "protection.lock.set")}<//></form><${Refused} task=${set} />`;
}

/** @param {{ settings: LockSettings, changed: (settings: LockSettings) => void }} props */
function CardForm({ settings, changed }) {
  const [filled, setFilled] = useState(false);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLInputElement | null>} */
  const field = useRef(null);
  const reader = readers.value.find((each) => each.card.kind === "hpc");
  const add = useTask(async () => {
    const input = field.current;
    if (!input || !reader) return;
    const settings = await wiping([input], (pin) => post("/api/lock/cards", { reader_id: reader.reader_id, pin }, { timeout_s: 60 }));
    setFilled(false);
    changed(settings);
    announce(t("protection.card.done"));
  });
  const forget = useTask(async () => { changed(await del("/api/lock/cards")); });
  return html`<form class="group" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void add.run(); }}>
    <h2>${t("protection.card.title")}</h2><p class="hint">${t("protection.card.how")}</p>
    ${reader ? html`<${Field} id="card-pin" label=${t("sign_in.pin")} hint=${t("sign_in.pin_hint")}>
      <input id="card-pin" class="code big" ref=${field} type="password" inputmode="numeric" autocomplete="off" maxlength="8" aria-describedby="card-pin-hint"
        onInput=${(/** @type {any} */ event) => setFilled(event.currentTarget.value.length >= 4)} /><//>
      <${Button} type="submit" id="add-card" busy=${add.busy} disabled=${!filled && !add.busy}>${t("protection.card.add")}<//>`
      : html`<p>${t("protection.card.insert")}</p>`}
    ${settings.cards ? html`<${Button} kind="quiet" id="forget-cards" task=${forget}>${t("protection.card.forget")}<//>` : null}</form>
    <${Refused} task=${add} /><${Refused} task=${forget} />`;
}

function LockGroup() {
  const found = useFetched("lock settings", () => /** @type {Promise<LockSettings>} */ (get("/api/lock/settings")));
  const remove = useTask(async () => {
    const input = /** @type {HTMLInputElement | null} */ (document.querySelector("#former-phrase"));
    found.set(await wiping([input], (phrase = "") => post("/api/lock/remove", { phrase }, { timeout_s: 60 })));
  });
  const settings = found.value;
  if (!settings) return found.error ? html`<${ErrorNotice} error=${found.error} />` : html`<${Loading} />`;
  return html`<section class="group"><h2>${t("protection.lock.title")}</h2>
    <p id="lock-now">${t(settings.starts_locked ? "protection.lock.on" : "protection.lock.off")}</p><p class="hint">${t("protection.lock.how")}</p>
    <${Refused} task=${remove} />
    <${PhraseForm} starts_locked=${settings.starts_locked} changed=${found.set} />
    ${settings.starts_locked ? html`<${CardForm} settings=${settings} changed=${found.set} />
      <${Button} kind="quiet" id="remove-lock" task=${remove}>${t("protection.lock.remove")}<//>` : null}</section>`;
}

function ResetGroup() {
  const [name, setName] = useState("");
  const [refused, setRefused] = useState(false);
  const [done, setDone] = useState(false);
  const even = useRef(false); // what was asked, to be asked again once card or code was shown
  const own = live.value.box?.box_name ?? "";
  const reset = useTask(async (/** @type {boolean} */ even_with_unsent = even.current) => {
    even.current = even_with_unsent;
    try {
      await post("/api/box/reset", { name, even_with_unsent });
      setDone(true);
    } catch (thrown) {
      if (!isStale(thrown)) setRefused(/** @type {import("../core/api.js").ApiError} */ (thrown).body?.code === "GW-STO-09");
      throw thrown;
    }
  });
  if (done) return html`<${Notice} kind="warn" title=${t("protection.reset.done")}><p>${t("protection.reset.done_how")}</p><//>`;
  return html`<details class="fold" id="reset"><summary>${t("protection.reset.title")}</summary>
    <p>${t("protection.reset.what")}</p><${Refused} task=${reset} />
    <${Field} id="reset-name" label=${t("protection.reset.name")} hint=${t("protection.reset.name_hint", { name: own })}>
      <input id="reset-name" autocomplete="off" maxlength="80" aria-describedby="reset-name-hint" value=${name}
        onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
    <${Button} kind="danger" id="reset-box" busy=${reset.busy} disabled=${name !== own} onPress=${() => void reset.run(false)}>${t("protection.reset.action")}<//>
    ${refused ? html`<p class="hint">${t("protection.reset.even_how")}</p><${Button} kind="danger" id="reset-even" busy=${reset.busy} disabled=${name !== own}
      onPress=${() => void reset.run(true)}>${t("protection.reset.even")}<//>` : null}</details>`;
}

export default function Protection() {
  const lock = roleLock();
  return html`<${Screen} title=${t("protection.title")} up="/settings">${lock ? html`<${LockNotice} lock=${lock} />` : html`<${LockGroup} /><${ResetGroup} />`}<//>`;
}
