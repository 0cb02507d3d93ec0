/** Acts on many jobs: who did what, to which jobs, and how far it is. */

import { getPage } from "./api.js";
import { abortButton, actName, actState, begun, progress, tally } from "./act_progress.js";
import { h } from "./dom.js";
import { ago } from "./format.js";
import { toPlace } from "./job_filter.js";
import { link } from "./router.js";
import { moreButton, table } from "./table.js";
import { words } from "./value.js";

const PAGE = 50;
const LOOK_MS = 1_000;

export const title = () => "Bulk acts";

export async function read({ state, signal }) {
  const limit = Math.max(PAGE, state.limit ?? 0);
  return getPage("/jobs/acts", { query: { limit }, signal });
}

export function view({ items, hasMore }, page) {
  const { state } = page;
  clearTimeout(state.timer);
  if (items.some((act) => act.finished_at === null)) state.timer = setTimeout(page.reload, LOOK_MS);
  const more = () => {
    state.limit = items.length + PAGE;
    page.reload();
  };
  return [
    h("p", { class: "faint", key: "about" }, "Acts on many jobs are begun on the pages of jobs and dead letters, and go on in the background."),
    table({
      caption: "Acts on many jobs",
      rows: items,
      key: (act) => act.id,
      columns: [
        { title: "Act", cell: (act) => [jobsOf(act), act.error && h("small", { class: "error" }, words(act.error))] },
        { title: "State", cell: actState },
        { title: "Progress", cell: (act) => h("div", { class: "progress" }, progress(act), h("small", null, tally(act))) },
        { title: "Begun by", cell: (act) => h("span", null, begun(act)) },
        { title: "Ended", end: true, cell: (act) => ago(act.finished_at) },
        { title: "", label: "Acts", end: true, cell: (act) => abortButton(act, page) },
      ],
      empty: "Nobody has acted on many jobs yet.",
    }),
    moreButton(hasMore, more),
  ];
}

/** Named jobs have no list of their own. */
const jobsOf = (act) => (act.filter.job_ids ? actName(act) : h("a", { href: link("/jobs", toPlace(act.filter)) }, actName(act)));
