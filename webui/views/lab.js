/** The lab: virtual cards, the VPN, the stand-in portal's faults and clock. Exists only beside simulated devices. */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { del, get, post, segment } from "../core/api.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Screen, useFetched, useTask } from "../components/controls.js";
import { Copyable } from "../components/copyable.js";

/** @typedef {import("../core/types").LabState} LabState */

/** The portal commits the next visit and its reply gets lost. */
const DROP_REPLY = { route: "POST /visits", occurrence: 1, fault: "lose_reply" };

/** When the next card that is put in leaves by itself; `when` empty: it stays. @typedef {{ when: "" | "before" | "during" | "after", nth: number }} Leaving */

/** @param {{ leaving: Leaving, change: (leaving: Leaving) => void }} props */
function PullAt({ leaving, change }) {
  /** @type {Leaving["when"][]} */
  const moments = ["", "before", "during", "after"];
  return html`<div class="stack" id="lab-leaving"><p class="hint">${t("lab.leave.hint")}</p>
    <div class="pills" role="group" aria-label=${t("lab.leave")}>${moments.map((when) => html`<button type="button" class="pill" data-leave=${when || "never"}
      aria-pressed=${leaving.when === when} onClick=${() => change({ ...leaving, when })}>${t(`lab.leave.${when || "never"}`)}</button>`)}</div>
    ${leaving.when ? html`<${Field} id="leave-nth" label=${t("lab.leave.nth")} hint=${t("lab.leave.nth_hint")}>
      <input id="leave-nth" class="code" type="number" inputmode="numeric" min="1" max="999" value=${leaving.nth} aria-describedby="leave-nth-hint"
        onInput=${(/** @type {any} */ event) => change({ ...leaving, nth: Math.max(1, Math.trunc(Number(event.currentTarget.value)) || 1) })} /><//>` : null}</div>`;
}

/** @param {LabState["cards"][number]} card */
function stayWords({ commands, left_by_itself }) {
  if (commands === 0) return "";
  return t(left_by_itself ? "lab.left_at" : "lab.commands", { count: commands });
}

/** @param {{ lab: LabState, act: (path: string, json?: unknown) => void, busy: boolean }} props */
function Cards({ lab, act, busy }) {
  const [leaving, setLeaving] = useState(/** @type {Leaving} */ ({ when: "", nth: 3 }));
  const order = leaving.when ? { pull: leaving } : {};
  return html`<section class="group"><h2>${t("lab.cards")}</h2><${PullAt} leaving=${leaving} change=${setLeaving} /><ul class="items">${lab.cards.map((card) => {
    const inside = lab.readers.find((r) => r.reader_id === card.reader_id);
    const where = inside ? t("lab.in_reader", { reader: inside.label }) : t("lab.out");
    return html`<li class="item tall" data-card=${card.card_id}><div class="row-text"><span class="row-title">${card.label}</span><span class="row-detail">${[where, stayWords(card)].filter(Boolean).join(" · ")}</span></div>
      <div class="actions">${inside ? html`<${Button} busy=${busy} onPress=${() => act(`/api/lab/readers/${segment(inside.reader_id)}/pull`)}>${t("lab.pull")}<//>`
        : lab.readers.map((reader) => html`<${Button} busy=${busy} disabled=${lab.cards.some((c) => c.reader_id === reader.reader_id)} label=${t("lab.insert_into", { card: card.label, reader: reader.label })}
            onPress=${() => act(`/api/lab/cards/${segment(card.card_id)}/insert`, { reader_id: reader.reader_id, ...order })}>${t("lab.insert", { reader: reader.label })}<//>`)}</div></li>`;
  })}</ul></section>`;
}

/** @param {{ lab: LabState, act: (path: string, json?: unknown) => void, busy: boolean }} props */
function Radio({ lab, act, busy }) {
  const { bluetooth } = lab;
  if (!bluetooth) return html`<section class="group"><h2>${t("lab.bluetooth")}</h2><p class="hint">${t("lab.bluetooth.none")}</p></section>`;
  return html`<section class="group" id="lab-bluetooth"><h2>${t("lab.bluetooth")}</h2><p class="hint">${t("lab.bluetooth.hint")}</p>
    <div class="pills" role="group" aria-label=${t("lab.bluetooth.adapter")}>${/** @type {const} */ (["on", "off", "blocked", "missing"]).map((state) => html`<button type="button" class="pill" data-adapter=${state}
      aria-pressed=${bluetooth.adapter === state} aria-busy=${busy} onClick=${() => act("/api/lab/bluetooth", { state })}>${t(`lab.bluetooth.${state}`)}</button>`)}</div>
    <ul class="items">${bluetooth.readers.map((reader) => html`<li class="item tall" data-radio=${reader.reader_id}><div class="row-text"><span class="row-title">${reader.label}</span>
      <span class="row-detail">${[t(reader.paired ? "lab.bluetooth.paired" : "lab.bluetooth.unpaired"), reader.passkey && !reader.paired ? t("lab.bluetooth.passkey", { number: reader.passkey }) : ""].filter(Boolean).join(" · ")}</span></div>
      <${Button} busy=${busy} onPress=${() => act(`/api/lab/readers/${segment(reader.reader_id)}/reach`, { in_reach: !reader.in_reach })}>${t(reader.in_reach ? "lab.bluetooth.switch_off" : "lab.bluetooth.switch_on")}<//></li>`)}</ul></section>`;
}

/** @param {{ lab: LabState, act: (path: string, json?: unknown) => void, busy: boolean }} props */
function Link({ lab, act, busy }) {
  /** @type {[LabState["link"]["mode"], number][]} */
  const modes = [["up", 0], ["slow", 1500], ["down", 0]];
  return html`<section class="group"><h2>${t("lab.link")}</h2><div class="pills" role="group" aria-label=${t("lab.link")}>${modes.map(([mode, delay_ms]) => html`<button type="button" class="pill" data-link=${mode}
    aria-pressed=${lab.link.mode === mode} aria-busy=${busy} onClick=${() => act("/api/lab/link", { mode, delay_ms })}>${t(`lab.link.${mode}`)}</button>`)}</div></section>`;
}

/** @param {{ lab: LabState, act: (path: string, json?: unknown) => void, clear: () => void, busy: boolean }} props */
function Portal({ lab, act, clear, busy }) {
  const offset = lab.portal.clock_offset_s;
  return html`<section class="group"><h2>${t("lab.portal")}</h2><div class="actions">
    <${Button} id="drop-reply" busy=${busy} onPress=${() => act("/api/lab/portal/faults", DROP_REPLY)}>${t("lab.drop_reply")}<//>
    <${Button} busy=${busy} disabled=${lab.portal.faults.length === 0} onPress=${clear}>${t("lab.clear_faults", { count: lab.portal.faults.length })}<//>
    <${Button} busy=${busy} onPress=${() => act("/api/lab/portal/clock", { offset_s: offset + 3600 })}>${t("lab.clock_ahead")}<//>
    <${Button} busy=${busy} disabled=${offset === 0} onPress=${() => act("/api/lab/portal/clock", { offset_s: 0 })}>${t("lab.clock_reset", { offset })}<//></div></section>`;
}

/** @param {{ title: string, path: string }} props */
function Peek({ title, path }) {
  const [text, setText] = useState("");
  const look = useTask(async () => { setText(JSON.stringify(await get(path), null, 2)); });
  return html`<details class="fold" onToggle=${(/** @type {any} */ event) => { if (event.currentTarget.open) void look.run(); }}><summary>${title}</summary>
    <${Button} kind="quiet" task=${look}>${t("lab.look_again")}<//><${ErrorNotice} error=${look.error} />
    <pre class="code" tabindex="0">${text}</pre></details>`;
}

export default function Lab() {
  const found = useFetched("lab", () => /** @type {Promise<LabState>} */ (get("/api/lab/state")), JSON.stringify([live.value.cards, live.value.link, live.value.bluetooth?.remembered, live.value.bluetooth?.state]));
  const task = useTask(async (/** @type {string} */ path, /** @type {unknown} */ json) => {
    await post(path, json);
    found.reload();
  });
  const clear = useTask(async () => {
    await del("/api/lab/portal/faults");
    found.reload();
  });
  const lab = found.value;
  /** @param {string} path @param {unknown} [json] */
  const act = (path, json) => void task.run(path, json);
  return html`<${Screen} title=${t("lab.title")} up="/">
    <p>${t("lab.intro")}</p><${ErrorNotice} error=${found.error ?? task.error ?? clear.error} />
    ${lab ? html`<${Cards} lab=${lab} act=${act} busy=${task.busy} /><${Radio} lab=${lab} act=${act} busy=${task.busy} /><${Link} lab=${lab} act=${act} busy=${task.busy} /><${Portal} lab=${lab} act=${act} clear=${() => void clear.run()} busy=${task.busy || clear.busy} />
      ${lab.binding ? html`<section class="group"><h2>${t("lab.binding")}</h2><p>${t("lab.binding_hint")}</p><div class="qr-screen"><img alt=${t("lab.qr2_alt")} src=${lab.binding.qr_png_data_url} />
        <p>${t("bind.pin")} <span class="code strong" id="lab-pin">${lab.binding.pin}</span></p></div><${Copyable} text=${lab.binding.ticket} label=${t("bind.ticket")} /></section>` : null}
      <section class="group"><h2>${t("lab.memory")}</h2>${lab.cards.map((card) => html`<${Peek} key=${card.card_id} title=${card.label} path=${`/api/lab/cards/${segment(card.card_id)}/memory`} />`)}</section>
      <section class="group"><h2>${t("lab.inbox")}</h2><${Peek} title=${t("lab.inbox_show")} path="/api/lab/portal/inbox" /></section>` : found.error ? null : html`<${Loading} />`}<//>`;
}
