// The examples' variables hold words in braces, such as "{tomorrow}" or "{appointment}". Each is
// looked up at the moment of asking, so an example that is opened today still runs next week.

import { key } from "./key.js";

const ZONE = "Asia/Shanghai";
const DAY = 24 * 60 * 60 * 1000;
const DAYS_AHEAD = 8;
const DEMO_CODE = "000000";
const REQUEST_CODE = `mutation ($phone: String!) {
  requestSignInCode(input: { phone: $phone }) { __typename }
}`;

/** A local day as YYYY-MM-DD, counted from today. */
function day(ahead) {
  return new Date(Date.now() + ahead * DAY).toLocaleDateString("sv-SE", { timeZone: ZONE });
}

function orElse(found, whatToDo) {
  if (found === undefined || found === null) throw new Error(whatToDo);
  return found;
}

/** What the words mean. Each may ask the house: `ask` runs an operation with its own example. */
const MEANINGS = {
  today: () => day(0),
  tomorrow: () => day(1),
  now: () => new Date().toISOString(),
  "in two hours": () => new Date(Date.now() + DAY / 12).toISOString(),
  "in five days": () => new Date(Date.now() + 5 * DAY).toISOString(),
  key,

  address: async (ask) => (await homeOf(ask)).id,
  "spare address": async (ask) => (await spareOf(ask)).id,
  "spare address version": async (ask) => (await spareOf(ask)).version,

  slot: async (ask) => (await openSlots(ask))[0].id,
  "another slot": async (ask) => (await openSlots(ask)).at(-1).id,
  hold: async (ask, seen) => {
    const held = seen.holdSlot ?? (await ask("HoldSlot"));
    return orElse(held.hold?.id, held.message);
  },

  appointment: async (ask) => (await appointmentOf(ask)).id,
  "appointment version": async (ask) => (await appointmentOf(ask)).version,

  "visit that left something": async (ask) => (await leavingSomething(ask)).id,
  "slot for what it left": async (ask) => {
    const { id } = await leavingSomething(ask);
    const { address, lines } = await ask("Appointment", { id });
    const services = [...new Set(lines.map(({ kind }) => kind))];
    return (await openSlots(ask, { addressId: address.id, services }))[0].id;
  },

  waiting: async (ask) => (await inBranch(ask, "BOOKED")).id,
  "waiting version": async (ask) => (await inBranch(ask, "BOOKED")).version,
  assigned: async (ask) => (await inBranch(ask, "ASSIGNED")).id,
  "assigned version": async (ask) => (await inBranch(ask, "ASSIGNED")).version,

  "customer's address": async (ask) => (await customersHome(ask)).id,
  "customer's slot": async (ask) => {
    const { id } = await customersHome(ask);
    return (await openSlots(ask, { addressId: id }))[0].id;
  },

  stop: async (ask) => (await stopOf(ask)).appointment.id,

  code: async (ask, seen, say) => {
    await say(REQUEST_CODE, { phone: "+8613900000001" });
    return DEMO_CODE;
  },
  "refresh token": async (ask) => (await ask("SignIn")).session.refreshToken,
};

// Address books list the newest first: home is the oldest, and what may go is the newest.
async function homeOf(ask) {
  const addresses = await ask("MyAddresses");
  return orElse(addresses.at(-1), "Save an address first: yours is an empty book.");
}

async function spareOf(ask) {
  const addresses = await ask("MyAddresses");
  return orElse(addresses.slice(0, -1)[0], "Save a second address first, to have one to spare.");
}

async function customersHome(ask) {
  const { addresses } = await ask("Customer");
  return orElse(addresses.at(-1), "The customer has no address yet: save one for them first.");
}

async function openSlots(ask, more) {
  const open = (await ask("Slots", { days: DAYS_AHEAD, ...more })).filter((slot) => slot.open);
  orElse(open[0], "No slot is open in the days to come.");
  return open;
}

async function appointmentOf(ask) {
  const mine = await ask("MyAppointments", { first: 1, status: ["BOOKED", "ASSIGNED"] });
  return orElse(mine.edges[0]?.node, "Book an appointment first: none of yours is open.");
}

async function leavingSomething(ask) {
  const mine = await ask("MyAppointments", { first: 1, status: ["PARTLY_COMPLETED", "FAILED"] });
  return orElse(mine.edges[0]?.node, "No visit of yours has left anything undone.");
}

async function inBranch(ask, status) {
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
    const found = await ask("BranchAppointments", { day: day(ahead), status: [status] });
    if (found.edges.length) return found.edges[0].node;
  }
  throw new Error(
    status === "BOOKED"
      ? "No appointment waits for a courier: become the customer and book one."
      : "No appointment has a courier: assign one first.",
  );
}

async function stopOf(ask) {
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
    const { stops } = await ask("MyRound", { day: day(ahead) });
    const open = stops.find(({ state }) => ["OFFERED", "ACCEPTED"].includes(state));
    if (open) return open;
  }
  throw new Error("No stop is yours: as the dispatcher, assign an appointment to courier 1.");
}

/**
 * Puts values in place of the words in braces, wherever they stand in `variables`.
 * `run.named(name, variables)` and `run.text` answer with an operation's one field; `seen` holds the last answer of
 * every field that was asked for by hand.
 */
export function filler(run, examples, seen) {
  const ask = async (name, more) => run.named(name, await fill({ ...examples[name], ...more }));

  async function fill(value) {
    if (typeof value === "string") return fillText(value);
    if (Array.isArray(value)) return Promise.all(value.map(fill));
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value).map(async ([name, each]) => [name, await fill(each)]);
    return Object.fromEntries(await Promise.all(entries));
  }

  async function fillText(text) {
    const word = /^\{(.+)\}$/.exec(text)?.[1];
    return word && Object.hasOwn(MEANINGS, word) ? MEANINGS[word](ask, seen, run.text) : text;
  }

  return fill;
}
