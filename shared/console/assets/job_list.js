/**
 * The rows of the list of jobs, as long as the page is open. What was shown stays where it is and is brought up
 * to date; what came since is counted, and shown when it is asked for.
 */

import { ApiError, get, getPage } from "./api.js";

const PAGE = 50;
const STATUSES_AT_ONCE = 100;
const MOST_REFRESHED = 500;
const PATIENCE_MS = 10_000;
const BUSY = "The service has not answered for ten seconds. It is busy or away: try again in a moment.";
const SLOW = "Nothing was found in ten seconds. No index has a rare word, type or tag, so all jobs are read for it: choose a queue, a state or a time beside it.";

/** Read the list anew, or bring the rows of `state` up to date. */
export async function readList(state, filter, order, signal) {
  const top = await readPage(filter, order, null, signal);
  if (!state.rows?.length) {
    Object.assign(state, { rows: top.items, hasMore: top.hasMore, newer: 0 });
    return;
  }
  const known = new Map(top.items.map((job) => [job.id, job]));
  const others = state.rows.filter((job) => !known.has(job.id) && !job.isGone).slice(0, MOST_REFRESHED);
  const found = await readStatuses(others, signal);
  const asked = new Set(others.map((job) => job.id));
  state.rows = state.rows.map((job) => {
    if (known.has(job.id)) return known.get(job.id);
    if (!asked.has(job.id)) return job;
    return found.has(job.id) ? { ...job, ...found.get(job.id) } : { ...job, isGone: true };
  });
  const shown = new Set(state.rows.map((job) => job.id));
  state.newer = top.items.filter((job) => !shown.has(job.id)).length;
  state.areMoreNewer = top.hasMore && state.newer === top.items.length;
}

/** The page behind the last row; of no use to who has filtered otherwise meanwhile. */
export async function readMore(state, filter, order) {
  const { about } = state;
  const next = await readPage(filter, order, state.rows.at(-1)?.id);
  if (state.about !== about || !state.rows) return;
  const shown = new Set(state.rows.map((job) => job.id));
  state.rows = [...state.rows, ...next.items.filter((job) => !shown.has(job.id))];
  state.hasMore = next.hasMore;
}

async function readPage(filter, order, after, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const query = { ...filter, order_dir: order, after, limit: PAGE };
  try {
    return await getPage("/jobs", { query, signal: signal ? AbortSignal.any([signal, patience]) : patience });
  } catch (error) {
    const isSearch = filter.q || filter.tag || filter.job_type;
    if (isSearch && (patience.aborted || error.status === 503)) throw new ApiError(SLOW, { requestId: error.requestId });
    throw patience.aborted ? new ApiError(BUSY) : error;
  }
}

async function readStatuses(jobs, signal) {
  const pages = [];
  for (let start = 0; start < jobs.length; start += STATUSES_AT_ONCE) {
    const ids = jobs.slice(start, start + STATUSES_AT_ONCE).map((job) => job.id);
    pages.push(get("/jobs/status", { query: { ids: ids.join(",") }, signal }));
  }
  return new Map((await Promise.all(pages)).flat().map((job) => [job.id, job]));
}
