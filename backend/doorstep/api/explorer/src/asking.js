// How GraphiQL's questions reach the house: by a line, with the examples' words filled in.

import { getOperationAST, parse } from "graphql";

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
