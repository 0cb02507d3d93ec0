/**
 * Live events: the stream /api/v1/events, read by fetch, because only so does the token travel in a header.
 *
 *   const live = new Live({ token, onEvent: (event) => ..., onState: (state) => ... })
 *   live.watch(["QueueStats", "QueuePaused"], { queue })    these types from now on; an empty list: none
 *   live.stop()
 *
 * States: "off", "connecting", "live", and "polling" where there is no stream to read: then pages are read
 * again by the clock. After a break it goes on behind the last event that it has seen. `onEvent` also gets
 * { type: "Reconnected" } when something may have been missed.
 */

import { address } from "./api.js";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const WITHOUT_STREAM_MS = 60_000;
const SILENCE_MS = 60_000;
const NO_STREAM = new Set([403, 404, 405, 501]);

export class Live {
  #token;
  #onEvent;
  #onState;
  #types = [];
  #query = {};
  #lastId = "";
  #reading = null;
  #timer = 0;
  #pause = FIRST_PAUSE_MS;
  #isMissing = false;

  constructor({ token, onEvent, onState }) {
    this.#token = token;
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  watch(types, query = {}) {
    const same = this.#reading && types.join() === this.#types.join() && JSON.stringify(query) === JSON.stringify(this.#query);
    if (same) return;
    this.#end();
    this.#types = types;
    this.#query = query;
    this.#lastId = "";
    if (types.length > 0) this.#read();
    else this.#onState("off");
  }

  stop() {
    this.#types = [];
    this.#end();
    this.#onState("off");
  }

  #end() {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.#reading = null;
  }

  async #read() {
    const reading = new AbortController();
    this.#reading = reading;
    if (!this.#isMissing) this.#onState("connecting");
    let pause = this.#pause;
    try {
      const answer = await this.#ask(reading.signal);
      if (answer.ok && answer.body) {
        this.#isMissing = false;
        this.#pause = pause = FIRST_PAUSE_MS;
        this.#onState("live");
        await this.#take(answer.body, reading);
      } else {
        this.#isMissing = NO_STREAM.has(answer.status);
        if (this.#isMissing) pause = WITHOUT_STREAM_MS;
      }
    } catch {
      // The line broke: it is tried again below.
    }
    if (this.#reading !== reading) return;
    this.#onState(this.#isMissing ? "polling" : "connecting");
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => {
      this.#onEvent({ type: "Reconnected", data: {} });
      this.#read();
    }, pause * (0.75 + Math.random() / 2));
  }

  async #ask(signal) {
    const headers = { Accept: "text/event-stream" };
    const token = await this.#token();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
    const url = address("/events", { ...this.#query, events: this.#types.join(",") });
    return fetch(url, { headers, signal, cache: "no-store", credentials: "omit" });
  }

  async #take(body, reading) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let watchdog = 0;
    try {
      for (;;) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => reading.abort(), SILENCE_MS);
        const { value, done } = await reader.read();
        if (done) return;
        const frames = (rest + value).split("\n\n");
        rest = frames.pop();
        for (const frame of frames) this.#hear(frame);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  #hear(frame) {
    let data = "";
    for (const line of frame.split("\n")) {
      // The id "end" says that there is nothing behind it: the next reading begins anew.
      if (line.startsWith("id: ")) this.#lastId = line.slice(4) === "end" ? "" : line.slice(4);
      else if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (data) this.#onEvent(JSON.parse(data));
  }
}
