/** 常用詞句 of one free text: tap one to add it, keep what is written now, delete what is no longer used (M04, M05, M19). */
import { html } from "../lib/htm-preact.js";
import { del, get, post, segment } from "../core/api.js";
import { editorPath } from "../core/draft.js";
import { back } from "../core/router.js";
import { announce, offerUndo } from "../core/store.js";
import { useState } from "../lib/preact-hooks.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useFetched, useTask } from "../components/controls.js";
import { DraftScreen } from "../components/draft_screen.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Phrase} Phrase */
/** @typedef {"subjective" | "objective" | "special_note"} Name */

const LONGEST = 500;

/** @param {{ draft: Draft, name: Name }} props */
function Part({ draft, name }) {
  const [query, setQuery] = useState("");
  const kept = useFetched(`phrases ${name}`, () => /** @type {Promise<Phrase[]>} */ (get(`/api/phrases?field=${name}`)));
  const written = draft.content.value[name].trim();
  const closed = !draft.writable.value;
  const keep = useTask(async (/** @type {string} */ text) => {
    kept.set(/** @type {Phrase[]} */ (await post("/api/phrases", { field: name, text })));
    announce(t("phrases.kept"));
  });
  const remove = useTask(async (/** @type {Phrase} */ phrase) => {
    await del(`/api/phrases/${segment(phrase.phrase_id)}`);
    kept.set((kept.value ?? []).filter((one) => one !== phrase));
    offerUndo(t("visit.removed", { what: phrase.text }), () => void keep.run(phrase.text));
  });
  /** @param {Phrase} phrase */
  const take = (phrase) => {
    draft.change({ [name]: written ? `${written}\n${phrase.text}` : phrase.text }, { soon: true });
    back(editorPath(draft));
  };
  const shown = (kept.value ?? []).filter((phrase) => phrase.text.includes(query.trim()));
  return html`<${ErrorNotice} error=${kept.error ?? keep.error ?? remove.error} />
    <p class="hint">${t("phrases.how")}</p>
    ${(kept.value ?? []).length > 5 ? html`<div class="search"><input id="search" type="search" enterkeyhint="search" autocomplete="off" aria-label=${t("phrases.search")} placeholder=${t("phrases.search")}
      value=${query} onInput=${(/** @type {any} */ event) => setQuery(event.currentTarget.value)} /></div>` : null}
    ${kept.value && shown.length === 0 ? html`<p class="hint">${t("phrases.none")}</p>` : null}
    <ul class="items" id="phrases">${shown.map((phrase) => html`<li class="item" key=${phrase.phrase_id}><button type="button" class="row-text as-text" disabled=${closed} onClick=${() => take(phrase)}>${phrase.text}</button>
      <${Button} kind="danger" disabled=${remove.busy} label=${t("visit.remove_item", { what: phrase.text })} onPress=${() => void remove.run(phrase)}>${t("action.remove")}<//></li>`)}</ul>
    ${written && written.length <= LONGEST && !(kept.value ?? []).some((phrase) => phrase.text === written)
      ? html`<${Button} id="keep-phrase" busy=${keep.busy} onPress=${() => void keep.run(written)}>${t("phrases.keep")}<//>` : null}`;
}

/** One part for each field, so that it is the same component at every render. @type {Record<Name, import("../lib/preact.js").FunctionComponent<{ draft: Draft }>>} */
const PARTS = {
  subjective: ({ draft }) => html`<${Part} draft=${draft} name="subjective" />`,
  objective: ({ draft }) => html`<${Part} draft=${draft} name="objective" />`,
  special_note: ({ draft }) => html`<${Part} draft=${draft} name="special_note" />`,
};

/** @param {{ id: string, name: Name }} props */
export default function Phrases({ id, name }) {
  return html`<${DraftScreen} id=${id} title=${t("phrases.title", { field: t(`visit.${name}`) })} part=${PARTS[name]} />`;
}
