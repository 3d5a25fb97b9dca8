// The bar on top: who you are. In the demo one click makes you somebody else; elsewhere you paste
// an access token.

import { useState } from "react";

function Become({ people, role, become }) {
  return (
    <div className="people" role="group" aria-label="Become">
      <span className="label">You are</span>
      {[{ role: "nobody", title: "Nobody is signed in" }, ...people].map((each) => (
        <button
          key={each.role}
          type="button"
          data-role={each.role}
          aria-pressed={each.role === role}
          title={each.title ?? `${each.phone}: become the ${each.role}`}
          onClick={() => become(each.role)}
        >
          {each.role === "nobody" ? "nobody" : `the ${each.role}`}
        </button>
      ))}
    </div>
  );
}

function Paste({ token, use }) {
  const [typed, setTyped] = useState(token ?? "");
  return (
    <form
      className="people"
      onSubmit={(event) => {
        event.preventDefault();
        use(typed.trim());
      }}
    >
      <label className="label" htmlFor="token">
        Access token
      </label>
      <input
        id="token"
        type="password"
        autoComplete="off"
        placeholder="from the mutation SignIn"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button type="submit">use it</button>
    </form>
  );
}

export function Bar({ demo, me, become, use, trouble }) {
  return (
    <header className="bar">
      <a className="home" href="/">
        <img src="/pages/favicon.svg" alt="" width="22" height="22" />
        Doorstep
      </a>
      {demo ? (
        <Become people={demo.people} role={me.role} become={become} />
      ) : (
        <Paste token={me.token} use={use} />
      )}
      <span className="name" role="status">
        {trouble ?? me.name ?? ""}
      </span>
      <a href="/schema.graphql" target="_blank" rel="noreferrer">
        SDL
      </a>
    </header>
  );
}
