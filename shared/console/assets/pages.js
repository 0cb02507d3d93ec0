/**
 * The pages of the console. A new one is a file of its own and a line here; it is loaded when it is opened.
 *
 * A line: `path` (with `:name` for what varies), `load`; `nav` puts it into the menu under that name, and
 * `shortcut` is the letter after `g`. A page that stands `under` another marks that one in the menu.
 *
 * A page module exports
 *   title({ params, data })               what it is called; `data` is null until it is there
 *   read({ params, query, state, signal })   asks the API; what it gives is handed to `view` (async)
 *   view(data, page)                      the content, as nodes of dom.js: the heading is there already
 *   acts(data, page)        optional      buttons beside the heading
 *   events                  optional      types of live events upon which it is read again: a list, or a
 *                                         function of { params, query } that gives one
 *   concerns(event, data)   optional      whether an event is of what is shown: { type, data } and what was read
 *   eventQuery({ params })  optional      { queue } or { job_id }: only events of that
 *
 * `page` is { params, query, state, reload, update, go, act }:
 *   state             an object of the page's own, for as long as the visit lasts
 *   reload()          read and show again; update() shows again without reading
 *   go(query)         the same page with these fields of the query changed (null removes one)
 *   act(run, text)    run an act of the API, then say the text and reload; what is refused is said too
 */
export const PAGES = [
  { path: "/overview", nav: "Overview", shortcut: "o", load: () => import("./overview.js") },
  { path: "/queues", nav: "Queues", shortcut: "q", load: () => import("./queues.js") },
  { path: "/queues/:name", under: "/queues", load: () => import("./queue.js") },
  { path: "/jobs", nav: "Jobs", shortcut: "j", load: () => import("./jobs.js") },
  { path: "/jobs/:id", under: "/jobs", load: () => import("./job.js") },
  { path: "/dead-letters", nav: "Dead letters", shortcut: "d", load: () => import("./dead_letters.js") },
  { path: "/acts", nav: "Bulk acts", shortcut: "b", load: () => import("./acts.js") },
  { path: "/workflows", nav: "Workflows", shortcut: "f", load: () => import("./workflows.js") },
  { path: "/workflows/:id", under: "/workflows", load: () => import("./workflow.js") },
  { path: "/schedules", nav: "Schedules", shortcut: "s", load: () => import("./schedules.js") },
  { path: "/schedules/new", under: "/schedules", load: () => import("./schedule_form.js") },
  { path: "/schedules/:id", under: "/schedules", load: () => import("./schedule.js") },
  { path: "/schedules/:id/edit", under: "/schedules", load: () => import("./schedule_form.js") },
  { path: "/workers", nav: "Workers", shortcut: "w", load: () => import("./workers.js") },
  { path: "/workers/:id", under: "/workers", load: () => import("./worker.js") },
  { path: "/webhooks", nav: "Webhooks", shortcut: "h", load: () => import("./webhooks.js") },
  { path: "/webhooks/:id", under: "/webhooks", load: () => import("./webhook.js") },
  { path: "/audit", nav: "Audit log", shortcut: "a", load: () => import("./audit.js") },
  { path: "/keys", nav: "API keys", shortcut: "k", load: () => import("./keys.js") },
  { path: "/usage", nav: "Usage", shortcut: "u", load: () => import("./usage.js") },
];
