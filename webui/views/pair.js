/** A new phone: the token from the QR code, a name, paired (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { post } from "../core/api.js";
import { announce, paired } from "../core/store.js";
import { pathOf, path } from "../core/router.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Notice, Screen, useTask } from "../components/controls.js";

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

export default function Pair() {
  const [token] = useState(takeToken);
  const [name, setName] = useState(suggestedName);
  const pair = useTask(async () => {
    await post("/api/pair", { token, name: name.trim() });
    history.replaceState(null, "", "/");
    path.value = pathOf(location.hash);
    paired.value = "unknown";
    announce(t("pair.done"));
  });
  if (!token) {
    return html`<${Screen} title=${t("pair.title")}><${Notice} title=${t("pair.none.what")}>
      <p>${t("pair.none.how")}</p><ol class="steps"><li>${t("pair.none.step1")}</li><li>${t("pair.none.step2")}</li><li>${t("pair.none.step3")}</li></ol><//><//>`;
  }
  return html`<${Screen} title=${t("pair.title")} submit=${() => void pair.run()}
    action=${html`<${Button} kind="primary" type="submit" id="pair" busy=${pair.busy} disabled=${!name.trim()}>${t("pair.action")}<//>`}>
    <p>${t("pair.intro")}</p>
    <${ErrorNotice} error=${pair.error} />
    <${Field} id="phone-name" label=${t("pair.name")} hint=${t("pair.name_hint")}>
      <input id="phone-name" aria-describedby="phone-name-hint" autocomplete="off" enterkeyhint="done" maxlength="40"
        value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
  <//>`;
}
