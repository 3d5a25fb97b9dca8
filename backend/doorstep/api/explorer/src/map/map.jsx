// The dispatcher's map: who you are, which branch and day, and then the day itself.

import { useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

import { jsonAt, personOf } from "../being.js";
import { remember, remembered } from "../storage.js";
import { Bar, Where } from "./bar.jsx";
import { Day } from "./day.jsx";
import { deskFor } from "./desk.js";
import { keepLanguage, languageAtFirst, LOCALES, sayingIn, today } from "./words.js";
import "leaflet/dist/leaflet.css";
import "./map.css";

const NOBODY = { role: "nobody", token: null };

/** The branch and the day stand in the address, to be kept as a bookmark. */
function placeAsked() {
  const asked = new URLSearchParams(location.search);
  return { branch: asked.get("branch"), day: asked.get("day") ?? today() };
}

function useBranches(desk, fail) {
  const [branches, setBranches] = useState(null);
  useEffect(() => {
    let gone = false;
    setBranches(null);
    desk?.branches().then(
      (found) => !gone && setBranches(found),
      (error) => !gone && fail(error.message),
    );
    return () => {
      gone = true;
    };
  }, [desk, fail]);
  return branches;
}

function App({ operations, demo, whoWas }) {
  const [me, setMe] = useState(whoWas);
  const [trouble, setTrouble] = useState(null);
  const [language, setLanguage] = useState(languageAtFirst);
  const [asked, setAsked] = useState(placeAsked);
  const say = useMemo(() => sayingIn(language), [language]);
  const desk = useMemo(
    () => (me.token ? deskFor({ token: me.token, operations, language }) : null),
    [me.token, operations, language],
  );
  useEffect(() => () => void desk?.close(), [desk]);
  useEffect(() => {
    document.documentElement.lang = LOCALES[language];
    document.title = `${say("title")} · Doorstep`;
  }, [language, say]);
  const branches = useBranches(desk, setTrouble);

  const branch = (branches?.find(({ id }) => id === asked.branch) ?? branches?.[0])?.id;
  const turnInto = (person) => {
    remember(person);
    setTrouble(null);
    setMe(person);
  };
  const become = (role) =>
    personOf(role, operations).then(turnInto, ({ message }) => setTrouble(message));
  const use = (token) => turnInto(token ? { role: "holder", token } : NOBODY);
  const speak = (chosen) => {
    keepLanguage(chosen);
    setLanguage(chosen);
  };
  const go = (place) => {
    history.replaceState(null, "", `?${new URLSearchParams(place)}`);
    setAsked(place);
  };

  const { day } = asked;
  const why = trouble ?? (me.token ? branches && say("notYours") : say("signIn"));
  return (
    <>
      <Bar {...{ demo, me, become, use, language, speak, say }}>
        {branch && <Where {...{ branches, branch, day, go, say }} />}
      </Bar>
      {branch ? (
        <Day key={me.token} {...{ desk, branch, day, say }} />
      ) : (
        <p className="waiting" role="status">
          {why}
        </p>
      )}
    </>
  );
}

/** Whoever was the dispatcher in this browser tab is it again; the demo's others have no map. */
async function whoWasHere(demo, operations) {
  const last = remembered();
  if (!demo) return last;
  return last.role === "dispatcher" ? personOf(last.role, operations) : NOBODY;
}

async function open(place) {
  const operations = await jsonAt("/explorer/operations.json");
  const demo = place.dataset.demo === "yes";
  const whoWas = await whoWasHere(demo, operations);
  createRoot(place).render(<App {...{ operations, demo, whoWas }} />);
}

const place = document.getElementById("desk");
open(place).catch((error) => {
  place.textContent = `打不开 · could not open: ${error.message}`;
});
