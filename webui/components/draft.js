/** What the screens of a draft share: how safe it is, who edits it, and its free texts. */
import { html } from "../lib/htm-preact.js";
import { segment } from "../core/api.js";
import { takeOver } from "../core/draft.js";
import { clock } from "../core/format.js";
import { reached } from "../core/store.js";
import { useState } from "../lib/preact-hooks.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Notice, useTask } from "./controls.js";

/** @typedef {import("../core/draft.js").Draft} Draft */

/** "已存在盒子 17:05", only ever after the box's answer. @param {{ draft: Draft }} props */
export function SaveState({ draft }) {
  const state = draft.state.value;
  if (state === "saved" && !draft.isMine.value) return html`<p class="save-state" data-save="looking"><span class="mark" aria-hidden="true"></span>${t("save.looking")}</p>`;
  const words = state === "saved"
    ? (draft.savedAt.value ? t("save.saved_at", { at: clock(draft.savedAt.value) }) : t("save.saved"))
    : t(`save.${state}`);
  return html`<p class="save-state ${state}" data-save=${state}><span class="mark" aria-hidden="true"></span>${words}</p>`;
}

/** Text that was typed here and is on no disk. @param {{ draft: Draft }} props */
function Mine({ draft }) {
  const { subjective, objective, special_note } = draft.content.value;
  const mine = [subjective, objective, special_note].filter(Boolean).join("\n");
  return mine ? html`<textarea readonly rows="3" aria-label=${t("conflict.mine")} value=${mine}></textarea>` : null;
}

/**
 * Which other phone edits the draft, and the way to edit it here (Y05).
 * @param {{ draft: Draft, reload: () => void }} props
 */
export function EditorNotice({ draft, reload }) {
  const take = useTask(async () => {
    await takeOver(draft.id);
    reload();
  });
  if (draft.isMine.value) return null;
  const lost = draft.state.value === "conflict";
  return html`<${Notice} kind="warn" title=${t("editor.what", { phone: draft.editor.value?.phone_name ?? "" })}>
    <p>${t(lost ? "editor.where_lost" : "editor.where")}</p>${lost ? html`<${Mine} draft=${draft} />` : null}
    <${ErrorNotice} error=${take.error} />
    <div class="actions"><${Button} kind="primary" id="take-over" task=${take} disabled=${!reached.value}>${t("editor.take_over")}<//></div><//>`;
}

/** What stops saving, with the way on. @param {{ draft: Draft, reload: () => void }} props */
export function SaveTrouble({ draft, reload }) {
  const state = draft.state.value;
  if (!draft.isMine.value) return html`<${EditorNotice} draft=${draft} reload=${reload} />`;
  if (state === "conflict") {
    return html`<${Notice} kind="warn" title=${t("conflict.what")}><p>${t("conflict.where")}</p><${Mine} draft=${draft} />
      <p>${t("conflict.now")}</p><div class="actions"><${Button} kind="primary" id="reload-draft" onPress=${reload}>${t("conflict.reload")}<//></div><//>`;
  }
  if (state === "refused") {
    return html`<${ErrorNotice} error=${draft.error}><${Button} onPress=${() => void draft.flush()}>${t("action.try_again")}<//><//>`;
  }
  return null;
}

/**
 * @param {{ draft: Draft, name: "subjective" | "objective" | "special_note" | "virtual_order_note", rows: number, label?: string }} props
 */
export function TextPart({ draft, name, rows, label = t(`visit.${name}`) }) {
  const [atHand, setAtHand] = useState(false);
  return html`<${Field} id=${name} label=${label}><textarea id=${name} rows=${rows} maxlength="4000"
    readonly=${!draft.isMine.value || (!reached.value && !atHand)}
    value=${draft.content.value[name]} onInput=${(/** @type {any} */ event) => draft.change({ [name]: event.currentTarget.value })}
    onFocus=${() => setAtHand(true)} onBlur=${() => { setAtHand(false); draft.saveSoon(); }}></textarea>
    ${name === "virtual_order_note" || !draft.isMine.value ? null : html`<a class="pill more" id=${`${name}-phrases`} href=${`#/visits/${segment(draft.id)}/phrases/${name}`}>${t("phrases.open")}</a>`}<//>`;
}

/** Where a field of the visit is edited. @param {Draft} draft @param {string} field */
export function fieldPath(draft, field) {
  const base = `/visits/${segment(draft.id)}`;
  const order = /^content\.orders\[(\d+)\]/.exec(field);
  if (order) return `${base}/order/${order[1]}`;
  if (field.startsWith("content.virtual_orders")) return `${base}/virtual-orders`;
  if (field.startsWith("content.occasion")) return `${base}/stay`;
  if (field.startsWith("content.claim") || field.startsWith("content.programme")) return `${base}/claim`;
  return base;
}
