// What chinese-days says of each day from FIRST to LAST: node calendar.mjs FIRST LAST
// Prints one JSON line: {"2004-01-01": [is workday, in lieu, name], …}, the name null on a plain day.
import chineseDays from "chinese-days";

const [first, last] = process.argv.slice(2);
const DAY = 24 * 60 * 60 * 1000;
const said = {};
for (let at = Date.parse(first); at <= Date.parse(last); at += DAY) {
  const day = new Date(at).toISOString().slice(0, 10);
  const { work, name } = chineseDays.getDayDetail(day);
  const festival = name.split(",")[1] ?? null;
  said[day] = [work, chineseDays.isInLieu(day), festival];
}
process.stdout.write(JSON.stringify(said) + "\n");
