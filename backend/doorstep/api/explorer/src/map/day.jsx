// A branch's day: the map and the list beside it, kept fresh, and what the dispatcher does with them.

import { useEffect, useRef, useState } from "react";

import { Board } from "./board.js";
import { cardOf } from "./card.js";
import { keepFresh } from "./fresh.js";
import { Legend } from "./legend.jsx";
import { read } from "./picture.js";

const NOTHING = { ground: [], couriers: [], unassigned: [] };

/** The board in `place`. What it hears goes to what was rendered last. */
function useBoard(place, heard) {
  const [board, setBoard] = useState(null);
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    const made = new Board(place.current, {
      drop: (...about) => latest.current.drop(...about),
      aim: (...about) => latest.current.aim(...about),
      card: (...about) => latest.current.card(...about),
    });
    setBoard(made);
    return () => made.remove();
  }, [place]);
  return board;
}

/** The picture as it stands, and how to look again. */
function usePicture({ desk, branch, day, say, setNotice }) {
  const [seen, setSeen] = useState({ of: null, picture: NOTHING });
  const fresh = useRef(null);
  useEffect(() => {
    let gone = false;
    const kept = keepFresh({
      look: async () => {
        const picture = read(await desk.picture(branch, day));
        if (!gone) setSeen({ of: branch, picture });
        if (!gone) setNotice((last) => (last?.away ? null : last));
      },
      listen: () => desk.feed(branch),
      troubled: (error) =>
        setNotice({
          text: error instanceof TypeError ? say("away") : error.message,
          bad: true,
          away: true,
        }),
    });
    fresh.current = kept;
    return () => {
      gone = true;
      kept.stop();
    };
  }, [desk, branch, day, say, setNotice]);
  return { ...seen, again: () => fresh.current?.now() };
}

export function Day({ desk, branch, day, say }) {
  const place = useRef(null);
  const fitted = useRef(null);
  const [notice, setNotice] = useState(null);
  const [chosen, choose] = useState(null);
  const [aimed, aim] = useState(null);
  const { of, picture, again } = usePicture({ desk, branch, day, say, setNotice });
  const { couriers } = picture;

  async function give(stop, courierId) {
    const { name } = couriers.find(({ id }) => id === courierId);
    board.close();
    setNotice({ text: say("asking") });
    const no = await desk.give(stop, courierId).catch(({ message }) => message);
    setNotice(
      no
        ? { text: say("refused", stop.reference, no), bad: true }
        : { text: say("given", stop.reference, name) },
    );
    again();
  }

  const card = (stop) => cardOf(stop, { say, couriers, give });
  const board = useBoard(place, { drop: give, aim, card });

  useEffect(() => {
    if (!board || of !== branch) return;
    if (fitted.current !== of) board.fit(picture);
    fitted.current = of;
    board.show(picture, { say, chosen });
  }, [board, of, branch, picture, say, chosen]);

  return (
    <main>
      <div className="board" ref={place} aria-label={say("title")} />
      <Legend
        {...{ picture, chosen, aimed, choose, say }}
        open={({ appointmentId }) => board.open(appointmentId)}
      />
      <p className={notice?.bad ? "notice bad" : "notice"} role="status">
        {notice?.text}
      </p>
    </main>
  );
}
