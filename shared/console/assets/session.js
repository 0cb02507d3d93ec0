/**
 * Who is signed in. Tokens live in sessionStorage: they end with the tab, and no other tab or cookie has them.
 *
 *   current()             { organization, email, ... } or null
 *   await signIn(key)     by an API key
 *   await startEmail(address), await verifyEmail(address, code)    by a code; { type: "signup", signup_token } has
 *                                                                  no organization yet
 *   await signUp(signupToken, email, name)      make it, and be signed in; gives its first API key
 *   await signOut()
 *   onChange(listener)    signed in, out, or refused
 */

import { authorizeBy, get, request } from "./api.js";

const PLACE = "spooled.session";
const EARLY_MS = 60_000;

let session = restored();
let refreshing = null;
const listeners = new Set();

export const current = () => session;

export function onChange(listener) {
  listeners.add(listener);
}

export async function signIn(apiKey) {
  const { body } = await request("POST", "/auth/login", { body: { api_key: apiKey }, anonymous: true });
  await begin(body);
}

/** Ask for a code by e-mail. */
export async function startEmail(email) {
  return (await request("POST", "/auth/email/start", { body: { email }, anonymous: true })).body;
}

/** Sign in with the code; who has no organization yet is told so and stays outside. */
export async function verifyEmail(email, code) {
  const { body } = await request("POST", "/auth/email/verify", { body: { email, code }, anonymous: true });
  if (body.type === "login") await begin(body, email);
  return body;
}

/** Make an organization of that name for a proven address, and be signed in to it. Gives its first API key. */
export async function signUp(signupToken, email, name) {
  const ask = async (path, body) => (await request("POST", path, { body, anonymous: true })).body;
  const { slug } = await ask("/organizations/generate-slug", { name });
  const made = await ask("/auth/signup/complete", { signup_token: signupToken, name, slug });
  await begin(made, email);
  return made.api_key;
}

/** End both tokens, here and at the service. */
export async function signOut() {
  const ending = session;
  // First here, so that nothing is asked any more with a token that ends.
  keep(null);
  try {
    await request("POST", "/auth/logout", { body: { refresh_token: ending?.refresh }, bearer: ending?.access });
  } catch {
    // They are forgotten here in any case, and end by themselves.
  }
}

/** The access token of this moment, renewed before it ends; null when nobody is signed in. */
export async function token() {
  if (session && session.ends - Date.now() < EARLY_MS) await renewed();
  return session?.access ?? null;
}

authorizeBy({
  token,
  refused: (refusedToken) => {
    if (session && session.access === refusedToken) keep(null);
  },
});

async function begin(tokens, email = "") {
  session = {
    access: tokens.access_token,
    refresh: tokens.refresh_token,
    ends: Date.now() + tokens.expires_in * 1000,
    email,
    organization: null,
  };
  const me = await get("/auth/me").catch((error) => {
    session = null;
    throw error;
  });
  keep({ ...session, organization: me.organization, role: me.role, queues: me.queues, permissions: me.permissions });
}

function renewed() {
  refreshing ??= renew().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function renew() {
  const before = session;
  try {
    const { body } = await request("POST", "/auth/refresh", {
      body: { refresh_token: before.refresh },
      anonymous: true,
    });
    if (session === before) {
      keep({ ...before, access: body.access_token, ends: Date.now() + body.expires_in * 1000 }, { quiet: true });
    }
  } catch (error) {
    // A service that is away for the moment is no reason to sign in again.
    if (error.status === 401 && session === before) keep(null);
  }
}

function keep(next, { quiet = false } = {}) {
  session = next;
  if (next) sessionStorage.setItem(PLACE, JSON.stringify(next));
  else sessionStorage.removeItem(PLACE);
  if (!quiet) for (const listener of listeners) listener(session);
}

function restored() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
  } catch {
    return null;
  }
}
