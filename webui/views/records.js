/** Cloud records and the card's own, table by table: cards upright, a whole table on its side or by the button (L02-L05, L07). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { get, post, segment } from "../core/api.js";
import { rocDate, rocMoment } from "../core/format.js";
import { patientReader } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { Locked, lockedBy } from "../components/locked.js";

/** @typedef {import("../core/types").RecordsView} RecordsView */
/** @typedef {import("../core/types").RecordTable} RecordTable */
/** @typedef {import("../core/types").Leftover} Leftover */
/** @typedef {import("../core/types").CardContents} CardContents */

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "/css/records.css";
document.head.append(style);

/** @param {{ table: RecordTable, wide: boolean }} props */
function Table({ table, wide }) {
  return html`<div class="records ${wide ? "wide" : ""}"><ul class="items record-cards">${table.rows.map((row) => html`<li class="item tall"><div class="row-text">
      <span class="row-title">${rocDate(row.on)} ${row.institution}</span>
      ${table.keys.filter((name) => row.values[name]).map((name) => html`<span class="row-detail">${t("list.named", { name, value: row.values[name] ?? "" })}</span>`)}</div></li>`)}</ul>
    <div class="record-table" role="region" tabindex="0" aria-label=${t(`records.${table.kind}`)}><table><thead><tr><th scope="col">${t("records.institution")}</th>${table.columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${table.rows.map((row) => html`<tr><th scope="row">${row.institution}</th>${table.columns.map((name) => html`<td>${row.values[name] ?? ""}</td>`)}</tr>`)}</tbody></table></div></div>`;
}

/** @param {{ left: Leftover }} props */
export function LeftoverList({ left }) {
  if (!left.known) return html`<${Notice} kind="warn" title=${t("leftover.unknown")}><p>${t("leftover.ask")}</p><//>`;
  return html`<p class="hint">${t("leftover.as_of", { at: left.as_of ? rocMoment(left.as_of) : "" })}</p>
    ${left.uncounted > 0 ? html`<${Notice} kind="warn" title=${t("leftover.uncounted", { count: left.uncounted })} />` : null}
    ${left.medicines.length === 0 ? html`<${Notice} title=${t("leftover.nothing")} />` : null}
    <ul class="items">${left.medicines.map((one) => html`<li class="item tall" data-left=${one.codes[0]}><div class="row-text"><span class="row-title">${one.names[0] ?? one.group}</span>
      <span>${t("leftover.days", { days: one.remaining_days, until: rocDate(one.usable_until) })}</span>
      ${one.is_duplicate ? html`<span class="tag warn">${t("leftover.duplicate", { from: rocDate(one.next_fill_on) })}</span>` : null}
      ${one.fills.map((fill) => html`<span class="row-detail">${t("leftover.fill", { on: rocDate(fill.fetched_on), where: fill.institution, days: fill.days })}</span>`)}
      ${one.approximate ? html`<span class="row-detail">${t("leftover.approximate")}</span>` : null}</div></li>`)}</ul>`;
}

/**
 * @param {{ view: RecordsView | null, left?: Leftover | null, contents?: CardContents | null }} props
 */
export function RecordPages({ view, left, contents }) {
  const tables = [...(view?.tables ?? []), ...(contents ? cardTables(contents) : [])];
  const filled = tables.filter((one) => one.rows.length > 0);
  const empty = tables.filter((one) => one.rows.length === 0);
  const counts = new Map([...(left ? [/** @type {const} */ (["leftover", left.medicines.length])] : []), ...filled.map((one) => /** @type {const} */ ([one.kind, one.rows.length]))]);
  const names = [...counts.keys()];
  const [tab, setTab] = useState("");
  const [wide, setWide] = useState(false);
  const chosen = names.includes(tab) ? tab : names[0] ?? "";
  const table = tables.find((one) => one.kind === chosen);
  return html`${view ? html`<${Notice} kind="info" title=${view.fetched_at ? t("records.fetched", { at: rocMoment(view.fetched_at) }) : t("records.now", { at: rocMoment(view.as_of) })}>
      ${view.until ? html`<p>${t("records.until", { until: rocMoment(view.until) })}</p>` : null}<p class="hint">${t("records.late")}</p><//>` : null}
    <div class="pills" role="group" aria-label=${t("records.tables")}>${names.map((name) => html`<button type="button" class="pill" data-tab=${name} aria-pressed=${name === chosen} onClick=${() => setTab(name)}>${t(`records.${name}`)}${counts.get(name) ? html` <span class="record-count">${counts.get(name)}</span>` : null}</button>`)}</div>
    ${chosen === "leftover" && left ? html`<${LeftoverList} left=${left} />` : null}
    ${table ? html`<div class="turn"><${Button} id="turn" kind="quiet" onPress=${() => setWide(!wide)}>${t(wide ? "records.upright" : "records.sideways")}<//></div><${Table} table=${table} wide=${wide} />` : null}
    ${empty.length > 0 ? html`<p class="hint" data-empty=${empty.map((one) => one.kind).join(" ")}>${t("records.empty", { tables: empty.map((one) => t(`records.${one.kind}`)).join(t("list.separator")) })}</p>` : null}`;
}

/** The card's visits and orders in the form of the other tables. @param {CardContents} contents @returns {RecordTable[]} */
function cardTables(contents) {
  const day = (/** @type {string} */ time) => `${Number(time.slice(0, 3)) + 1911}-${time.slice(3, 5)}-${time.slice(5, 7)}`;
  const visits = contents.visits.map((one) => ({
    on: day(one.visit_time), institution: one.institution,
    values: titled({ visited: one.visit_time, visit_type: one.visit_type, sequence_no: one.sequence_no, make_up: one.make_up ? t("card_column.yes") : "" }) }));
  const orders = contents.orders.map((one) => ({
    on: day(one.visit_time), institution: "",
    values: titled({ visited: one.visit_time, order_type: one.order_type, code: one.code, usage: one.usage, days: String(one.days), quantity: String(one.quantity) }) }));
  /** @param {string} kind @param {string[]} names @param {RecordTable["rows"]} rows */
  const table = (kind, names, rows) => {
    const columns = names.map((name) => t(`card_column.${name}`));
    return { kind, columns, keys: columns.slice(0, 3), rows };
  };
  return [
    table("card_visits", ["visited", "visit_type", "sequence_no", "make_up"], visits),
    table("card_orders", ["visited", "order_type", "code", "usage", "days", "quantity"], orders),
  ];
}

/** By the words of their columns. @param {Record<string, string>} values */
function titled(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [t(`card_column.${name}`), value]));
}

/** Downloaded under a consent. @param {{ id: string }} props */
export function OfConsent({ id }) {
  const found = useFetched(id, () => /** @type {Promise<RecordsView>} */ (get(`/api/consents/${segment(id)}/records`)));
  return html`<${Screen} title=${t("records.title")} up="/today"><${ErrorNotice} error=${found.error} />
    ${found.value === null && !found.error ? html`<${Loading} />` : null}${found.value ? html`<${RecordPages} view=${found.value} />` : null}<//>`;
}

/** Of the patient of a visit: downloaded ones, and with the card in the reader those of now. @param {{ id: string }} props */
export default function OfVisit({ id }) {
  const found = useFetched(`records ${id}`, () => /** @type {Promise<RecordsView>} */ (get(`/api/visits/${segment(id)}/records`)));
  const left = useFetched(`left ${id}`, () => /** @type {Promise<Leftover>} */ (get(`/api/visits/${segment(id)}/leftover`)));
  return html`<${Screen} title=${t("records.title")} up=${`/visits/${segment(id)}`}>
    ${found.error && found.error.body.code !== "GW-ACC-20" && !lockedBy("QPB") ? html`<${ErrorNotice} error=${found.error} />` : null}
    ${found.error?.body.code === "GW-ACC-20" ? html`<${Notice} kind="warn" title=${t("records.none_here")}><p>${t("records.none_here_now")}</p><//>` : null}
    <${RecordPages} view=${found.value} left=${left.value} />
    <${WithCard} /><//>`;
}

/** 健保卡與雲端: reads the card through a card session, then asks the cloud for its person (L01). */
function WithCard() {
  const [view, setView] = useState(/** @type {RecordsView | null} */ (null));
  const [contents, setContents] = useState(/** @type {CardContents | null} */ (null));
  const reader = patientReader.value;
  const ask = useTask(async () => {
    if (!reader) return;
    const place = `/api/readers/${segment(reader.reader_id)}`;
    setContents(/** @type {CardContents} */ (await post(`${place}/contents`, {}, { timeout_s: 60 })));
    setView(/** @type {RecordsView} */ (await post(`${place}/records`, {}, { timeout_s: 30 })));
  });
  const lock = lockedBy("QPB");
  return html`<section class="group"><h2>${t("records.with_card")}</h2><p class="hint">${t("records.with_card_hint")}</p>
    <${ErrorNotice} error=${ask.error} />
    ${lock ? html`<ul class="items"><${Locked} id="medical" title=${t("rights.locked.medical")} lock=${lock} /><${Locked} id="cloud" title=${t("rights.locked.cloud")} lock=${lock} /></ul>`
    : html`<${Button} id="ask-card" task=${ask} disabled=${!reader}>${t(reader ? "records.ask" : "home.nhi.insert")}<//>`}
    ${view || contents ? html`<${RecordPages} view=${view} contents=${contents} />` : null}</section>`;
}
