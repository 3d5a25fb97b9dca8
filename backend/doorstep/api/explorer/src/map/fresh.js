// Looking again: at once when the branch's feed tells of a change, and every few seconds for what it
// does not tell, such as where couriers are. Whoever cannot be reached is asked less and less often.

const PAUSE = 5_000;
const LONGEST = 60_000;
const GATHERED = 150;

/** `look` asks for the picture, `listen` follows the feed. Answers `now` and `stop`. */
export function keepFresh({ look, listen, troubled }) {
  let failures = 0;
  let looking = false;
  let again = false;
  let stopped = false;
  let timer;
  let feed;

  const backedOff = () => Math.min(LONGEST, PAUSE * 2 ** failures);

  async function now() {
    clearTimeout(timer);
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    again = false;
    try {
      await look();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!stopped) troubled(error);
    }
    looking = false;
    if (!stopped) timer = setTimeout(now, again ? GATHERED : backedOff());
  }

  /** Of many changes at once one look is made. */
  function soon() {
    if (looking) {
      again = true;
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(now, GATHERED);
  }

  async function hear() {
    while (!stopped) {
      try {
        feed = listen();
        for await (const told of feed) {
          if (stopped) return;
          if (told) soon();
        }
      } catch {
        // The looks go on without it.
      }
      if (!stopped) await new Promise((done) => setTimeout(done, backedOff()));
    }
  }

  now();
  hear();
  return {
    now,
    stop() {
      stopped = true;
      clearTimeout(timer);
      feed?.return?.();
    },
  };
}
