// A line to the house: fetch for queries and mutations, graphql-ws for subscriptions, both with the
// token of whoever you are.

import { createClient } from "graphql-ws";

const ENDPOINT = "/graphql";

/** A line to the house for the owner of `token`; null speaks for nobody. */
export function lineFor(token) {
  const said = token ? { Authorization: `Bearer ${token}` } : {};
  const url = new URL(ENDPOINT, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = createClient({ url: url.href, connectionParams: said, retryAttempts: 5 });

  async function post(body, headers = {}) {
    const answer = await fetch(ENDPOINT, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json, application/json",
        "content-type": "application/json",
        ...said,
        ...headers,
      },
      body: JSON.stringify(body),
    });
    return answer.json();
  }

  return { post, follow: (body) => socket.iterate(body), close: () => socket.dispose() };
}
