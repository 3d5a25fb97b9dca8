// graphql-http's server audits against the server named on the command line: node audits.mjs URL
// Prints one JSON line: every audit's id, name and status ("ok", "notice", "warn" or "error").
import { serverAudits } from "graphql-http";

const url = process.argv[2];
const results = [];
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const result = await audit.fn();
  results.push({
    id: audit.id,
    name: audit.name,
    status: result.status,
    reason: "reason" in result ? result.reason : null,
  });
}
process.stdout.write(JSON.stringify(results) + "\n");
