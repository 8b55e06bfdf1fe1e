/** A new phone: the token from the QR code, a name, a proof that somebody is there, paired (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { asApiError, post, put } from "../core/api.js";
import { announce, paired } from "../core/store.js";
import { pathOf, path } from "../core/router.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Notice, Screen, useTask } from "../components/controls.js";
import { CodeForm } from "../components/codes.js";
import { PinForm } from "../components/pin.js";

/** The single-use token leaves the address at once, so that it stays in no history and no screenshot. */
function takeToken() {
  const token = location.pathname === "/p" ? location.hash.slice(1) : "";
  if (token && !token.startsWith("/")) history.replaceState(null, "", "/p");
  return token.startsWith("/") ? "" : token;
}

function suggestedName() {
  const device = /iPhone|iPad/.exec(navigator.userAgent)?.[0] ?? (/Android/.test(navigator.userAgent) ? "Android" : "");
  return device ? t("pair.name_suggestion", { device }) : "";
}

/** The box answers this phone as one it knows: on to the screen that was wanted. */
function enter() {
  history.replaceState(null, "", "/");
  path.value = pathOf(location.hash);
  paired.value = "unknown";
  announce(t("pair.done"));
}

const LOOK_EVERY_MS = 2000;

/** @param {{ request: string, name: string, unlockCode: string, over: (error: import("../core/api.js").ApiError) => void }} props */
function Proof({ request, name, unlockCode, over }) {
  const [byCard, setByCard] = useState(false);
  const [allowed, setAllowed] = useState(false);
  useEffect(() => {
    const look = async () => {
      try {
        setAllowed((await post("/api/pair/look", { request })).allowed);
      } catch (thrown) {
        const error = asApiError(thrown);
        if (!error.unreachable) over(error);
      }
    };
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [request]);
  const settle = async () => {
    if (unlockCode) await put("/api/phone/code", { code: unlockCode });
    enter();
  };
  const confirm = async (/** @type {string} */ code) => {
    await post("/api/pair/confirm", { request, code });
    await settle();
  };
  return html`<${Screen} title=${t("pair.title")}>
    <${Notice} kind=${allowed ? "good" : "info"} title=${t(allowed ? "pair.allowed" : "pair.waiting", { name })}><p>${t("pair.waiting_how")}</p><//>
    <div class="stack">${byCard ? html`<section class="stack group"><h2>${t("pair.by_card")}</h2><p class="hint">${t("pair.by_card_hint")}</p>
        <${PinForm} path="/api/pair/card" more=${{ request }} action=${t("pair.action")} done=${() => void settle()} /></section>`
      : html`<${CodeForm} id="pair-code" hint=${t("presence.code_hint")} send=${confirm} action=${t("pair.action")} />`}
    <${Button} kind="quiet" id="other-way" onPress=${() => setByCard(!byCard)}>${t(byCard ? "pair.use_code" : "pair.use_card")}<//></div><//>`;
}

export default function Pair() {
  const [token] = useState(takeToken);
  const [name, setName] = useState(suggestedName);
  const [code, setCode] = useState("");
  const [request, setRequest] = useState("");
  const [refused, setRefused] = useState(/** @type {import("../core/api.js").ApiError | null} */ (null));
  const ask = useTask(async () => {
    setRefused(null);
    const asked = await post("/api/pair", { token, name: name.trim() });
    if (!asked.code) return setRequest(asked.request);
    // The link of the box's own label brings its proof along.
    await post("/api/pair/confirm", { request: asked.request, code: asked.code });
    if (code) await put("/api/phone/code", { code });
    enter();
  });
  if (!token) {
    return html`<${Screen} title=${t("pair.title")}><${Notice} title=${t("pair.none.what")}>
      <p>${t("pair.none.how")}</p><ol class="steps"><li>${t("pair.none.step1")}</li><li>${t("pair.none.step2")}</li><li>${t("pair.none.step3")}</li></ol><//><//>`;
  }
  if (request) {
    return html`<${Proof} request=${request} name=${name.trim()} unlockCode=${code} over=${(/** @type {import("../core/api.js").ApiError} */ error) => { setRequest(""); setRefused(error); }} />`;
  }
  return html`<${Screen} title=${t("pair.title")} submit=${() => void ask.run()}
    action=${html`<${Button} kind="primary" type="submit" id="pair" busy=${ask.busy} disabled=${!name.trim() || (code !== "" && code.length < 6)}>${t("pair.next")}<//>`}>
    <p>${t("pair.intro")}</p>
    <${ErrorNotice} error=${ask.error ?? refused} />
    <${Field} id="phone-name" label=${t("pair.name")} hint=${t("pair.name_hint")}>
      <input id="phone-name" aria-describedby="phone-name-hint" autocomplete="off" enterkeyhint="next" maxlength="40"
        value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
    <${Field} id="own-code" label=${t("pair.own_code")} hint=${t("pair.own_code_hint")}>
      <input id="own-code" class="code big" type="password" inputmode="numeric" aria-describedby="own-code-hint" autocomplete="off" enterkeyhint="done" maxlength="12"
        value=${code} onInput=${(/** @type {any} */ event) => setCode(event.currentTarget.value.replace(/\D/g, ""))} /><//>
  <//>`;
}
