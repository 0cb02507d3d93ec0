/** The picture of a workflow. Places are worked out once for a shape, so that nothing moves when states change. */

import { h, svg } from "./dom.js";
import { BOX, layout } from "./layout.js";
import { link } from "./router.js";
import { lookOf } from "./states.js";

const ZOOMS = [0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1, 1.25, 1.6, 2];
const WHOLE = ZOOMS.indexOf(1);
const LEGIBLE = ZOOMS.indexOf(0.7);
const AROUND = 90;
const LONGEST = { key: 23, note: 29 };

export function graphView(workflow, page) {
  const { steps, dependencies } = workflow;
  const shape = shapeOf(steps, dependencies, page.state);
  const zoom = ZOOMS[(page.state.zoom ??= begin(shape))];
  const turn = (to) => {
    page.state.zoom = Math.max(0, Math.min(ZOOMS.length - 1, to));
    page.update();
  };
  const fit = (event) => {
    const place = event.currentTarget.closest("section").querySelector(".graph");
    const share = Math.min(1, place.clientWidth / shape.width, innerHeight * 0.66 / shape.height);
    turn(ZOOMS.findLastIndex((size) => size <= share));
  };
  return h(
    "section",
    { key: "graph", class: "graph-box", "aria-label": "Graph" },
    h(
      "div",
      { class: "row" },
      h("h2", null, "Graph"),
      h("span", { class: "faint" }, `${steps.length} steps, ${dependencies.length} dependencies`),
      h("span", { class: "spring" }),
      h("button", { type: "button", "aria-label": "Smaller", disabled: page.state.zoom === 0, on: { click: () => turn(page.state.zoom - 1) } }, "−"),
      h("span", { class: "faint zoom", role: "status" }, `${Math.round(zoom * 100)} %`),
      h("button", { type: "button", "aria-label": "Larger", disabled: page.state.zoom === ZOOMS.length - 1, on: { click: () => turn(page.state.zoom + 1) } }, "+"),
      h("button", { type: "button", on: { click: fit } }, "Fit"),
    ),
    h(
      "div",
      { class: "graph", tabindex: "0", role: "region", "aria-label": "Steps and what they wait for; the table below has the same" },
      svg(
        "svg",
        { width: Math.round(shape.width * zoom), height: Math.round(shape.height * zoom), viewBox: `0 0 ${shape.width} ${shape.height}` },
        svg("defs", null, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z" }))),
        svg("g", { class: "edges", "aria-hidden": "true" }, edges(dependencies, steps, shape)),
        svg("g", { class: "nodes" }, steps.map((step) => node(step, shape.places.get(step.id)))),
      ),
    ),
    h("p", { class: "faint legend" }, "A solid line waits for success, a dashed one for the end whatever it is, a dotted one for failure."),
  );
}

/** As much of it as can be read; what is higher than its place begins at the first step. */
function begin({ width, places }) {
  const room = (document.getElementById("main").clientWidth - AROUND) / width;
  const zoom = Math.max(LEGIBLE, ZOOMS.findLastIndex((size, place) => place <= WHOLE && size <= room));
  requestAnimationFrame(() => {
    const place = document.querySelector(".graph");
    const first = places.values().next().value;
    if (place && first) place.scrollTop = first.y * ZOOMS[zoom] - place.clientHeight / 2;
  });
  return zoom;
}

function shapeOf(steps, dependencies, state) {
  const ids = steps.map((step) => step.id);
  const pairs = dependencies.map((edge) => [edge.parent_job_id, edge.child_job_id]);
  const name = JSON.stringify([ids, pairs]);
  if (state.shape?.name !== name) state.shape = { name, ...layout(ids, pairs) };
  return state.shape;
}

function edges(dependencies, steps, { routes }) {
  const states = new Map(steps.map((step) => [step.id, step.status]));
  return dependencies.map(({ parent_job_id: parent, child_job_id: child, dependency_type: type }, place) =>
    routes[place] && svg("path", { key: `${parent} ${child}`, class: [type, states.get(parent) === "completed" && "over"], d: curve(routes[place]), "marker-end": "url(#arrow)" }),
  );
}

function curve([[x, y], ...rest]) {
  let path = `M${x} ${y}`;
  let [beforeX, beforeY] = [x, y];
  for (const [toX, toY] of rest) {
    const half = (toX - beforeX) / 2;
    path += toY === beforeY ? `L${toX} ${toY}` : `C${beforeX + half} ${beforeY} ${toX - half} ${toY} ${toX} ${toY}`;
    [beforeX, beforeY] = [toX, toY];
  }
  return path;
}

function node(step, { x, y }) {
  const { tone, sign, word } = lookOf(step.status);
  const note = step.job_type ? `${word} · ${step.job_type}` : word;
  return svg(
    "a",
    { key: step.id, class: ["node", tone], href: link(`/jobs/${step.id}`), transform: `translate(${x} ${y})`, "data-status": step.status, "aria-label": `${step.key}: ${note}` },
    svg("title", null, `${step.key}: ${note}${step.last_error ? `\n${step.last_error}` : ""}`),
    svg("rect", { width: BOX.width, height: BOX.height, rx: 7 }),
    svg("text", { class: "sign", x: 17, y: 28 }, sign),
    svg("text", { class: "name", x: 32, y: 19 }, cut(step.key, LONGEST.key)),
    svg("text", { class: "note", x: 32, y: 36 }, cut(note, LONGEST.note)),
  );
}

function cut(text, longest) {
  const signs = [...text];
  return signs.length > longest ? `${signs.slice(0, longest - 1).join("")}…` : text;
}
