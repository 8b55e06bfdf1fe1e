/** 申報資料設定: the programme (A01), the six pickers of M03 and 特定治療項目 (M23), each from its data set on the box. */
import { html } from "../lib/htm-preact.js";
import { get, segment } from "../core/api.js";
import { t } from "../core/words.js";
import { useAdvice, useRow } from "../components/advice.js";
import { Button, Field, Notice, RowLink, useFetched } from "../components/controls.js";
import { DraftScreen } from "../components/draft_screen.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {Exclude<keyof import("../core/types").ClaimSettings, "special_items">} Setting */

/** @type {[Setting, string][]} */
const SETTINGS = [
  ["case_type", "case_types"], ["department", "departments"], ["payment_category", "payment_categories"],
  ["visit_type", "visit_types"], ["dispensing", "dispensing"], ["copay", "copay"],
];

const FIRST_OR_FOLLOW_UP = new Set(["01", "02", "03", "AH"]);

/** @param {{ id: string, setting: Setting, dataset: string, code: string }} props */
function SettingRow({ id, setting, dataset, code }) {
  const row = useRow(dataset, code);
  return html`<${RowLink} href=${`#/visits/${segment(id)}/pick/${dataset}`} title=${t(`claim.${setting}`)} detail=${html`<span class="code">${code}</span> ${row?.name_zh || row?.name_en || ""}`} />`;
}

/** @param {{ draft: Draft }} props */
function Part({ draft }) {
  const content = draft.content.value;
  const { claim } = content;
  const closed = !draft.writable.value;
  const advice = useAdvice(draft);
  const programmes = useFetched("programmes", () => /** @type {Promise<import("../core/types").ProgrammeLine[]>} */ (get("/api/programmes")));
  /** @param {Partial<import("../core/types").ClaimSettings>} changes */
  const change = (changes) => draft.change({ claim: { ...claim, ...changes } }, { soon: true });
  /** @param {string} name */
  const choose = (name) => {
    const line = programmes.value?.find((one) => one.programme === name);
    if (!line) return;
    const usual = programmes.value?.some((one) => one.visit_type === claim.visit_type);
    draft.change({
      programme: name,
      claim: {
        ...claim, case_type: line.case_types[0] ?? claim.case_type, special_items: line.special_item ? [line.special_item] : [],
        visit_type: usual ? line.visit_type : claim.visit_type,
      },
    }, { soon: true });
  };
  return html`<${Field} id="programme" label=${t("claim.programme")}><select id="programme" disabled=${closed || !programmes.value} value=${content.programme} onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>
      ${(programmes.value ?? [{ programme: content.programme }]).map(({ programme }) => html`<option value=${programme} selected=${programme === content.programme}>${t(`programme.${programme}`)}</option>`)}</select><//>
    ${advice && !advice.case_type_fits ? html`<${Notice} kind="warn"><p>${t("claim.case_type_odd", { code: claim.case_type })}</p><//>` : null}
    ${advice && advice.physical_card_wanted ? html`<${Notice} kind="warn"><p>${t("claim.physical_card")}</p><//>` : null}
    ${advice && advice.visit_type !== claim.visit_type && FIRST_OR_FOLLOW_UP.has(claim.visit_type) ? html`<${Notice} kind="warn"><p>${t("claim.suggests", { type: advice.visit_type })}</p>
      <div class="actions"><${Button} id="take-visit-type" disabled=${closed} onPress=${() => change({ visit_type: advice.visit_type })}>${t("claim.take_type", { type: advice.visit_type })}<//></div><//>` : null}
    ${advice && advice.courses.length > 0 ? html`<p class="hint" id="courses">${advice.courses.map((course) => t(`claim.course.${course.kind}`, { visits: course.visits, number: course.number || t("claim.no_number") })).join(t("list.separator"))}</p>` : null}
    <div class="items">${SETTINGS.map(([setting, dataset]) => html`<${SettingRow} id=${draft.id} setting=${setting} dataset=${dataset} code=${claim[setting]} />`)}</div>
    <section class="group"><h2>${t("claim.special_items", { count: claim.special_items.length })}</h2><ul class="items">${claim.special_items.map((code) => html`<${SpecialItem} key=${code} code=${code} closed=${closed}
      remove=${() => change({ special_items: claim.special_items.filter((one) => one !== code) })} />`)}</ul>
      ${advice?.special_item && claim.special_items.length < 4 ? html`<${Button} id="add-special" disabled=${closed} onPress=${() => change({ special_items: [...claim.special_items, advice.special_item] })}>${t("claim.add_usual", { code: advice.special_item })}<//>` : null}
      ${closed || claim.special_items.length >= 4 ? null : html`<a class="button plain add" id="pick-special" href="#/visits/${segment(draft.id)}/pick/special_items">${t("claim.add_special")}</a>`}</section>`;
}

/** @param {{ code: string, closed: boolean, remove: () => void }} props */
function SpecialItem({ code, closed, remove }) {
  const row = useRow("special_items", code);
  return html`<li class="item" data-special=${code}><div class="row-text"><span class="row-title code">${code}</span><span class="row-detail">${row?.name_zh ?? ""}</span></div>
    <${Button} kind="danger" disabled=${closed} label=${t("visit.remove_item", { what: code })} onPress=${remove}>${t("action.remove")}<//></li>`;
}

/** @param {{ id: string }} props */
export default function Claim({ id }) {
  return html`<${DraftScreen} id=${id} title=${t("claim.title")} part=${Part} />`;
}
