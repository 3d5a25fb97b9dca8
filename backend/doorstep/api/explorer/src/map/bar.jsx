// The bar on top: who you are, which branch and day, and in which language.

import { useState } from "react";

import { LANGUAGES } from "./words.js";

function Become({ role, become, say }) {
  return (
    <div className="people" role="group" aria-label={say("you")}>
      <span className="label">{say("you")}</span>
      {["nobody", "dispatcher"].map((each) => (
        <button
          key={each}
          type="button"
          data-role={each}
          aria-pressed={each === role}
          onClick={() => become(each)}
        >
          {say(each)}
        </button>
      ))}
    </div>
  );
}

function Paste({ token, use, say }) {
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
        {say("token")}
      </label>
      <input
        id="token"
        type="password"
        autoComplete="off"
        placeholder={say("tokenFrom")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button type="submit">{say("use")}</button>
    </form>
  );
}

export function Bar({ demo, me, become, use, language, speak, say, children }) {
  return (
    <header className="bar">
      <a className="home" href="/">
        <img src="/pages/favicon.svg" alt="" width="22" height="22" />
        {say("title")}
      </a>
      {demo ? (
        <Become role={me.role} become={become} say={say} />
      ) : (
        <Paste token={me.token} use={use} say={say} />
      )}
      {children}
      <span className="name" />
      <div className="people" role="group" aria-label="语言 Language">
        {Object.entries(LANGUAGES).map(([each, name]) => (
          <button
            key={each}
            type="button"
            lang={each}
            aria-pressed={each === language}
            onClick={() => speak(each)}
          >
            {name}
          </button>
        ))}
      </div>
      <a href="/explorer">{say("explorer")}</a>
    </header>
  );
}

/** Which branch, and which day. */
export function Where({ branches, branch, day, go, say }) {
  return (
    <>
      <label className="people">
        <span className="label">{say("branch")}</span>
        <select value={branch} onChange={({ target }) => go({ branch: target.value, day })}>
          {branches.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="people">
        <span className="label">{say("day")}</span>
        <input
          type="date"
          required
          value={day}
          onChange={({ target }) => target.value && go({ branch, day: target.value })}
        />
      </label>
    </>
  );
}
