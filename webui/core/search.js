/** When a query is long enough to be worth asking: one Chinese character, or two Latin letters or digits. */

const CJK = /[\u2E80-\u2FDF\u3400-\u9FFF\uF900-\uFAFF]|[\uD840-\uD8BF][\uDC00-\uDFFF]/;

/** @param {string} query */
export function longEnough(query) {
  const text = query.trim();
  return text.length >= 2 || CJK.test(text);
}
