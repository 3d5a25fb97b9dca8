// The list beside the map: who has which colour, how many stops, how many late. A stop may be dropped
// on a name; whoever does not drag finds every stop here as a button.

const MOODS = { fine: "onTime", tight: "tight", late: "isLate", done: "done" };

function Stops({ stops, open, say }) {
  return (
    <ol>
      {stops.map((stop) => (
        <li key={stop.appointmentId}>
          <button type="button" onClick={() => open(stop)}>
            <span className={`door ${stop.mood}`}>{stop.position ?? "?"}</span>
            <span className="reference">{stop.reference}</span>
            <span className="when">
              {say.time(stop.windowStart)}–{say.time(stop.windowEnd)}
            </span>
            {stop.lateMinutes > 0 && <b>{say("minutesLate", stop.lateMinutes)}</b>}
          </button>
        </li>
      ))}
    </ol>
  );
}

function Courier({ courier, chosen, aimed, choose, open, say }) {
  const { id, name, colour, stops, late, onDuty } = courier;
  return (
    <li data-courier={id} className={aimed ? "aimed" : undefined} style={{ "--courier": colour }}>
      <button type="button" aria-expanded={chosen} onClick={() => choose(chosen ? null : id)}>
        <i className="swatch" />
        <span className="who">
          {name}
          <small>{say(onDuty ? "onDuty" : "offDuty")}</small>
        </span>
        <span className="counts">
          {say("stops", stops.length)}
          {late > 0 && <b>{say("late", late)}</b>}
        </span>
      </button>
      {chosen && <Stops stops={stops} open={open} say={say} />}
    </li>
  );
}

export function Legend({ picture, chosen, aimed, choose, open, say }) {
  const { couriers, unassigned } = picture;
  return (
    <aside className="legend">
      <h2>{say("couriers")}</h2>
      <ul className="couriers">
        {couriers.map((courier) => (
          <Courier
            key={courier.id}
            courier={courier}
            chosen={chosen === courier.id}
            aimed={aimed === courier.id}
            {...{ choose, open, say }}
          />
        ))}
      </ul>
      {unassigned.length > 0 && (
        <>
          <h2>
            {say("unassigned")} <small>{say("stops", unassigned.length)}</small>
          </h2>
          <Stops stops={unassigned} open={open} say={say} />
        </>
      )}
      <p className="moods">
        {Object.entries(MOODS).map(([mood, word]) => (
          <span key={mood}>
            <i className={`door ${mood}`} /> {say(word)}
          </span>
        ))}
      </p>
      <p>{say("howTo")}</p>
    </aside>
  );
}
