/**
 * Places in the console, kept behind the # of the address: `#/jobs/job_x?status=failed`.
 *
 *   link("/queues/" + encodeURIComponent(name), { tab: "limits" })    what stands in an href
 *   go(path, query, { replace })                                     be there
 *   find(routes, location.hash)                                      { route, path, params, query } or null
 */

/** The hash of a place; empty values of the query fall out. */
export function link(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

/** Be at a place; with `replace` the one before is not gone back to. */
export function go(path, query = {}, { replace = false } = {}) {
  const hash = link(path, query);
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = hash;
}

/** The first route whose `path` fits; `:name` in it takes one segment. */
export function find(routes, hash) {
  const [path, text = ""] = splitOnce(hash.replace(/^#/, "") || "/", "?");
  for (const route of routes) {
    const params = fit(route.path, path);
    if (params) return { route, path, params, query: Object.fromEntries(new URLSearchParams(text)) };
  }
  return null;
}

function fit(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [place, part] of wanted.entries()) {
    if (part.startsWith(":")) {
      if (!given[place]) return null;
      try {
        params[part.slice(1)] = decodeURIComponent(given[place]);
      } catch {
        return null;
      }
    } else if (part !== given[place]) return null;
  }
  return params;
}

function splitOnce(text, separator) {
  const place = text.indexOf(separator);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}
