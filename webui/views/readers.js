/** Card readers: what is in each, whether it answers, battery and signal where it has them. */
import { html } from "../lib/htm-preact.js";
import { post, segment } from "../core/api.js";
import { live, readers } from "../core/store.js";
import { errorWords, t } from "../core/words.js";
import { Button, ErrorNotice, Notice, RowLink, Screen, useTask } from "../components/controls.js";
import { ReaderTurn } from "../components/turn.js";

/** @param {{ reader: import("../core/types").Reader }} props */
function ReaderRow({ reader }) {
  const refresh = useTask(async () => { await post(`/api/readers/${segment(reader.reader_id)}/refresh`, {}, { timeout_s: 30 }); });
  const { card } = reader;
  const inside = reader.trouble ? errorWords(reader.trouble, "what") : reader.state === "unavailable" ? t(reader.sleeps ? "readers.asleep" : "readers.unavailable") : card.patient ? t("readers.nhi", { name: card.patient.name }) : t(`card_kind.${card.kind}`);
  const extras = [t(`readers.transport.${reader.transport}`), reader.virtual && reader.transport !== "virtual" ? t("readers.virtual") : "", reader.battery_percent == null ? "" : t("strip.power.battery", { percent: reader.battery_percent }),
    reader.signal_dbm == null ? "" : t("readers.signal", { dbm: reader.signal_dbm })].filter(Boolean);
  return html`<li class="item tall" data-reader=${reader.reader_id}><div class="row-text"><span class="row-title">${reader.name}${reader.battery_low ? html`<span class="tag warn">${t("readers.battery_low")}</span>` : null}</span><span>${inside}</span>
    ${reader.trouble ? html`<span class="row-detail">${errorWords(reader.trouble, "now")} <span class="code">${reader.trouble}</span></span>` : null}
    ${card.error_code ? html`<span class="row-detail">${errorWords(card.error_code, "what")} <span class="code">${card.error_code}</span></span>` : null}
    <span class="row-detail">${extras.join(" · ")}</span><${ErrorNotice} error=${refresh.error} /></div>
    <${Button} kind="quiet" task=${refresh}>${t("readers.refresh")}<//><${ReaderTurn} readerId=${reader.reader_id} /></li>`;
}

export default function Readers() {
  const troubles = live.value.cards?.troubles ?? [];
  return html`<${Screen} title=${t("readers.title")} up="/settings">
    ${troubles.map((code) => html`<${Notice} key=${code} kind="warn" title=${errorWords(code, "what")}><p>${errorWords(code, "where")}</p><p>${errorWords(code, "now")} <span class="code">${code}</span></p><//>`)}
    ${readers.value.length === 0 && troubles.length === 0 ? html`<${Notice} kind="warn" title=${t("readers.none")}><p>${t("readers.none_hint")}</p><//>` : null}
    <ul class="items">${readers.value.map((reader) => html`<${ReaderRow} key=${reader.reader_id} reader=${reader} />`)}</ul>
    <details class="fold" id="which-card"><summary>${t("readers.cards")}</summary><ul class="items">${["nhi", "hpc", "institution", "certificate"].map((kind) => html`<li class="item tall"><div class="row-text"><span class="row-title">${t(`readers.cards.${kind}`)}</span>
      <span class="row-detail">${t(`readers.cards.${kind}.where`)}</span></div></li>`)}</ul></details>
    ${live.value.bluetooth ? html`<div class="items"><${RowLink} id="bluetooth" href="#/settings/bluetooth" title=${t("bluetooth.row")} detail=${live.value.bluetooth.state === "on" ? "" : t(`bluetooth.state.${live.value.bluetooth.state}`)} /></div>` : null}<//>`;
}
