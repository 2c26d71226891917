// The zoom of a picture by wheel, two fingers, double click and keys; one pointer moves it. The picture is only transformed, so it goes on.

const MOST = 8;

export class Zoom {
  scale = 1;
  #x = 0;
  #y = 0;
  /** @type {Map<number, {x: number, y: number}>} */
  #pointers = new Map();
  #moved = 0;

  /** @param {HTMLElement} surface what is touched @param {() => HTMLElement | null} picture */
  constructor(surface, picture) {
    this.surface = surface;
    this.picture = picture;
    new ResizeObserver(() => { if (this.scale > 1) this.apply(); }).observe(surface);
    surface.addEventListener("wheel", (wheel) => {
      wheel.preventDefault();
      this.by(Math.exp(-wheel.deltaY * 0.002), this.#local(wheel));
    }, { passive: false });
    surface.addEventListener("dblclick", (click) => (this.scale > 1 ? this.reset() : this.by(2.5, this.#local(click))));
    surface.addEventListener("pointerdown", (pointer) => this.#down(pointer));
    surface.addEventListener("pointermove", (pointer) => this.#move(pointer));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      surface.addEventListener(name, (pointer) => this.#pointers.delete(pointer.pointerId));
    }
  }

  /** Whether the last press moved the picture, so that its click means nothing else. */
  get wasMoved() {
    return this.#moved > 6;
  }

  /** @param {{clientX: number, clientY: number}} point */
  #local({ clientX, clientY }) {
    const { left, top } = this.surface.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /** Zooms so that a point stays where it is; by default the centre. @param {number} factor @param {{x: number, y: number}} [point] */
  by(factor, point = { x: this.surface.clientWidth / 2, y: this.surface.clientHeight / 2 }) {
    const scale = Math.min(MOST, Math.max(1, this.scale * factor));
    this.#x = point.x - ((point.x - this.#x) * scale) / this.scale;
    this.#y = point.y - ((point.y - this.#y) * scale) / this.scale;
    this.scale = scale;
    this.apply();
  }

  /** Shows the whole picture; returns whether it was zoomed. */
  reset() {
    const was = this.scale > 1;
    this.scale = 1;
    this.apply();
    return was;
  }

  /** Transforms the picture, whose edges stay outside of the surface. */
  apply() {
    const { clientWidth, clientHeight } = this.surface;
    this.#x = Math.min(0, Math.max(clientWidth * (1 - this.scale), this.#x));
    this.#y = Math.min(0, Math.max(clientHeight * (1 - this.scale), this.#y));
    const picture = this.picture();
    if (picture) {
      picture.style.transformOrigin = "0 0";
      picture.style.transform = this.scale > 1 ? `translate(${this.#x}px, ${this.#y}px) scale(${this.scale})` : "";
    }
    this.surface.style.touchAction = this.scale > 1 ? "none" : "pan-y";
  }

  /** @param {PointerEvent} pointer */
  #down(pointer) {
    if (pointer.button) return;
    if (!this.#pointers.size) this.#moved = 0;
    this.#pointers.set(pointer.pointerId, this.#local(pointer));
  }

  /** @param {PointerEvent} pointer */
  #move(pointer) {
    const before = this.#pointers.get(pointer.pointerId);
    if (!before) return;
    const now = this.#local(pointer);
    const other = [...this.#pointers].find(([id]) => id !== pointer.pointerId)?.[1];
    this.#pointers.set(pointer.pointerId, now);
    this.#moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (this.wasMoved && this.scale > 1) this.surface.setPointerCapture(pointer.pointerId);
    const [dx, dy] = other ? [(now.x - before.x) / 2, (now.y - before.y) / 2] : [now.x - before.x, now.y - before.y];
    this.#x += dx;
    this.#y += dy;
    const distance = (/** @type {{x: number, y: number}} */ a) => (other ? Math.max(1, Math.hypot(a.x - other.x, a.y - other.y)) : 1);
    this.by(distance(now) / distance(before), other ? { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 } : undefined);
  }
}
