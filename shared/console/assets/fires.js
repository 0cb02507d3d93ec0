/** Fires to come, on the clock of the schedule and on that of the viewer. The service works them out. */

import { h } from "./dom.js";
import { ago } from "./format.js";
import { table } from "./table.js";

const SHOWN = { weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const wall = new Intl.DateTimeFormat(undefined, { ...SHOWN, timeZone: "UTC" });
const here = new Intl.DateTimeFormat(undefined, SHOWN);
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function firesTable(fires, timezone) {
  return table({
    caption: "Next fires",
    rows: fires,
    key: (fire) => fire.run_at,
    columns: [
      { title: `In ${timezone}`, cell: ({ local_time: local }) => h("time", { datetime: local }, onTheWall(local)) },
      { title: `Here, in ${HERE}`, cell: ({ run_at: utc }) => h("time", { datetime: utc }, here.format(new Date(utc))) },
      { title: "In", end: true, cell: ({ run_at: utc }) => ago(utc) },
    ],
    empty: "It never fires.",
  });
}

/** The clock time as the service says it, whatever this browser knows of that zone, with its distance from UTC. */
function onTheWall(local) {
  const [, time, offset] = /^(.*?)(Z|[+-]\d\d:\d\d)$/.exec(local) ?? [null, local, ""];
  return `${wall.format(new Date(`${time}Z`))} ${offset === "Z" ? "UTC" : offset}`;
}
