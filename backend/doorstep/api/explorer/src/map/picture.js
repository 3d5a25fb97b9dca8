// What `roundsOnMap` answers, sorted for drawing: the ground, the couriers with their rounds, and what
// is on nobody's round.

const GROUND = ["COAST", "AREA", "OUTLET"];
const GOLDEN_ANGLE = 137.508;
const TIGHT_MS = 15 * 60 * 1000;
const OVER = ["DONE", "FAILED"];
const MAY_MOVE = ["BOOKED", "ASSIGNED"];

/** GeoJSON says longitude first, Leaflet latitude first. */
const turned = ([longitude, latitude]) => [latitude, longitude];

/** Neighbours on the list are far apart on the colour wheel. */
function colourOf(index) {
  return `hsl(${Math.round((205 + index * GOLDEN_ANGLE) % 360)} 62% 40%)`;
}

export function read({ features }) {
  const of = (layer) => features.filter(({ properties }) => properties.layer === layer);
  const lines = new Map(of("ROUND").map((each) => [each.properties.courierId, each.geometry]));
  const stops = of("STOP").map(stopOf);
  const couriers = of("COURIER")
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .map(({ id, geometry, properties }, index) => ({
      ...properties,
      id,
      colour: colourOf(index),
      where: turned(geometry.coordinates),
      line: lines.get(id)?.coordinates.map(turned) ?? [],
      stops: stops.filter(({ courierId }) => courierId === id),
    }));
  return {
    ground: features.filter(({ properties }) => GROUND.includes(properties.layer)),
    couriers: couriers.toSorted((one, other) => other.stops.length - one.stops.length),
    unassigned: of("UNASSIGNED").map(stopOf),
  };
}

function stopOf({ geometry, properties }) {
  return {
    state: "UNASSIGNED",
    ...properties,
    where: turned(geometry.coordinates),
    mayMove: MAY_MOVE.includes(properties.status),
    mood: moodOf(properties),
  };
}

/** How a stop is coloured: whether it is over, late, about to be late, or on time. */
function moodOf({ state, eta, windowEnd, lateMinutes }) {
  if (OVER.includes(state)) return "done";
  if (lateMinutes > 0) return "late";
  const left = new Date(windowEnd) - new Date(eta ?? Date.now());
  return left < TIGHT_MS ? "tight" : "fine";
}
