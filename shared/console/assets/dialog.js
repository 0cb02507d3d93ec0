/**
 * Questions before an act, in the browser's own <dialog>: Escape and the button leave everything as it is.
 *
 *   await ask({
 *     title: "Pause emails?",
 *     text: "Jobs that run go on.",                       text, an element, or a list
 *     fields: [{ name: "reason", label: "Reason", help: "...", required: true, maxlength: 500 }],
 *     act: "Pause", leave: "Cancel", danger: false,
 *     run: async (values) => post(...),                   what it throws is shown here, and nothing is lost
 *   })                                                    what `run` gave; null when it was left
 *   await show({ title, content })                        something to read, with one button
 *
 * A field: { name, label, type = "text", value, help, required, options: [[value, text], ...], rows, checked }
 * and any attribute of an input (min, max, step, pattern, maxlength, placeholder, autocomplete). `type` may be
 * "select", "textarea", "checkbox" and "checks" (several boxes: `value` is the list of the ticked ones).
 * Values are texts; of a checkbox true or false, of checks a list, of an empty number null, else a number.
 */

import { h, patch } from "./dom.js";

let count = 0;

export function ask({ title, text, fields = [], act, leave = "Cancel", danger = false, run = async (values) => values }) {
  return opened((close) => {
    const problem = h("p", { class: "problem", role: "alert" });
    const submit = h("button", { type: "submit", class: danger ? "danger" : "primary", autofocus: !danger && fields.length === 0 }, act);
    const form = h(
      "form",
      {
        on: {
          submit: async (event) => {
            event.preventDefault();
            submit.disabled = true;
            patch(problem);
            try {
              close((await run(valuesOf(form, fields))) ?? true);
            } catch (error) {
              patch(problem, error.message, error.requestId && h("small", null, " Request ", h("code", null, error.requestId)));
              submit.disabled = false;
            }
          },
        },
      },
      heading(title),
      text && h("div", { class: "prose" }, text),
      fields.map(field),
      problem,
      h("div", { class: "buttons" }, h("button", { type: "button", autofocus: danger && fields.length === 0, on: { click: () => close(null) } }, leave), submit),
    );
    return form;
  });
}

export function show({ title, content, act = "Close" }) {
  return opened((close) =>
    h(
      "form",
      { on: { submit: (event) => (event.preventDefault(), close(null)) } },
      heading(title),
      content,
      h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, act)),
    ),
  );
}

/** One field with its label and help, for forms on pages too. */
export function field({ name, label, type = "text", value, help, options = [], checked, id = `field-${(count += 1)}`, ...rest }) {
  const props = { id, name, "aria-describedby": help && `${id}-help`, ...rest };
  const explained = help && h("small", { id: `${id}-help`, class: "help" }, help);
  if (type === "checkbox") {
    return h("div", { class: "field check" }, h("input", { ...props, type, checked }), h("label", { for: id }, label), explained);
  }
  if (type === "checks") {
    const boxes = options.map(([box, text]) =>
      h("label", { class: "check" }, h("input", { type: "checkbox", name, value: box, checked: value?.includes(box) }), " ", text),
    );
    return h("fieldset", { class: "field" }, h("legend", null, label), h("div", { class: "checks" }, boxes), explained);
  }
  const input =
    type === "select"
      ? h("select", { ...props, value }, options.map(([choice, text]) => h("option", { value: choice }, text)))
      : type === "textarea"
        ? h("textarea", { rows: 3, ...props, value })
        : h("input", { ...props, type, value });
  return h("div", { class: "field" }, h("label", { for: id }, label), input, explained);
}

/** What a form holds, by the names of its fields. */
export function valuesOf(form, fields) {
  const data = new FormData(form);
  const values = {};
  for (const { name, type } of fields) {
    if (type === "checkbox") values[name] = data.has(name);
    else if (type === "checks") values[name] = data.getAll(name);
    else {
      const text = (data.get(name) ?? "").trim();
      values[name] = type === "number" ? (text === "" ? null : Number(text)) : text;
    }
  }
  return values;
}

const heading = (title) => h("h2", { id: "dialog-title" }, title);

function opened(build) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    let answer = null;
    const dialog = h("dialog", {
      "aria-labelledby": "dialog-title",
      on: {
        close: () => {
          dialog.remove();
          before?.isConnected && before.focus();
          resolve(answer);
        },
      },
    });
    dialog.append(
      build((value) => {
        answer = value;
        dialog.close();
      }),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
