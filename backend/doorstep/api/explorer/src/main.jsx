// Doorstep's explorer: GraphiQL, the apps' operations beside it, and who you are above it.

import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

import { fetcherOver } from "./asking.js";
import { jsonAt, personOf } from "./being.js";
import { filler } from "./examples.js";
import { lineFor } from "./line.js";
import { Bar } from "./people.jsx";
import { shelfOf } from "./shelf.jsx";
import { remember, remembered, storageOf } from "./storage.js";
import "./style.css";

globalThis.MonacoEnvironment = {
  getWorker(_module, label) {
    return new Worker(`/explorer/assets/${WORKERS[label] ?? WORKERS.editorWorkerService}`);
  },
};

const FIRST_TABS = { app: "customer", tabs: ["SignIn", "RequestSignInCode"] };
const WELCOME = `# Welcome to Doorstep's explorer: run this with the triangle, or Ctrl-Enter.
# On the left lie the operations that the apps send; each opens in a tab of its own.

`;

/** Runs a document, or an operation by its name: each answers with its one field. */
function runnerOver(line, operations) {
  async function text(document, variables) {
    const { data, errors } = await line.post({ query: document, variables });
    if (errors) throw new Error(errors[0].message);
    return Object.values(data)[0];
  }
  const documents = new Map(operations.map(({ name, document }) => [name, document]));
  return { text, named: (name, variables) => text(documents.get(name), variables) };
}

function Explorer({ operations, demo, me, schema, setSchema }) {
  const [desk] = useState(() => {
    const person = demo?.people.find(({ role }) => role === me.role) ?? FIRST_TABS;
    const examples = demo?.examples ?? {};
    const tabOf = ({ name, document }) => ({
      title: name,
      query: document,
      variables: examples[name] ? JSON.stringify(examples[name], null, 2) : "",
    });
    const tabs = person.tabs.map((name) => tabOf(operations.find((each) => each.name === name)));
    tabs[0].query = WELCOME + tabs[0].query;
    const shelf = shelfOf({ operations, app: person.app, tabOf, demo });
    return { examples, tabs, shelf, plugins: [shelf], storage: storageOf(me.role, tabs[0]) };
  });
  const line = useMemo(() => lineFor(me.token), [me.token]);
  useEffect(() => () => void line.close(), [line]);
  const fetcher = useMemo(() => {
    const seen = {};
    const fill = filler(runnerOver(line, operations), desk.examples, seen);
    return fetcherOver(line, fill, (data) => Object.assign(seen, data));
  }, [line, operations, desk]);
  return (
    <GraphiQL
      fetcher={fetcher}
      schema={schema}
      onSchemaChange={setSchema}
      defaultTabs={desk.tabs}
      storage={desk.storage}
      plugins={desk.plugins}
      visiblePlugin={desk.shelf}
      defaultEditorToolsVisibility="variables"
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

function App({ operations, demo, whoWas }) {
  const [me, setMe] = useState(whoWas);
  const [schema, setSchema] = useState();
  const [trouble, setTrouble] = useState();
  const turnInto = (person) => {
    remember(person);
    setTrouble(undefined);
    setMe(person);
  };
  const become = (role) =>
    personOf(role, operations).then(turnInto, (error) => setTrouble(error.message));
  const use = (token) => turnInto({ role: token ? "holder" : "nobody", token: token || null });
  return (
    <>
      <Bar demo={demo} me={me} become={become} use={use} trouble={trouble} />
      <main>
        <Explorer
          key={`${me.role} ${me.token}`}
          {...{ operations, demo, me, schema, setSchema }}
        />
      </main>
    </>
  );
}

async function open(place) {
  const operations = await jsonAt("/explorer/operations.json");
  const demo = place.dataset.demo === "yes" ? await jsonAt("/demo/cast.json") : null;
  const last = remembered();
  const whoWas = demo ? await personOf(last.role, operations) : last;
  createRoot(place).render(<App {...{ operations, demo, whoWas }} />);
}

const place = document.getElementById("explorer");
open(place).catch((error) => {
  place.textContent = `The explorer could not open: ${error.message}. Reload to try again.`;
});
