// Who somebody is: what this server says of it.

import { lineFor } from "./line.js";

/** What lies at one of our own paths, as JSON. */
export async function jsonAt(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/** A fresh token for a person of the demo; nobody has none. */
export async function personOf(role, operations) {
  if (role === "nobody") return { role, token: null };
  const { token } = await jsonAt(`/demo/become/${role}`, { method: "POST" });
  const { document } = operations.find((each) => each.name === "Me");
  const { data } = await lineFor(token).post({ query: document });
  return { role, token, name: data?.me?.displayName };
}
