// A graphql-ws client: node subscribe.mjs WS_URL QUERY [TOKEN]
// Prints one JSON line: what the subscription sent until it completed.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query, token] = process.argv.slice(2);
const connectionParams = token ? { Authorization: `Bearer ${token}` } : {};
const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
const received = [];
for await (const result of client.iterate({ query })) received.push(result);
await client.dispose();
process.stdout.write(JSON.stringify(received) + "\n");
