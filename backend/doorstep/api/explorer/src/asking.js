// How questions reach the house: fetch for queries and mutations, graphql-ws for subscriptions,
// both with the token of whoever you are.

import { getOperationAST, parse } from "graphql";
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

/**
 * GraphiQL's fetcher over a line. `fill` puts today's values into the variables first, `see` is
 * shown what came.
 */
export function fetcherOver(line, fill, see) {
  return async ({ query, variables, operationName }, { headers } = {}) => {
    const document = parse(query);
    const operation = getOperationAST(document) ?? getOperationAST(document, operationName);
    const body = { query, operationName: operation?.name?.value ?? operationName };
    if (variables) body.variables = await fill(variables);
    if (operation?.operation === "subscription") return line.follow(body);
    const answer = await line.post(body, headers);
    see(answer.data ?? {});
    return answer;
  };
}
