/** A box that waits to be opened after its start, or that was erased: all that it shows then. */
import { html } from "../lib/htm-preact.js";
import { useEffect, useRef, useState } from "../lib/preact-hooks.js";
import { get, post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").LockView} LockView */

const LOOK_AGAIN_MS = 1500;

/** The box starts its services once it is opened; the page begins anew when they answer. */
async function waitOpen() {
  for (;;) {
    await new Promise((again) => { setTimeout(again, LOOK_AGAIN_MS); });
    try {
      const view = /** @type {LockView} */ (await get("/api/lock"));
      if (view.state === "open") break;
    } catch (thrown) {
      console.info("lock: not yet", thrown);
    }
  }
  location.reload();
}

/** @param {{ secret: string, act: (value: string) => Promise<void>, numeric?: boolean, label: string, hint: string, action: string, least: number }} props */
function SecretForm({ secret, act, numeric = false, label, hint, action, least }) {
  const [filled, setFilled] = useState(false);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLInputElement | null>} */
  const field = useRef(null);
  const open = useTask(async () => {
    const input = field.current;
    if (!input) return;
    const value = input.value;
    input.value = ""; // the secret is in no state of this page
    setFilled(false);
    await act(value);
    await waitOpen();
  });
  return html`<form class="group" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void open.run(); }}>
    <${ErrorNotice} error=${open.error} />
    <${Field} id=${secret} label=${label} hint=${hint}>
      <input id=${secret} ref=${field} class=${numeric ? "code big" : ""} type="password" inputmode=${numeric ? "numeric" : "text"} autocomplete=${numeric ? "off" : "current-password"}
        enterkeyhint="done" maxlength=${numeric ? 8 : 128} aria-describedby=${`${secret}-hint`}
        onInput=${(/** @type {any} */ event) => setFilled(event.currentTarget.value.length >= least)} /><//>
    <${Button} kind="primary" type="submit" id=${`open-by-${secret}`} busy=${open.busy} disabled=${!filled && !open.busy}>${action}<//></form>`;
}

/** @param {{ view: LockView }} props */
function Locked({ view }) {
  const reader = view.readers[0];
  return html`<${Screen} title=${t("closed.locked.title")}>
    <${Notice} title=${t("error.GW-STO-06.what")}><p>${t("error.GW-STO-06.where")}</p><p>${t("error.GW-STO-06.now")}</p><//>
    <${SecretForm} secret="phrase" least=${1} label=${t("closed.phrase")} hint=${t("closed.phrase_hint")} action=${t("closed.open")}
      act=${(/** @type {string} */ phrase) => post("/api/lock/open-by-phrase", { phrase }, { timeout_s: 60 })} />
    ${!view.takes_cards ? null : reader
      ? html`<${SecretForm} secret="pin" numeric=${true} least=${4} label=${t("closed.pin")} hint=${t("closed.pin_hint")} action=${t("closed.open_by_card")}
        act=${(/** @type {string} */ pin) => post("/api/lock/open-by-card", { reader_id: reader, pin }, { timeout_s: 60 })} />`
      : html`<p class="hint" id="insert-card">${t("closed.insert_card")}</p>`}<//>`;
}

/** @param {{ view: LockView }} props */
function Erased({ view }) {
  return html`<${Screen} title=${t("closed.erased.title")}>
    <${Notice} kind="warn" title=${t("error.GW-STO-08.what")}><p>${t("error.GW-STO-08.where")}</p><p>${t("error.GW-STO-08.now")}</p><//>
    <dl class="facts"><dt>${t("closed.erased.at")}</dt><dd>${view.erased_at ? rocMoment(view.erased_at) : t("none")}</dd>
      <dt>${t("closed.erased.why")}</dt><dd>${t(`closed.erased.${view.erased_why}`)}</dd></dl><//>`;
}

export default function Closed() {
  const found = useFetched("lock", () => /** @type {Promise<LockView>} */ (get("/api/lock")));
  const view = found.value;
  const looking = view?.state === "locked" && view.takes_cards;
  useEffect(() => {
    if (!looking) return undefined;
    const timer = setInterval(found.reload, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [looking]);
  useEffect(() => { if (view?.state === "open") location.reload(); }, [view?.state]);
  if (view?.state === "locked") return html`<${Locked} view=${view} />`;
  if (view?.state === "erased") return html`<${Erased} view=${view} />`;
  return html`<main><h1 class="unseen">${t("closed.locked.title")}</h1><${ErrorNotice} error=${found.error} /><${Loading} /></main>`;
}
