/**
 * The page as a tree of elements. Text only ever becomes text: nothing here, or anywhere else, takes HTML.
 *
 *   h("a", { href: "#/queues", class: ["link", isHere && "here"] }, "Queues")
 *   h("button", { type: "button", on: { click: () => ... } }, "Pause")
 *   svg("circle", { r: 4 })
 *   patch(place, ...children)   make the children of a place be these, and keep what is there already
 *
 * Props: `class` (text or a list, falsy entries fall out), `on` (listeners by event), `key` (who a child is
 * among its siblings: give one to every row of a list and to what is not always there), `value` and `checked`
 * (what a field begins with; what a person has typed since stays), `style` (custom properties and the like,
 * as an object), `opaque` (patch leaves the inside alone). true is an empty attribute; false, null and
 * undefined are none. Children: nodes, text, numbers, lists of them; null, undefined, true and false are none.
 *
 * After a patch the page may hold an older element in the place of the one that was given, brought up to date.
 * So a listener asks `event.currentTarget`, never an element that it kept.
 */

const OWN = Symbol("own");
const SVG = "http://www.w3.org/2000/svg";
const GOOD_LINK = /^(#|\/(?!\/)|https?:\/\/|mailto:)/i;
const FIELDS = new Set(["INPUT", "SELECT", "TEXTAREA"]);
const OPENS_BY_HAND = new Set(["DETAILS", "DIALOG"]);

/** An element of HTML. */
export function h(tag, props, ...children) {
  return made(document.createElement(tag), props, children);
}

/** An element of SVG. */
export function svg(tag, props, ...children) {
  return made(document.createElementNS(SVG, tag), props, children);
}

/** Make the children of `place` be these; focus, scroll, what is typed and what is open stay. */
export function patch(place, ...children) {
  const fresh = document.createDocumentFragment();
  append(fresh, children);
  matchChildren(place, fresh);
}

function made(node, props, children) {
  node[OWN] = nothingOwn();
  append(node, children);
  for (const [name, value] of Object.entries(props ?? {})) give(node, name, value);
  return node;
}

const nothingOwn = () => ({ key: undefined, on: {}, value: undefined, checked: undefined, opaque: false });

function append(node, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(node, child);
    else if (child instanceof Node) node.append(child);
    else if (child !== null && child !== undefined && typeof child !== "boolean") {
      node.append(document.createTextNode(String(child)));
    }
  }
}

function give(node, name, value) {
  const own = node[OWN];
  if (name === "key" || name === "opaque") own[name] = value;
  else if (name === "on") listen(node, value);
  else if (name === "style") {
    for (const [property, text] of Object.entries(value)) node.style.setProperty(property, text);
  } else if (name === "value" && FIELDS.has(node.tagName)) own.value = node.value = String(value ?? "");
  else if (name === "checked") own.checked = node.checked = Boolean(value);
  else if (/^on/i.test(name) || name === "srcdoc") throw new Error(`${name} is no property: use on: {...}`);
  else if (value === false || value === null || value === undefined) return;
  else {
    const text = Array.isArray(value) ? value.filter(Boolean).join(" ") : value === true ? "" : String(value);
    if ((name === "href" || name === "src") && !GOOD_LINK.test(text)) return;
    if (name !== "class" || text) node.setAttribute(name, text);
  }
}

function listen(node, handlers) {
  const own = node[OWN];
  for (const [type, run] of Object.entries(handlers)) {
    if (!run) continue;
    if (!(type in own.on)) node.addEventListener(type, dispatch);
    own.on[type] = run;
  }
}

/** One listener for each type of event, which finds what is to be run today. */
function dispatch(event) {
  return event.currentTarget[OWN].on[event.type]?.call(event.currentTarget, event);
}

const keyOf = (node) => node[OWN]?.key;
const isAlike = (old, wanted) =>
  old.nodeType === wanted.nodeType && old.nodeName === wanted.nodeName && keyOf(old) === keyOf(wanted);

function matchChildren(place, fresh) {
  const wanted = [...fresh.childNodes];
  const kept = new Set(wanted.map(keyOf).filter((key) => key !== undefined));
  const keyed = new Map();
  for (const child of [...place.childNodes]) {
    const key = keyOf(child);
    if (key === undefined) continue;
    // What goes, goes first: then what stays need not move, and keeps its focus.
    if (kept.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let here = place.firstChild;
  for (const child of wanted) {
    const found = counterpart(child, here, keyed);
    if (!found) {
      place.insertBefore(child, here);
      continue;
    }
    if (found === here) here = here.nextSibling;
    else place.insertBefore(found, here);
    match(found, child);
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

function counterpart(wanted, here, keyed) {
  if (keyOf(wanted) !== undefined) {
    const found = keyed.get(keyOf(wanted));
    // Of two with one key the second is a new one.
    keyed.delete(keyOf(wanted));
    return found && isAlike(found, wanted) ? found : null;
  }
  while (here && keyOf(here) !== undefined) here = here.nextSibling;
  return here && isAlike(here, wanted) ? here : null;
}

function match(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  matchAttributes(old, fresh);
  const before = (old[OWN] ??= nothingOwn());
  const after = fresh[OWN];
  before.on = Object.fromEntries(Object.keys(before.on).map((type) => [type, undefined]));
  listen(old, after.on);
  if (!after.opaque) matchChildren(old, fresh);
  matchField(old, before, after);
}

function matchAttributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (name === "style") old.style.cssText = fresh.style.cssText;
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (fresh.hasAttribute(name) || (name === "open" && OPENS_BY_HAND.has(old.tagName))) continue;
    old.removeAttribute(name);
  }
}

/** A field follows what the page says only where that has changed, and never under a person's hands. */
function matchField(old, before, after) {
  if (document.activeElement !== old) {
    if (after.value !== before.value && after.value !== undefined) old.value = after.value;
    if (after.checked !== before.checked && after.checked !== undefined) old.checked = after.checked;
  }
  before.value = after.value;
  before.checked = after.checked;
}
