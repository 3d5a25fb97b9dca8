// What the page remembers: who you are until the tab is closed, and each person's tabs apart.

const TOKEN = "doorstep.token";
const ROLE = "doorstep.role";
const NOBODY = "nobody";

// How the panes share the window until somebody moves them: the list narrow, the variables high.
const PANES = { "graphiql:docExplorerFlex": "0.24", "graphiql:secondaryEditorFlex": "1" };

/** Who was chosen last in this browser tab. */
export function remembered() {
  return {
    role: sessionStorage.getItem(ROLE) ?? NOBODY,
    token: sessionStorage.getItem(TOKEN),
  };
}

export function remember({ role, token }) {
  sessionStorage.setItem(ROLE, role);
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

/**
 * GraphiQL's storage for one person. The theme and the panes are the same for all of them; the
 * queries are not, and end with the browser tab.
 */
export function storageOf(role, firstTab) {
  const own = /:(tabState|query|variables|headers|operationName|queries|favorites)$/;
  const place = (key) =>
    own.test(key) ? [sessionStorage, `doorstep.${role}.${key}`] : [localStorage, `doorstep.${key}`];
  const storage = {
    length: 0,
    clear() {},
    getItem(key) {
      const [where, name] = place(key);
      return where.getItem(name);
    },
    setItem(key, value) {
      const [where, name] = place(key);
      where.setItem(name, value);
    },
    removeItem(key) {
      const [where, name] = place(key);
      where.removeItem(name);
    },
  };
  for (const [pane, flex] of Object.entries(PANES)) {
    if (storage.getItem(pane) === null) storage.setItem(pane, flex);
  }
  // GraphiQL shows the first default tab's query, but its variables only from here.
  if (storage.getItem("graphiql:tabState") === null && firstTab) {
    storage.setItem("graphiql:query", firstTab.query);
    storage.setItem("graphiql:variables", firstTab.variables);
  }
  return storage;
}
