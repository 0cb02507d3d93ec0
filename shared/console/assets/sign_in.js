/** The way in: an API key, or a code by e-mail. The place in the address stays, and is opened afterwards. */

import { field, show, valuesOf } from "./dialog.js";
import { h, patch } from "./dom.js";
import { secretView } from "./secret.js";
import { signIn, signUp, startEmail, verifyEmail } from "./session.js";

const KEY = [{ name: "key", label: "API key", type: "password", required: true, minlength: 10, maxlength: 255, placeholder: "sk_live_…", autocomplete: "current-password", help: "It is exchanged for a token of an hour, and not kept." }];
const EMAIL = [{ name: "email", label: "E-mail", type: "email", required: true, maxlength: 320, autocomplete: "email" }];
const CODE = [{ name: "code", label: "Code", required: true, minlength: 6, maxlength: 6, autocomplete: "one-time-code", autocapitalize: "characters", spellcheck: "false" }];
const NAME = [{ name: "name", label: "Name of your organization", required: true, minlength: 3, maxlength: 100, autocomplete: "organization" }];
const WAYS = [["key", "API key"], ["email", "E-mail"]];

export function signInView(app) {
  document.title = "Sign in · Spooled";
  let way = "key";
  let sentTo = null;
  let proof = null;

  const draw = () => {
    const [fields, act, intro, run] = step();
    patch(
      app,
      h(
        "main",
        { id: "main", class: "sign-in", tabindex: "-1", key: `sign-in-${way}-${sentTo ?? ""}-${proof ?? ""}` },
        h("h1", null, h("span", { class: "mark", "aria-hidden": "true" }, "≡"), " Spooled"),
        h("div", { class: "ways", role: "group", "aria-label": "Sign in by" }, WAYS.map(([name, text]) => h("button", { type: "button", "aria-pressed": String(way === name), on: { click: () => turn(name) } }, text))),
        h("form", { on: { submit: (event) => submitted(event, fields, run) } }, intro && h("p", null, intro), fields.map(field), h("p", { class: "problem", role: "alert" }), h("button", { type: "submit", class: "primary wide" }, act)),
        h("p", { class: "faint" }, "No account yet? ", "Sign in by e-mail and make an organization, or ", h("a", { href: "/docs#organizations" }, "make one by the API"), " and sign in with its key."),
      ),
    );
    app.querySelector("input")?.focus();
  };
  const turn = (name) => {
    way = name;
    sentTo = proof = null;
    draw();
  };
  const step = () => {
    if (way === "key") return [KEY, "Sign in", null, ({ key }) => signIn(key)];
    if (proof) return [NAME, "Make it", `${sentTo} belongs to no organization yet. Make one:`, makeOrganization];
    if (!sentTo) return [EMAIL, "Send a code", null, sendCode];
    return [CODE, "Sign in", `If ${sentTo} is known here, a code of six characters is on its way to it.`, enterCode];
  };
  const sendCode = async ({ email }) => {
    await startEmail(email);
    sentTo = email;
    draw();
  };
  const enterCode = async ({ code }) => {
    const verified = await verifyEmail(sentTo, code);
    if (verified.type !== "signup") return;
    proof = verified.signup_token;
    draw();
  };
  const makeOrganization = async ({ name }) => {
    const key = await signUp(proof, sentTo, name);
    await show({ title: `${name} is there`, content: secretView(key, "This is its first API key, for your programs."), act: "I have it" });
  };
  draw();
}

async function submitted(event, fields, run) {
  event.preventDefault();
  const form = event.currentTarget;
  const problem = form.querySelector(".problem");
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  patch(problem);
  try {
    await run(valuesOf(form, fields));
  } catch (error) {
    patch(problem, error.message, error.requestId && h("small", null, " Request ", h("code", null, error.requestId)));
  }
  button.disabled = false;
}
