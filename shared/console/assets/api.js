/**
 * The API, as the console's pages ask it: the same routes, rights, limits and audit log as for anyone.
 *
 *   await get("/queues", { query: { limit: 50 }, signal })      the JSON of the answer
 *   await post("/queues/emails/pause", { reason: "..." })       also put, patch, del
 *   await getPage("/jobs", { query, signal })                   { items, hasMore, headers }
 *
 * Paths stand under /api/v1, but for /health. What is refused is thrown as ApiError, which says it in the
 * words of the service and knows the id under which the log has the request.
 */

const V1 = "/api/v1";
const AT_THE_ROOT = /^\/health/;
const LONG_NUMBER = /\d{16}/;
const WHOLE = /^-?\d+$/;

export class ApiError extends Error {
  constructor(message, { status = 0, code = "", requestId = "", details = null, body = null } = {}) {
    super(message);
    this.name = "ApiError";
    /** HTTP status; 0 when no answer came. */
    this.status = status;
    /** The machine code, such as LEASE_EXPIRED. */
    this.code = code;
    this.requestId = requestId;
    /** Of a broken rule a list of { field, message, code }. */
    this.details = details;
    this.body = body;
  }
}

let authority = { token: async () => null, refused: () => {} };

/** Who knows the token of this moment, and wants to hear that it was refused. */
export function authorizeBy(provider) {
  authority = provider;
}

export const get = async (path, options) => (await request("GET", path, options)).body;
export const post = async (path, body = {}, options = {}) =>
  (await request("POST", path, { ...options, body })).body;
export const put = async (path, body = {}, options = {}) =>
  (await request("PUT", path, { ...options, body })).body;
export const patchJson = async (path, body = {}, options = {}) =>
  (await request("PATCH", path, { ...options, body })).body;
export const del = async (path, options) => (await request("DELETE", path, options)).body;

/** A page of a list, and whether another follows. */
export async function getPage(path, options) {
  const { body, headers } = await request("GET", path, options);
  return { items: body, hasMore: headers.get("x-has-more") === "true", headers };
}

/** The address of a path with a query, of which empty values fall out. */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return (AT_THE_ROOT.test(path) ? "" : V1) + path + (text ? `?${text}` : "");
}

/**
 * One request. `anonymous`: without the token, for signing in. `bearer`: with this token, whoever is signed in.
 * Gives { status, headers, body }; throws ApiError.
 */
export async function request(method, path, { body, query, signal, bearer = null, anonymous = false } = {}) {
  const headers = {};
  const token = anonymous ? null : (bearer ?? (await authority.token()));
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address(path, query), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: "no-store",
      credentials: "omit",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The service does not answer. Is it running, and are you connected?");
  }
  const said = await bodyOf(answer);
  if (answer.ok) return { status: answer.status, headers: answer.headers, body: said };
  if (answer.status === 401 && !anonymous) authority.refused(token);
  throw refusal(answer, said);
}

async function bodyOf(answer) {
  const text = await answer.text();
  if (!text) return null;
  return answer.headers.get("content-type")?.includes("json") ? parsed(text) : text;
}

/** The value of JSON text, whole numbers as they were written. */
export const parsed = (text) => JSON.parse(text, LONG_NUMBER.test(text) ? exact : undefined);

/** A whole number beyond what JavaScript counts to stays as it was written; browsers that cannot do this round it. */
function exact(_, value, context) {
  const isRounded = typeof value === "number" && context && !Number.isSafeInteger(value) && WHOLE.test(context.source);
  return isRounded && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}

function refusal(answer, said) {
  const known = said && typeof said === "object" ? said : {};
  const fields = Array.isArray(known.details) ? known.details : [];
  const reasons = fields.filter((entry) => entry?.field).map((entry) => `${entry.field}: ${entry.message}`);
  const message = known.message || `The service answered ${answer.status}.`;
  return new ApiError(reasons.length > 0 && !message.includes(fields[0].message) ? `${message} (${reasons.join("; ")})` : message, {
    status: answer.status,
    code: known.code ?? "",
    requestId: answer.headers.get("x-request-id") ?? "",
    details: known.details ?? null,
    body: known,
  });
}
