// The side list: every operation the apps have, by app. A click opens it in a tab, ready to run.

import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";

const KINDS = { query: "Q", mutation: "M", subscription: "S" };

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5">
      <path d="M4 5h16M4 12h16M4 19h10" strokeLinecap="round" />
    </svg>
  );
}

/** The document's kind: the first word of it that is one. */
export function kindOf(document) {
  return /\b(query|mutation|subscription)\b/.exec(document)?.[1] ?? "query";
}

function useOpen() {
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(
    pick("tabs", "queryEditor", "variableEditor"),
  );
  return ({ title, query, variables }) => {
    const there = tabs.findIndex((tab) => tab.title === title);
    if (there >= 0) {
      changeTab(there);
      return;
    }
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    updateActiveTabValues({ query, variables, operationName: title });
  };
}

function Operation({ operation, tabOf, open }) {
  const kind = kindOf(operation.document);
  return (
    <li>
      <button type="button" data-operation={operation.name} onClick={() => open(tabOf(operation))}>
        <span className={`kind ${kind}`} title={kind}>
          {KINDS[kind]}
        </span>
        {operation.name}
      </button>
    </li>
  );
}

/** The list as a GraphiQL plugin. `app`: whose operations lie open. */
export function shelfOf({ operations, app, tabOf, demo }) {
  function Shelf() {
    const open = useOpen();
    return (
      <section className="shelf" aria-label="Operations">
        <h2>Operations</h2>
        <p>
          What the apps send, from <code>schema/operations</code>. Click one, then run it.
          {demo && " Words in {braces} are filled in as it is sent."}
        </p>
        {[...new Set(operations.map((each) => each.app))].map((name) => (
          <details key={name} open={name === app}>
            <summary>{name}</summary>
            <ul>
              {operations
                .filter((each) => each.app === name)
                .map((each) => (
                  <Operation key={each.name} operation={each} tabOf={tabOf} open={open} />
                ))}
            </ul>
          </details>
        ))}
      </section>
    );
  }
  return { title: "Operations", icon: Icon, content: Shelf };
}
