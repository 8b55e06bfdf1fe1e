/** In the place of what needs a card: which one to put in, or why the one that was put in, or the reader, does not serve (G03). */
import { html } from "../lib/htm-preact.js";
import { useEffect } from "../lib/preact-hooks.js";
import { announce, readers, reading } from "../core/store.js";
import { errorWords, t } from "../core/words.js";
import { Notice } from "./controls.js";

const WANTED = {
  nhi: { title: "start.insert", hint: "start.insert_hint" },
  hpc: { title: "sign_in.insert", hint: "sign_in.insert_hint" },
};

/** @param {{ wants: keyof typeof WANTED }} props */
function said({ wants }) {
  const usable = readers.value.filter((reader) => reader.state !== "unavailable");
  const odd = usable.find(({ card }) => card.error_code || card.kind === "institution")?.card;
  if (usable.length === 0) {
    const code = readers.value.find((reader) => reader.trouble)?.trouble;
    if (code) return { odd: true, title: errorWords(code, "what"), hint: errorWords(code, "now"), code, place: "#/settings/readers" };
    const name = readers.value.length === 0 ? "none" : readers.value.some((reader) => reader.sleeps) ? "asleep" : "unavailable";
    return { odd: true, title: t(`readers.${name}`), hint: t("readers.none_hint"), place: "#/settings/readers" };
  }
  if (reading.value) return { title: t("card_kind.reading"), hint: errorWords(reading.value.card.error_code || "GW-CRD-11", "now") };
  if (odd?.error_code) return { odd: true, title: errorWords(odd.error_code, "what"), hint: errorWords(odd.error_code, "now"), code: odd.error_code };
  if (odd) return { odd: true, title: errorWords("GW-CRD-09", "what"), hint: t("card_kind.institution") };
  return { title: t(WANTED[wants].title), hint: t(WANTED[wants].hint) };
}

/** While the card that is wanted is in no reader. @param {{ wants: keyof typeof WANTED }} props */
export function Insert({ wants }) {
  const { odd, title, hint, code, place } = said({ wants });
  useEffect(() => { if (odd) announce(title); }, [odd, title]);
  return html`<${Notice} kind=${odd ? "warn" : "info"} title=${title}><p>${hint}</p>${code ? html`<p class="code">${code}</p>` : null}
    ${place ? html`<div class="actions"><a class="button plain" href=${place}>${t("readers.title")}</a></div>` : null}<//>`;
}
