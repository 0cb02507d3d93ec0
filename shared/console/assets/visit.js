/**
 * One visit to a page: it is read, shown, read again when something happens, and left.
 *
 * Reading again waits for the tab to be looked at, and for a second, and for five times as long as the last
 * reading took: a large installation is not asked harder because it is large.
 */

import { h, patch } from "./dom.js";
import { failed, said } from "./notice.js";
import { go } from "./router.js";

const LEAST_PAUSE_MS = 1_000;
const SHARE = 5;
const TYPING_MS = 150;

export class Visit {
  #page = null;
  #found;
  #live;
  #data = null;
  #problem = null;
  #reading = null;
  #timer = 0;
  #isDirty = false;
  #pause = LEAST_PAUSE_MS;
  #isOver = false;
  state = {};

  /** Go there. `before` is ended; a change of the query alone goes on with the same state, and scroll. */
  static to(found, { live, before }) {
    if (before && found && before.#found?.path === found.path) {
      before.#turn(found);
      return before;
    }
    before?.end();
    const visit = new Visit(found, live);
    visit.#begin();
    return visit;
  }

  constructor(found, live) {
    this.#found = found;
    this.#live = live;
  }

  /** What is known is shown by the new query at once; it is read again when nobody types any more. */
  #turn(found) {
    this.#found = found;
    if (!this.#page) return;
    this.#watch();
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.reload, TYPING_MS);
  }

  async #begin() {
    if (!this.#found) {
      this.#live.watch([]);
      this.#problem = { message: "There is no such page.", status: 404 };
      return this.#show({ isNew: true });
    }
    try {
      this.#page = await this.#found.route.load();
    } catch {
      this.#problem = { message: "This page could not be loaded. Is the service running?" };
    }
    if (this.#isOver) return;
    this.#show({ isNew: true });
    if (!this.#page) return;
    this.#watch();
    await this.reload();
  }

  end() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#reading?.abort();
  }

  /** Something happened: read again, soon, unless the page knows that the event is not of what it shows. */
  happened(event = null) {
    const { concerns } = this.#page ?? {};
    if (event && event.type !== "Reconnected" && concerns && this.#data && !concerns(event, this.#data)) return;
    this.#isDirty = true;
    this.wake();
  }

  /** Read again if there is reason to, and somebody looks. */
  wake() {
    if (!this.#isDirty || this.#timer || this.#reading || this.#isOver || document.hidden) return;
    this.#timer = setTimeout(() => this.reload(), this.#pause);
  }

  /** Read and show. */
  reload = async () => {
    if (!this.#page || this.#isOver) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#isDirty = false;
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    const start = performance.now();
    try {
      this.#data = await this.#page.read({ ...this.#where(), signal: reading.signal });
      this.#problem = null;
    } catch (error) {
      if (this.#reading !== reading || this.#isOver) return;
      if (!("status" in error) && error.name !== "AbortError") console.error(error);
      this.#problem = error;
    }
    if (this.#reading !== reading || this.#isOver) return;
    this.#reading = null;
    this.#pause = Math.max(LEAST_PAUSE_MS, SHARE * (performance.now() - start));
    this.#show();
    this.wake();
  };

  /** Show what is known, again. */
  update = () => this.#show();

  #watch() {
    const { events = [], eventQuery } = this.#page;
    const where = this.#where();
    this.#live.watch(typeof events === "function" ? events(where) : events, eventQuery?.(where) ?? {});
  }

  #where() {
    return { params: this.#found.params, query: this.#found.query, state: this.state };
  }

  #handed() {
    const { reload, update } = this;
    const { path, query } = this.#found;
    return {
      ...this.#where(),
      reload,
      update,
      go: (changes, options) => go(path, { ...query, ...changes }, options),
      act: async (run, text) => {
        try {
          const answer = await run();
          if (text) said(typeof text === "function" ? text(answer) : text);
          await reload();
          return answer;
        } catch (error) {
          failed(error);
          return null;
        }
      },
    };
  }

  #show({ isNew = false } = {}) {
    const main = document.getElementById("main");
    if (!main || this.#isOver) return;
    const title = this.#page?.title({ ...(this.#found && this.#where()), data: this.#data }) ?? "Not found";
    const handed = this.#found && this.#page && this.#handed();
    const isThere = this.#data !== null && this.#page;
    const heading = h("h1", { tabindex: "-1" }, title);
    const content = [
      h("header", { class: "top", key: "top" }, heading, isThere && this.#page.acts && h("div", { class: "acts" }, this.#page.acts(this.#data, handed))),
      this.#problem && problem(this.#problem, isThere, this.reload),
      isThere && h("div", { key: "content", class: "content" }, this.#page.view(this.#data, handed)),
      !isThere && !this.#problem && h("p", { key: "waiting", class: "waiting" }, "Loading…"),
    ];
    if (isNew) main.replaceChildren();
    patch(main, content);
    main.setAttribute("aria-busy", String(!isThere && !this.#problem));
    document.title = `${title} · Spooled`;
    if (isNew) {
      scrollTo(0, 0);
      main.querySelector("h1").focus({ preventScroll: true });
    }
  }
}

/** What went wrong: in place of the page, or above what was read before. */
function problem(error, isThere, again) {
  return h(
    "div",
    { key: "problem", class: ["banner", isThere ? "warn" : "bad"], role: "alert" },
    h("p", null, isThere && "This may be old. ", error.message),
    error.requestId && h("small", null, "Request ", h("code", null, error.requestId)),
    error.status !== 404 && h("button", { type: "button", on: { click: again } }, "Try again"),
  );
}
