/** What becomes an order, and how (M09, M11, M12). Pure. */
import { computedTotal } from "./dose.js";

/** @typedef {import("./types").Order} Order */
/** @typedef {import("./types").Hit} Hit */

/** Categories of orders (M09), in the order of their tabs; the kind that a data set's rows become. @type {Record<string, Order["kind"] | "">} */
export const CATEGORIES = {
  packages: "", drugs: "drug", materials: "material", fees: "service", tests: "test", self_paid: "self_paid", controlled: "controlled",
};

/** The data set that an order of a kind comes from. @type {Partial<Record<Order["kind"], string>>} */
export const DATASETS = Object.fromEntries(Object.entries(CATEGORIES).filter(([, kind]) => kind).map(([dataset, kind]) => [kind, dataset]));

/** @type {Order} */
const BLANK = {
  kind: "drug", code: "", name: "", dose: 0, frequency: "", route: "", days: 0, total: 0, total_overridden: false, chronic: false,
  refills: 0, price: 0, note: "", self_entered: false, own_code: "", long_term: false, percentage: 100,
};

/** What an ordinary prescription is for at most; a supply for longer is one for a chronic illness. */
const ORDINARY_DAYS = 7;

/**
 * An order with the defaults of its kind: a medicine's total follows from dose, frequency and days, other things are one.
 * @param {Partial<Order> & { kind: Order["kind"] }} given
 * @returns {Order}
 */
export function newOrder(given) {
  const order = { ...BLANK, ...(given.kind === "drug" ? { dose: 1 } : { total: 1 }), ...given };
  if (order.kind === "drug" && !order.chronic && order.days > ORDINARY_DAYS) order.long_term = true;
  return given.total === undefined ? { ...order, total: computedTotal(order) ?? order.total } : order;
}

/**
 * The order that a row of a data set becomes, with its presets (M11).
 * @param {Order["kind"]} kind
 * @param {Hit} hit
 */
export function orderOf(kind, hit) {
  const preset = hit.attributes;
  const number = (/** @type {string} */ name) => (preset[name] === undefined ? {} : { [name]: Number(preset[name]) });
  return newOrder({
    kind, code: hit.code, name: hit.name_zh || hit.name_en, ...number("price"),
    ...(kind === "drug" || kind === "self_paid" ? { ...number("dose"), ...number("days"), frequency: preset["frequency"] ?? "", route: preset["route"] ?? "" } : {}),
    ...(kind === "drug" && Number(preset["refills"]) > 1 ? { chronic: true, ...number("refills") } : {}),
  });
}

/**
 * What a 套餐 adds: diagnoses and orders, written as JSON in its row's attributes, with the defaults of their kinds.
 * @param {Hit} hit
 * @returns {{ diagnoses: import("./types").Diagnosis[], orders: Order[] }}
 */
export function packageOf(hit) {
  const list = (/** @type {string} */ name) => /** @type {any[]} */ (JSON.parse(hit.attributes[name] ?? "[]"));
  return {
    diagnoses: list("diagnoses").map((one) => ({ code: one.code, name_zh: one.name_zh ?? "", name_en: one.name_en ?? "" })),
    orders: list("orders").map(newOrder),
  };
}

/** Controlled drugs are not issued here; a data set may mark the class of each (M10). @param {Hit} hit */
export const isControlled = (hit) => Boolean(hit.attributes["controlled"]);
