// What opens at a stop: its code, window and ETA, and for whoever does not drag, a list of couriers.

import { el } from "./el.js";

const row = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

export function cardOf(stop, { say, couriers, give }) {
  const holder = couriers.find(({ id }) => id === stop.courierId);
  return el(
    "div",
    { className: "card" },
    el("h3", {}, stop.reference),
    el(
      "dl",
      {},
      row(say("window"), `${say.time(stop.windowStart)}–${say.time(stop.windowEnd)}`),
      stop.eta ? row(say("eta"), say.time(stop.eta), lateness(stop, say)) : null,
      row(say("state"), say(stop.state)),
      holder ? row(say("courier"), holder.name) : null,
    ),
    stop.mayMove ? mover(stop, { say, couriers, give }) : el("p", {}, say("frozen")),
  );
}

function lateness({ lateMinutes }, say) {
  return lateMinutes ? el("b", {}, ` ${say("minutesLate", lateMinutes)}`) : null;
}

function mover(stop, { say, couriers, give }) {
  // What is only offered is nobody's yet: whoever is asked may be named, too.
  const others = couriers.filter(({ id }) => stop.status === "BOOKED" || id !== stop.courierId);
  const choice = el(
    "select",
    { required: true },
    el("option", { value: "" }, say("choose")),
    ...others.map(({ id, name }) => el("option", { value: id }, name)),
  );
  const form = el(
    "form",
    {},
    el("label", {}, say("moveTo"), " ", choice),
    el("button", { type: "submit" }, say("move")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    give(stop, choice.value);
  });
  return form;
}
