// The map itself, drawn from our own data alone: no tiles, nobody else's server.
//
// A stop stands at its door and nowhere else, or just beside those that stand there too: wherever it
// is dropped, it goes back, and what changes is whose colour it has.

import {
  control,
  divIcon,
  geoJSON,
  latLngBounds,
  layerGroup,
  map,
  marker,
  polyline,
} from "leaflet/dist/leaflet-src.esm.js";

import { el } from "./el.js";
import { Room } from "./room.js";

const NEAR = 20;
const REACH = 36;
const APART = 26;
const ABOVE = { COURIER: 1000, STOP: 2000, UNASSIGNED: 1500 };

export class Board {
  /** `heard` has `drop(stop, courierId)`, `aim(courierId or null)` and `card(stop)`. */
  constructor(place, heard) {
    this.heard = heard;
    this.map = map(place, {
      attributionControl: false,
      zoomControl: false,
      zoomSnap: 0.25,
      maxZoom: 19,
    });
    this.map.setView([0, 0], 2);
    this.zoom = control.zoom();
    this.map.createPane("ground").style.zIndex = 350;
    this.ground = layerGroup().addTo(this.map);
    this.lines = new Map();
    this.pins = new Map();
    this.held = null;
    this.map.on("zoomend", () => this.#spread());
    this.map.on("popupopen", ({ popup }) => popup.getElement().querySelector("select")?.focus());
  }

  remove() {
    this.map.remove();
  }

  /** Shows a picture; `chosen` is the courier who stands out, if one does. */
  show({ ground, couriers, unassigned }, { say, chosen }) {
    this.#ground(ground, say);
    const lines = couriers.filter(({ line }) => line.length);
    this.#keep(this.lines, lines, (each, old) => this.#line(each, old));
    const colours = new Map(couriers.map(({ id, colour }) => [id, colour]));
    const stops = [...couriers.flatMap((each) => each.stops), ...unassigned];
    const pins = [
      ...couriers.map((each) => ({ ...each, key: each.id, face: () => vehicle(each) })),
      ...stops.map((each) => ({
        ...each,
        key: each.appointmentId,
        colour: colours.get(each.courierId),
        face: () => door(each, colours.get(each.courierId), say),
      })),
    ].map((each) => ({ ...each, title: titleOf(each, say) }));
    this.#keep(this.pins, pins, (each, old) => this.#pin(each, old));
    this.#spread();
    this.#dim(chosen);
  }

  /** Brings into sight where there is something to do, or the areas on a day without. */
  fit({ ground, couriers, unassigned }) {
    const spots = [...couriers.flatMap(({ line }) => line), ...unassigned.map(({ where }) => where)];
    const areas = geoJSON(ground.filter(({ properties }) => properties.layer === "AREA"));
    const bounds = spots.length ? latLngBounds(spots) : areas.getBounds();
    const look = { padding: [60, 60], maxZoom: 16, animate: false };
    if (bounds.isValid()) this.map.fitBounds(bounds, look);
  }

  /** Opens a stop, wherever it lies. */
  open(appointmentId) {
    const pin = this.pins.get(appointmentId);
    if (!pin) return;
    this.map.panInside(pin.getLatLng(), { padding: [80, 80], animate: false });
    pin.openPopup();
  }

  close() {
    this.map.closePopup();
  }

  // ------------------------------------------------------------ drawing

  #ground(features, say) {
    const [zoomIn, zoomOut] = [say("zoomIn"), say("zoomOut")];
    const sign = JSON.stringify([features, zoomIn]);
    if (sign === this.groundSign) return;
    this.groundSign = sign;
    this.ground.clearLayers();
    geoJSON(features, {
      pane: "ground",
      style: ({ properties }) => ({ className: properties.layer.toLowerCase(), interactive: false }),
      pointToLayer: ({ properties }, where) =>
        marker(where, { pane: "markerPane", icon: outlet(), title: properties.name, keyboard: false }),
      onEachFeature: ({ properties }, layer) => {
        if (properties.layer !== "AREA") return;
        layer.bindTooltip(properties.name, {
          permanent: true,
          direction: "center",
          className: "area-name",
        });
      },
    }).addTo(this.ground);
    this.zoom.remove();
    this.zoom = control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(this.map);
  }

  /** Draws what is new or changed, and takes away what is gone; the rest keeps its popup and focus. */
  #keep(drawn, wanted, draw) {
    const keys = new Set(wanted.map(({ key, id }) => key ?? id));
    for (const [key, layer] of drawn) {
      if (!keys.has(key)) {
        layer.remove();
        drawn.delete(key);
      }
    }
    for (const each of wanted) {
      const key = each.key ?? each.id;
      if (key === this.held) continue;
      const old = drawn.get(key);
      const sign = JSON.stringify(each);
      if (old?.sign === sign) continue;
      const layer = draw(each, old);
      layer.sign = sign;
      drawn.set(key, layer);
    }
  }

  #line({ line, colour }, old) {
    if (old) return old.setLatLngs(line).setStyle({ color: colour });
    const look = { className: "round", color: colour, weight: 4, opacity: 0.8, interactive: false };
    return polyline(line, look).addTo(this.map);
  }

  #pin(about, old) {
    const icon = divIcon({ html: about.face(), className: "pin", iconSize: [28, 28] });
    const { title } = about;
    if (old) {
      Object.assign(old.options, { title });
      old.about = about;
      old.setIcon(icon);
      this.#grip(old);
      if (about.layer === "COURIER") old.setLatLng(about.where);
      if (old.isPopupOpen()) old.getPopup().update();
      return old;
    }
    const drawn = marker(about.where, { icon, title, zIndexOffset: ABOVE[about.layer] });
    drawn.about = about;
    drawn.addTo(this.map);
    if (about.layer === "COURIER") return drawn;
    drawn.bindPopup(() => this.heard.card(drawn.about), { minWidth: 220 });
    this.#grip(drawn);
    drawn.on("dragstart", () => {
      this.held = drawn.about.key;
      this.close();
    });
    drawn.on("drag", ({ originalEvent }) => {
      drawn.pointer = originalEvent.touches?.[0] ?? originalEvent;
      this.heard.aim(this.#aimedBy(drawn));
    });
    drawn.on("dragend", () => this.#dropped(drawn));
    return drawn;
  }

  /** Stops that would cover each other or a vehicle step aside. Vehicles stand where they are. */
  #spread() {
    const pins = [...this.pins.values()].filter(({ about }) => about.key !== this.held);
    const vehicles = pins.filter(({ about }) => about.layer === "COURIER");
    const stops = pins.filter(({ about }) => about.layer !== "COURIER");
    const room = new Room(APART);
    for (const { about } of vehicles) {
      const middle = this.map.latLngToLayerPoint(about.where);
      for (const beside of [-APART, 0, APART]) room.take(middle.add([beside, 0]));
    }
    for (const pin of stops) {
      const spot = room.takeNear(this.map.latLngToLayerPoint(pin.about.where));
      pin.stands = this.map.layerPointToLatLng(spot);
      if (!pin.getLatLng().equals(pin.stands)) pin.setLatLng(pin.stands);
    }
  }

  #grip(pin) {
    if (pin.about.mayMove) pin.dragging?.enable();
    else pin.dragging?.disable();
  }

  #dim(chosen) {
    const dull = (layer, whose) =>
      layer.getElement()?.classList.toggle("dull", Boolean(chosen) && whose !== chosen);
    for (const [courierId, line] of this.lines) dull(line, courierId);
    for (const pin of this.pins.values()) dull(pin, pin.about.courierId);
  }

  // ------------------------------------------------------------ dragging

  #dropped(pin) {
    const to = this.#aimedBy(pin);
    this.held = null;
    this.heard.aim(null);
    pin.setLatLng(pin.stands);
    if (to) this.heard.drop(pin.about, to);
  }

  /** Whom the stop would go to, were it dropped here: null if to nobody, or to who has it. */
  #aimedBy(pin) {
    const { clientX, clientY } = pin.pointer;
    const entry = document
      .elementsFromPoint(clientX, clientY)
      .map((each) => each.closest("[data-courier]"))
      .find(Boolean);
    const to = entry ? entry.dataset.courier : this.#nearestTo(pin);
    return to === pin.about.courierId ? null : to;
  }

  /** Whose round lies there: a vehicle or a door says more than a line, which may cross others. */
  #nearestTo(pin) {
    const here = this.map.latLngToLayerPoint(pin.getLatLng());
    const from = (where) => here.distanceTo(this.map.latLngToLayerPoint(where));
    const own = pin.about.courierId;
    if (from(pin.stands) <= NEAR) return null;
    const spots = [...this.pins.values()]
      .map((each) => [from(each.getLatLng()), each.about.courierId])
      .filter(([, whose]) => whose && whose !== own);
    const lines = [...this.lines].map(([whose, line]) => [
      line.closestLayerPoint(here)?.distance ?? Infinity,
      whose,
    ]);
    return closest(spots, NEAR) ?? closest(lines, REACH);
  }
}

/** Of [distance, whose]: whose is the nearest within reach, if one is. */
function closest(far, reach) {
  const [nearest] = far.filter(([distance]) => distance <= reach).sort(([a], [b]) => a - b);
  return nearest?.[1] ?? null;
}

// ------------------------------------------------------------ what stands on it

function door({ position, mood, lateMinutes }, colour, say) {
  const face = el("span", { className: `door ${mood}` }, String(position ?? "?"));
  if (colour) face.style.setProperty("--courier", colour);
  if (lateMinutes > 0) {
    face.append(el("b", { title: say("minutesLate", lateMinutes) }, `+${lateMinutes}′`));
  }
  return face;
}

function vehicle({ name, colour, live }) {
  const face = el("span", { className: live ? "courier live" : "courier" }, name);
  face.style.setProperty("--courier", colour);
  return face;
}

function outlet() {
  return divIcon({ html: el("span", {}, "邮"), className: "outlet", iconSize: [20, 20] });
}

function titleOf(about, say) {
  if (about.layer === "COURIER") {
    const at = about.seenAt && say.time(about.seenAt);
    const seen = about.live ? say("here", at) : at ? say("wasHere", at) : say("station");
    return `${about.name} · ${seen}`;
  }
  const window = `${say.time(about.windowStart)}–${say.time(about.windowEnd)}`;
  const late = about.lateMinutes > 0 ? ` · ${say("minutesLate", about.lateMinutes)}` : "";
  return `${about.reference} · ${window} · ${say(about.state)}${late}`;
}
