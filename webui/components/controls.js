/** The small parts that every screen is made of. */
import { html } from "../lib/htm-preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../lib/preact-hooks.js";
import { asApiError } from "../core/api.js";
import { back } from "../core/router.js";
import { phoneState } from "../core/session.js";
import { live, paired, resyncs } from "../core/store.js";
import { hasWords, t } from "../core/words.js";

/** @typedef {import("../core/api.js").ApiError} ApiError */
/** @typedef {import("../lib/preact.js").ComponentChildren} Children */

/**
 * @typedef {object} Task
 * @property {boolean} busy
 * @property {ApiError | null} error of the last run
 * @property {(...args: any[]) => Promise<void>} run never rejects; does nothing while busy
 * @property {() => void} clear forget the error
 */

/**
 * An action with a beginning and an end: its button is busy until the end, its error stays until the next run.
 * @param {(...args: any[]) => Promise<void>} act
 * @returns {Task}
 */
export function useTask(act) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const running = useRef(false);
  return {
    busy,
    error,
    clear: () => setError(null),
    run: async (...args) => {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      setError(null);
      try {
        await act(...args);
      } catch (thrown) {
        setError(asApiError(thrown));
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
  };
}

/**
 * @template T
 * @typedef {object} Fetched
 * @property {T | null} value
 * @property {ApiError | null} error
 * @property {() => void} reload keeps the present value on screen meanwhile
 * @property {(value: T) => void} set
 */

/**
 * What `load` gives, fetched when `key` or `news` changes, and again when the phone has been away from the box.
 * @template T
 * @param {string} key another key is another thing: nothing is shown until it is there
 * @param {() => Promise<T>} load
 * @param {string} [news] anything that changes when the thing may have changed: fetched again, shown meanwhile
 * @returns {Fetched<T>}
 */
export function useFetched(key, load, news = "") {
  const [state, setState] = useState(/** @type {{ key: string, value: T | null, error: ApiError | null }} */ ({ key, value: null, error: null }));
  const [round, setRound] = useState(0);
  useEffect(() => {
    let mine = true;
    load().then(
      (value) => { if (mine) setState({ key, value, error: null }); },
      (thrown) => { if (mine) setState((old) => ({ key, value: old.key === key ? old.value : null, error: asApiError(thrown) })); },
    );
    return () => { mine = false; };
  }, [key, round, news, resyncs.value]);
  return {
    value: state.key === key ? state.value : null,
    error: state.error,
    reload: () => setRound((n) => n + 1),
    set: (value) => setState({ key, value, error: null }),
  };
}

/**
 * @param {{ task?: Task, onPress?: () => void, kind?: "primary" | "plain" | "quiet" | "danger", busy?: boolean,
 *   disabled?: boolean, id?: string, label?: string, type?: "button" | "submit", children?: Children }} props
 */
export function Button({ task, onPress, kind = "plain", busy, disabled, id, label, type = "button", children }) {
  const working = busy ?? task?.busy ?? false;
  const press = () => (onPress ? onPress() : void task?.run());
  return html`<button type=${type} id=${id} class="button ${kind}" aria-busy=${working} aria-label=${label}
    disabled=${disabled} onClick=${type === "submit" ? undefined : () => { if (!working) press(); }}>${working
      ? html`<span class="spinner" aria-hidden="true"></span>` : null}<span>${children}</span></button>`;
}

/** The way on that belongs to an error, by the box's code. @type {Record<string, { href: string, words: string }>} */
const WAY_ON = {
  "GW-ACC-02": { href: "#/sign-in", words: "home.sign_in" },
  "GW-ACC-03": { href: "#/sign-in", words: "home.sign_in" },
  "GW-ACC-04": { href: "#/rights", words: "home.to_rights" },
  "GW-DC-08": { href: "#/sign-in", words: "home.sign_in" },
  "GW-DC-06": { href: "#/setup/bind", words: "setup.bind.action" },
  "GW-DC-11": { href: "#/settings/protection", words: "protection.title" },
  "GW-DC-07": { href: "#/setup", words: "setup.sam.action" },
  "GW-DEV-01": { href: "#/settings/readers", words: "readers.title" },
  "GW-LNK-05": { href: "#/settings/roots", words: "roots.title" },
  "GW-REQ-06": { href: "#/settings/datasets", words: "datasets.title" },
};

/**
 * What happened → where the data is → what to do now → code, with the next action as its button (ux §3.7).
 * @param {{ error: ApiError | null, children?: Children }} props
 */
export function ErrorNotice({ error, children }) {
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLElement | null>} */
  const box = useRef(null);
  useLayoutEffect(() => {
    if (error) box.current?.focus();
  }, [error]);
  if (!error) return null;
  const { words, code, field, verbatim, params } = error.body;
  const wayOn = WAY_ON[code];
  return html`<section class="notice error" role="alert" tabindex="-1" ref=${box}>
    <p class="what">${words.what}</p>
    <p>${words.where}</p>
    <p>${words.now}</p>
    ${field ? html`<p>${t("error.field", { field: fieldWords(field) })}</p>` : null}
    ${params["rule"] ? html`<p>${ruleWords(params)}</p>` : null}
    ${verbatim ? html`<blockquote>${t("error.verbatim")}${verbatim}</blockquote>` : null}
    <div class="actions">${children}${wayOn ? html`<a class="button plain" href=${wayOn.href}>${t(wayOn.words)}</a>` : null}</div>
    <div class="notice-foot"><p class="code">${code}</p>${opened() ? html`<a class="button quiet" href="#/help">${t("help.title")}</a>` : null}</div>
  </section>`;
}

/**
 * A field path of the API in words: `content.orders[1].days` → 處方 2 天數.
 * @param {string} path
 */
export function fieldWords(path) {
  return path.split(/[.[\]]+/).filter((part) => part && part !== "content")
    .map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : hasWords(`field.${part}`) ? t(`field.${part}`) : part))
    .join(" ");
}

/**
 * Why a rule refuses a field, where the box names the rule.
 * @param {Record<string, string | number>} params
 */
export function ruleWords(params) {
  const key = `rule.${params["rule"]}`;
  return hasWords(key) ? t(key, params) : "";
}

/** @param {{ kind?: "info" | "warn" | "good", title?: string, children?: Children }} props */
export function Notice({ kind = "info", title, children }) {
  return html`<section class="notice ${kind}">${title ? html`<p class="what">${title}</p>` : null}${children}</section>`;
}

/** @param {{ label: string, hint?: string, id: string, children?: Children }} props */
export function Field({ label, hint, id, children }) {
  return html`<div class="field"><label for=${id}>${label}</label>
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : null}${children}</div>`;
}

/**
 * A row that leads on: label, value, arrow.
 * @param {{ href: string, title: string, detail?: Children, mark?: Children, id?: string }} props
 */
export function RowLink({ href, title, detail, mark, id }) {
  return html`<a class="row" href=${href} id=${id}><span class="row-text"><span class="row-title">${title}</span>
    ${detail ? html`<span class="row-detail">${detail}</span>` : null}</span>${mark}<span class="arrow" aria-hidden="true"></span></a>`;
}

/**
 * A `ref` that tells the style sheet how high a bar is, as `name`, for as long as the bar is there: what gets the focus is scrolled
 * out from under it (WCAG 2.4.11), whatever the bar has to say.
 * @param {string} name
 */
export function heightAs(name) {
  const { style } = document.documentElement;
  /** @type {ResizeObserver | undefined} */
  let observer;
  return (/** @type {HTMLElement | null} */ bar) => {
    observer?.disconnect();
    style.removeProperty(name);
    if (!bar) return;
    observer = new ResizeObserver(() => style.setProperty(name, `${bar.offsetHeight}px`));
    observer.observe(bar);
  };
}

const actionBar = heightAs("--action-bar");

/** Whom to call is told to phones that are paired and open. */
const opened = () => paired.value === "yes" && phoneState.value === "open";

/**
 * One screen: heading, the way to help in the same place on each (WCAG 3.2.6), content, and at most one primary action in reach of the thumb.
 * @param {{ title: string, up?: string, lead?: string, action?: Children, header?: Children, submit?: () => void, children?: Children }} props
 *   `up`: where the way back leads when there is no history; absent on the screens of the bottom bar.
 *   `lead`: stands where the heading does, which is then there for screen readers only.
 *   `submit`: makes the screen one form, whose submit button is the action
 */
export function Screen({ title, up, lead, action, header, submit, children }) {
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLElement | null>} */
  const heading = useRef(null);
  // In the same breath as the screen comes: later it would take the focus from what somebody has begun to type in.
  useLayoutEffect(() => {
    document.title = `${live.value.mode?.training ? `${t("training.mark")} · ` : ""}${title} · visitbridge`;
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  const inside = html`${children}${action ? html`<div class="action-bar" ref=${actionBar}>${action}</div>` : null}`;
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    submit?.();
  };
  return html`<main>
    <div class="screen-head">${up ? html`<button type="button" class="back" aria-label=${t("action.back")} onClick=${() => back(up)}><span aria-hidden="true"></span></button>` : null}
      <h1 tabindex="-1" ref=${heading} class=${lead ? "unseen" : undefined}>${title}</h1>${lead ? html`<p class="hint">${lead}</p>` : null}
      ${opened() ? html`<a class="help-link" href="#/help" aria-label=${t("help.title")}><span aria-hidden="true">?</span></a>` : null}</div>
    ${header}${submit ? html`<form onSubmit=${onSubmit}>${inside}</form>` : inside}
  </main>`;
}

/** Grey lines while something loads. */
export function Loading() {
  return html`<div class="loading" aria-hidden="true"><i></i><i></i><i></i></div>`;
}
