/** An item of a list that goes when it is drawn to the left: a shortcut beside its visible delete button (M22). */
import { html } from "../lib/htm-preact.js";
import { useRef } from "../lib/preact-hooks.js";

const FAR_PX = 96;

/**
 * @param {{ remove: () => void, disabled: boolean, name: string, value: string, children?: import("../lib/preact.js").ComponentChildren }} props
 *   `name`, `value`: a data attribute that tells the item from others
 */
export function SwipeItem({ remove, disabled, name, value, children }) {
  /** @type {import("../lib/preact-hooks.js").MutableRef<{ x: number, y: number, dx: number } | null>} */
  const drag = useRef(null);
  /** @param {any} event */
  const place = (event, dx = 0) => { event.currentTarget.style.transform = dx ? `translateX(${dx}px)` : ""; };
  /** @param {any} event */
  const start = (event) => {
    const touch = event.touches[0];
    drag.current = disabled || event.touches.length > 1 ? null : { x: touch.clientX, y: touch.clientY, dx: 0 };
  };
  /** @param {any} event */
  const move = (event) => {
    if (!drag.current) return;
    const touch = event.touches[0];
    const dx = Math.min(0, touch.clientX - drag.current.x);
    if (Math.abs(touch.clientY - drag.current.y) > Math.abs(dx)) return;
    drag.current.dx = dx;
    place(event, dx);
  };
  /** @param {any} event */
  const end = (event) => {
    const far = (drag.current?.dx ?? 0) < -FAR_PX;
    drag.current = null;
    place(event);
    if (far) remove();
  };
  return html`<li class="item" ...${{ [`data-${name}`]: value }} onTouchStart=${start} onTouchMove=${move} onTouchEnd=${end} onTouchCancel=${end}>${children}</li>`;
}
