// What makes a request the same request when it is sent again.

/** The client's name for one effect; crypto.randomUUID is not there on plain http. */
export function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `key_${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
