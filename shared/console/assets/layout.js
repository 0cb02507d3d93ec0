/**
 * Where the steps of a workflow stand: columns from left to right, each step behind all that it waits for.
 *
 *   const { width, height, places, routes } = layout(ids, edges)     edges: [[parent, child], ...]
 *   places.get(id)          { x, y }, the left upper corner of its box of BOX
 *   routes[n]               the points of edge n, from box to box; null where an end is not among the ids
 *
 * Columns by the longest path, rows by the mean place of the neighbours (barycentres, a few sweeps), long
 * edges led through free places in the columns between. The same graph always gives the same picture.
 */

export const BOX = { width: 196, height: 46 };
const GAP = { x: 64, y: 16 };
const THIN = 10;
const MARGIN = 12;
const SWEEPS = 6;
const MOST_BENDS = 4_000;

export function layout(ids, edges) {
  const known = new Set(ids);
  const inside = edges.map(([parent, child]) => known.has(parent) && known.has(child) && parent !== child);
  const kept = edges.filter((_, place) => inside[place]);
  const columnOf = longestPaths(ids, kept);
  const graph = withBends(ids, kept, columnOf);
  order(graph);
  align(graph);
  const { width, height } = moved(graph);
  const places = new Map(ids.map((id) => [id, { x: graph.vertices.get(id).x, y: graph.vertices.get(id).y }]));
  let next = 0;
  const routes = inside.map((isInside) => (isInside ? pointsOf(graph.chains[next++], graph.vertices) : null));
  return { width, height, places, routes };
}

/** The column of each: one behind the last of its parents. What is in a cycle, which no workflow has, stays in front. */
function longestPaths(ids, edges) {
  const columns = new Map(ids.map((id) => [id, 0]));
  const children = new Map(ids.map((id) => [id, []]));
  const open = new Map(ids.map((id) => [id, 0]));
  for (const [parent, child] of edges) {
    children.get(parent).push(child);
    open.set(child, open.get(child) + 1);
  }
  const ready = ids.filter((id) => open.get(id) === 0);
  for (const id of ready) {
    for (const child of children.get(id)) {
      columns.set(child, Math.max(columns.get(child), columns.get(id) + 1));
      open.set(child, open.get(child) - 1);
      if (open.get(child) === 0) ready.push(child);
    }
  }
  return columns;
}

/** Steps, and a bend in each column that an edge passes, unless there are too many of them. */
function withBends(ids, edges, columnOf) {
  const vertices = new Map(ids.map((id) => [id, vertex(columnOf.get(id), BOX.height)]));
  const bends = edges.reduce((sum, [parent, child]) => sum + Math.max(0, columnOf.get(child) - columnOf.get(parent) - 1), 0);
  const chains = edges.map(([parent, child], number) => {
    const chain = [parent];
    if (bends <= MOST_BENDS) {
      for (let column = columnOf.get(parent) + 1; column < columnOf.get(child); column += 1) {
        const name = `bend ${number} ${column}`;
        vertices.set(name, vertex(column, THIN));
        chain.push(name);
      }
    }
    chain.push(child);
    for (let place = 1; place < chain.length; place += 1) {
      vertices.get(chain[place]).before.push(vertices.get(chain[place - 1]));
      vertices.get(chain[place - 1]).after.push(vertices.get(chain[place]));
    }
    return chain;
  });
  const columns = [];
  for (const one of vertices.values()) (columns[one.column] ??= []).push(one);
  return { vertices, chains, columns: Array.from(columns, (column) => column ?? []) };
}

const vertex = (column, height) => ({ column, height, before: [], after: [], rank: 0, x: 0, y: 0 });

function order({ columns }) {
  rank(columns);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : columns.toReversed()) {
      const wanted = new Map(column.map((one) => [one, mean(forward ? one.before : one.after, "rank") ?? one.rank]));
      column.sort((a, b) => wanted.get(a) - wanted.get(b) || a.rank - b.rank);
      rank([column]);
    }
  }
}

function rank(columns) {
  for (const column of columns) column.forEach((one, place) => (one.rank = place));
}

/** Each as near as may be to the middle of its neighbours, in the order that stands. */
function align({ columns }) {
  for (const column of columns) stack(column, (one, below) => below);
  for (const [list, side] of [[columns, "before"], [columns.toReversed(), "after"], [columns, "before"]]) {
    for (const column of list) {
      stack(column, (one, below) => {
        const middle = mean(one[side].map((other) => ({ middle: other.y + other.height / 2 })), "middle");
        return middle === null ? Math.max(below, one.y) : middle - one.height / 2;
      });
    }
  }
}

function stack(column, wantedY) {
  let below = -Infinity;
  let shift = 0;
  const wanted = column.map((one) => wantedY(one, below === -Infinity ? 0 : below));
  for (const [place, one] of column.entries()) {
    const y = Math.max(wantedY(one, below === -Infinity ? 0 : below), below);
    shift += wanted[place] - y;
    one.y = y;
    below = y + one.height + (one.height === THIN ? THIN : GAP.y);
  }
  shift = column.length ? shift / column.length : 0;
  if (Number.isFinite(shift)) for (const one of column) one.y += shift;
}

function moved({ columns, vertices }) {
  const all = [...vertices.values()];
  const top = Math.min(...all.map((one) => one.y), 0);
  for (const one of all) {
    one.x = MARGIN + one.column * (BOX.width + GAP.x);
    one.y = Math.round(one.y - top + MARGIN);
  }
  return {
    width: 2 * MARGIN + columns.length * BOX.width + Math.max(0, columns.length - 1) * GAP.x,
    height: MARGIN + Math.max(BOX.height, ...all.map((one) => one.y + one.height)),
  };
}

function pointsOf(chain, vertices) {
  return chain.flatMap((name, place) => {
    const { x, y, height } = vertices.get(name);
    const middle = y + height / 2;
    if (place === 0) return [[x + BOX.width, middle]];
    if (place === chain.length - 1) return [[x, middle]];
    return [[x, middle], [x + BOX.width, middle]];
  });
}

function mean(list, field) {
  return list.length === 0 ? null : list.reduce((sum, one) => sum + one[field], 0) / list.length;
}
