/** Bluetooth readers: find one, connect with it, name it, remove it. The radio scans only while this page is shown (D02). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { asApiError, del, post, put, segment } from "../core/api.js";
import { announce, live } from "../core/store.js";
import { errorWords, t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Notice, Screen, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").Bluetooth} Bluetooth */

const SCAN_EVERY_MS = 10_000;
const BRANDS = ["all", "acs", "feitian"];

/** @param {number | null} dbm */
const signalWords = (dbm) => (dbm == null ? "" : t(dbm >= -65 ? "bluetooth.signal.strong" : dbm >= -80 ? "bluetooth.signal.medium" : "bluetooth.signal.weak"));

/**
 * Have the box scan for as long as this screen is in front of somebody.
 * @param {boolean} wanted
 */
function useScan(wanted) {
  const [error, setError] = useState(/** @type {import("../core/api.js").ApiError | null} */ (null));
  useEffect(() => {
    if (!wanted) return undefined;
    const ask = () => {
      if (document.visibilityState === "visible") post("/api/bluetooth/scan").then(() => setError(null), (thrown) => setError(asApiError(thrown)));
    };
    ask();
    const timer = setInterval(ask, SCAN_EVERY_MS);
    return () => {
      clearInterval(timer);
      // The box ends the scan by itself when nobody asks for it any more.
      del("/api/bluetooth/scan").catch(() => undefined);
    };
  }, [wanted]);
  return error;
}

/** @param {{ state: Bluetooth["state"], mayChange: boolean }} props */
function Adapter({ state, mayChange }) {
  const power = useTask(async () => { await post("/api/bluetooth/power"); });
  if (state === "on") return null;
  return html`<${Notice} kind="warn" title=${t(`bluetooth.state.${state}`)}><p>${t(`bluetooth.state.${state}_hint`)}</p>
    ${state === "off" && mayChange ? html`<${Button} id="power-on" task=${power}>${t("bluetooth.power_on")}<//>` : null}<${ErrorNotice} error=${power.error} /><//>`;
}

/** @param {{ pairing: NonNullable<Bluetooth["pairing"]> }} props */
function Pairing({ pairing }) {
  const [number, setNumber] = useState("");
  const answer = useTask(async (/** @type {boolean} */ agree) => { await post("/api/bluetooth/pairing/answer", { agree, number: pairing.phase === "enter" && agree ? number : "" }); });
  const leave = useTask(async () => { await del("/api/bluetooth/pairing"); });
  const { phase, name } = pairing;
  useEffect(() => announce(t(`bluetooth.pairing.${phase}`, { name })), [phase]);
  const cancel = html`<${Button} kind="quiet" id="cancel-pairing" task=${leave}>${t("bluetooth.cancel")}<//>`;
  const error = html`<${ErrorNotice} error=${answer.error ?? leave.error} />`;
  if (phase === "done") return html`<${Notice} kind="good" title=${t("bluetooth.pairing.done", { name })}><p>${t("bluetooth.done_hint")}</p><${Button} id="close-pairing" task=${leave}>${t("bluetooth.close")}<//>${error}<//>`;
  if (phase === "failed") {
    return html`<${Notice} kind="warn" title=${t("bluetooth.pairing.failed", { name })}><p>${errorWords(pairing.error_code, "now")} <span class="code">${pairing.error_code}</span></p>
      <${Button} id="close-pairing" task=${leave}>${t("bluetooth.close")}<//>${error}<//>`;
  }
  return html`<section class="notice info" data-phase=${phase}>${phase === "enter" ? null : html`<p class="what">${t(`bluetooth.pairing.${phase}`, { name })}</p>`}
    ${pairing.number ? html`<p class="code compared" id="pairing-number">${pairing.number.slice(0, 3)} ${pairing.number.slice(3)}</p>` : null}
    ${phase === "enter" ? html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void answer.run(true); }}>
      <${Field} id="pairing-enter" label=${t("bluetooth.pairing.enter", { name })}><input id="pairing-enter" class="code big" inputmode="numeric" autocomplete="off" enterkeyhint="done" value=${number}
        onInput=${(/** @type {any} */ event) => setNumber(event.currentTarget.value.replace(/\D/g, "").slice(0, 6))} /><//>
      <div class="actions"><${Button} type="submit" kind="primary" id="agree" busy=${answer.busy} disabled=${number.length !== 6}>${t("bluetooth.connect")}<//>${cancel}</div></form>`
      : html`<div class="actions">${phase === "compare" || phase === "agree" ? html`<${Button} kind="primary" id="agree" busy=${answer.busy} onPress=${() => void answer.run(true)}>${t(`bluetooth.${phase}_yes`)}<//>
        <${Button} id="refuse" disabled=${answer.busy} onPress=${() => void answer.run(false)}>${t(`bluetooth.${phase}_no`)}<//>` : cancel}</div>`}${error}</section>`;
}

/** @param {{ reader: Bluetooth["heard"][number] }} props */
function HeardRow({ reader }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const pair = useTask(async () => {
    await post("/api/bluetooth/pairing", { address: reader.address, name: name.trim() });
    setOpen(false);
  });
  const detail = [t(`bluetooth.brand.${reader.family}`), signalWords(reader.signal_dbm), reader.address.slice(-5)].filter(Boolean).join(" · ");
  return html`<li class="item tall" data-address=${reader.address}><div class="row-text"><span class="row-title">${reader.name}</span><span class="row-detail">${detail}</span>
    ${open ? html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void pair.run(); }}>
      <${Field} id="reader-name" label=${t("bluetooth.name")} hint=${t("bluetooth.name_hint")}><input id="reader-name" maxlength="40" autocomplete="off" enterkeyhint="done" aria-describedby="reader-name-hint"
        placeholder=${reader.name} value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
      <div class="actions"><${Button} type="submit" kind="primary" id="pair" busy=${pair.busy}>${t("bluetooth.connect")}<//><${Button} kind="quiet" onPress=${() => setOpen(false)}>${t("bluetooth.cancel")}<//></div></form>` : null}
    <${ErrorNotice} error=${pair.error} /></div>
    ${open ? null : html`<${Button} label=${t("bluetooth.connect_to", { name: reader.name })} onPress=${() => setOpen(true)}>${t("bluetooth.connect")}<//>`}</li>`;
}

/** @param {{ reader: Bluetooth["remembered"][number], mayChange: boolean }} props */
function RememberedRow({ reader, mayChange }) {
  const [doing, setDoing] = useState(/** @type {"" | "rename" | "remove"} */ (""));
  const [name, setName] = useState(reader.name);
  const rename = useTask(async () => {
    await put(`/api/bluetooth/readers/${segment(reader.reader_id)}`, { name });
    setDoing("");
  });
  const remove = useTask(async () => { await del(`/api/bluetooth/readers/${segment(reader.reader_id)}`); });
  const slot = live.value.cards?.readers.find((found) => found.reader_id === reader.reader_id);
  const ready = slot && slot.state !== "unavailable";
  const detail = [reader.model === reader.name ? t(`bluetooth.brand.${reader.family}`) : reader.model, slot?.trouble ? errorWords(slot.trouble, "what") : t(ready ? "bluetooth.connected" : "bluetooth.away")].join(" · ");
  return html`<li class="item tall" data-reader=${reader.reader_id}><div class="row-text"><span class="row-title">${reader.name}</span>
    <span class="row-detail">${detail}</span>${reader.own_key === false ? html`<span class="row-detail">${t("bluetooth.factory_key")}</span>` : null}
    ${doing === "rename" ? html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void rename.run(); }}>
      <${Field} id="new-name" label=${t("bluetooth.name")}><input id="new-name" maxlength="40" autocomplete="off" enterkeyhint="done" value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /><//>
      <div class="actions"><${Button} type="submit" kind="primary" id="save-name" busy=${rename.busy} disabled=${name.trim() === ""}>${t("bluetooth.save")}<//><${Button} kind="quiet" onPress=${() => setDoing("")}>${t("bluetooth.cancel")}<//></div></form>` : null}
    ${doing === "remove" ? html`<p>${t("bluetooth.remove_sure", { name: reader.name })}</p>${ready ? null : html`<p class="hint">${t("bluetooth.remove_hint")}</p>`}
      <div class="actions"><${Button} kind="danger" id="remove-sure" task=${remove}>${t("bluetooth.remove")}<//><${Button} kind="quiet" onPress=${() => setDoing("")}>${t("bluetooth.cancel")}<//></div>` : null}
    ${mayChange && doing === "" ? html`<div class="actions"><${Button} kind="quiet" onPress=${() => { setName(reader.name); setDoing("rename"); }}>${t("bluetooth.rename")}<//>
      <${Button} kind="quiet" onPress=${() => setDoing("remove")}>${t("bluetooth.remove")}<//></div>` : null}<${ErrorNotice} error=${rename.error ?? remove.error} /></div></li>`;
}

export default function BluetoothReaders() {
  const bluetooth = live.value.bluetooth;
  const [brand, setBrand] = useState("all");
  const mayChange = live.value.phone?.role !== "user";
  const scanError = useScan(bluetooth?.state === "on" && mayChange);
  if (!bluetooth) return html`<${Screen} title=${t("bluetooth.title")} up="/settings/readers"><${Loading} /><//>`;
  const nearby = bluetooth.heard.filter((reader) => !reader.remembered && (brand === "all" || reader.family === brand));
  const pairing = mayChange ? bluetooth.pairing : null;
  const isPairing = pairing != null && !["done", "failed"].includes(pairing.phase);
  return html`<${Screen} title=${t("bluetooth.title")} up="/settings/readers">
    <${Adapter} state=${bluetooth.state} mayChange=${mayChange} />
    ${pairing ? html`<${Pairing} key=${pairing.address} pairing=${pairing} />` : null}
    <section class="group"><h2>${t("bluetooth.remembered")}</h2>${bluetooth.remembered.length === 0 ? html`<p class="hint">${t("bluetooth.none_remembered")}</p>`
      : html`<ul class="items">${bluetooth.remembered.map((reader) => html`<${RememberedRow} key=${reader.reader_id} reader=${reader} mayChange=${mayChange} />`)}</ul>`}
      ${mayChange ? null : html`<p class="hint">${t("bluetooth.technician_only")}</p>`}</section>
    ${bluetooth.state === "on" && mayChange && !isPairing ? html`<section class="group" id="nearby"><h2>${t("bluetooth.nearby")}</h2><p class="hint">${t("bluetooth.nearby_hint")}</p>
      <div class="pills" role="group" aria-label=${t("bluetooth.brand")}>${BRANDS.map((name) => html`<button type="button" class="pill" aria-pressed=${brand === name} onClick=${() => setBrand(name)}>${t(`bluetooth.brand.${name}`)}</button>`)}</div>
      ${nearby.length ? html`<ul class="items">${nearby.map((reader) => html`<${HeardRow} key=${reader.address} reader=${reader} />`)}</ul>` : null}
      <p class="hint" aria-live="polite">${bluetooth.scanning ? t("bluetooth.looking") : null}</p><${ErrorNotice} error=${scanError} /></section>` : null}<//>`;
}
