// The dispatcher's questions, under the names that the apps know them by, in the page's language.

import { key } from "../key.js";
import { lineFor } from "../line.js";
import { LOCALES } from "./words.js";

const NOT_TAKEN_YET = "BOOKED";

export function deskFor({ token, operations, language }) {
  const line = lineFor(token);
  const documents = new Map(operations.map(({ name, document }) => [name, document]));

  async function ask(name, variables) {
    const said = { "accept-language": LOCALES[language] };
    const { data, errors } = await line.post({ query: documents.get(name), variables }, said);
    if (errors) throw new Error(errors[0].message);
    return Object.values(data)[0];
  }

  /** Gives a stop to a courier: undefined, or in words why not. A lost answer is asked for again. */
  async function give(stop, courierId) {
    const name = stop.status === NOT_TAKEN_YET ? "AssignAppointment" : "ReassignAppointment";
    const { appointmentId, version: expectedVersion } = stop;
    const input = { idempotencyKey: key(), appointmentId, expectedVersion, courierId };
    const told = await ask(name, { input }).catch((error) => {
      if (!(error instanceof TypeError)) throw error;
      return ask(name, { input });
    });
    if (told.__typename === "AppointmentAssigned") return undefined;
    return told.message ?? told.problems[0].message;
  }

  return {
    branches: () => ask("MyBranches"),
    picture: (branchId, day) => ask("RoundsOnMap", { branchId, day }),
    feed: (branchId) =>
      line.follow({ query: documents.get("BranchFeed"), variables: { branchId } }),
    give,
    close: line.close,
  };
}
