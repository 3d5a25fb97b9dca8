// Room on the map, so that what stands there covers nothing else.

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
const TRIES = 80;

/** Where to look, farther and farther out: a sunflower's seeds. */
const SEEDS = Array.from({ length: TRIES }, (_, seed) => {
  const [far, turn] = [0.6 * Math.sqrt(seed), seed * GOLDEN_ANGLE];
  return { x: far * Math.cos(turn), y: far * Math.sin(turn) };
});

/** Spots in pixels, of which any two are `apart`; they are kept by cells of that size. */
export class Room {
  constructor(apart) {
    this.apart = apart;
    this.cells = new Map();
  }

  take({ x, y }) {
    const cell = this.#cell(x, y);
    this.cells.set(cell, [...(this.cells.get(cell) ?? []), { x, y }]);
  }

  /** Takes the free spot that is nearest to `home`; where there is none about, `home` itself. */
  takeNear(home) {
    const spots = SEEDS.map(({ x, y }) => home.add([x * this.apart, y * this.apart]));
    const found = spots.find((spot) => this.#isFree(spot)) ?? home;
    this.take(found);
    return found;
  }

  #isFree({ x, y }) {
    const beside = [-this.apart, 0, this.apart];
    return beside.every((right) =>
      beside.every((down) =>
        (this.cells.get(this.#cell(x + right, y + down)) ?? []).every(
          (other) => Math.hypot(other.x - x, other.y - y) >= this.apart,
        ),
      ),
    );
  }

  #cell(x, y) {
    return `${Math.floor(x / this.apart)} ${Math.floor(y / this.apart)}`;
  }
}
