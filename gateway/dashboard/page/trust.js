// Whether what is shown may be believed: said for the page, the gateway, its shards and the book.

import { duration, mark, plural, say } from "./format.js";

const $ = (id) => document.getElementById(id);
const SECOND = 1e6; // ns in a ms

const STATES = {
  EMPTY: "nothing has arrived yet",
  SYNCING: "it is being put together; the snapshot is not joined yet",
  GAPPED: "something is missing in it; it is being mended",
  STALE: "what comes is late, or nothing has come for too long",
  DOWN: "no connection delivers it",
  HALTED: "the venue says that it does not trade",
  RETIRED: "it is not carried any more",
  DEAD: "its writer is gone or hangs; this is the last there was",
};
const REASONS = {
  SUBSCRIBED: "just subscribed", GAP: "events are missing in the stream", DISCONNECTED: "the connection broke",
  CONNECTED: "connected anew", STALLED: "the shard was held up", UNREADABLE: "a message could not be read",
  CROSSED: "bid and ask crossed", RESTARTED: "the shard was started anew", INEXACT: "a number could not be kept exactly",
  OVERFLOW: "too much at once", SILENT: "the stream is silent", LAGGING: "the stream runs late",
  HALTED: "trading is halted", AUDIT: "a fresh snapshot differed", THIN: "too few levels were left",
};

let feed = ["connecting", null];
let gateway = { state: "unknown" };
let shards = [];

export function feedIs(state, age) {
  feed = [state, age];
  render();
}

export function gatewayIs(message) {
  gateway = message.gateway;
  shards = message.shards ?? [];
  render();
}

// Of a book or a quote: what keeps it from being traded on; null where nothing does.
export function verdict(state, reason) {
  if (state === "LIVE") return null;
  const why = REASONS[reason] ? ` (${REASONS[reason]})` : "";
  return { tone: state === "SYNCING" || state === "EMPTY" ? "wait" : "bad", title: `${state} · do not trade on this`, why: `${STATES[state] ?? ""}${why}` };
}

function render() {
  const said = banner();
  const box = $("banner");
  mark(document.body, "feed", feed[0]);
  mark(document.body, "gateway", gateway.state);
  document.body.classList.toggle("old", feed[0] !== "live" || gateway.state !== "LIVE");
  box.hidden = !said;
  if (said) {
    mark(box, "tone", said.tone);
    say(box.firstElementChild, said.title);
    say(box.lastElementChild, said.text);
  }
  const whole = feed[0] === "live" ? gateway.state : feed[0] === "connecting" ? "WAITING" : "STALE";
  mark($("whole"), "state", whole);
  say($("whole"), feed[0] === "live" ? gateway.state : feed[0] === "connecting" ? "CONNECTING" : "PAGE NOT FED");
}

function banner() {
  const [state, age] = feed;
  if (state === "connecting") return null;
  if (state === "closed" || state === "stale") {
    const why = state === "closed" ? "Its server has ended; start it with 'gateway dashboard'." : "Its server hangs or is held up.";
    return { tone: "bad", title: "THIS PAGE IS NOT FED.", text: `What stands here is ${duration(Math.floor(age / 1000) * 1000 * SECOND)} old. ${why} Trying again.` };
  }
  if (gateway.state === "WAITING") return { tone: "wait", title: "NO GATEWAY IS RUNNING.", text: `This page waits for one. ${gateway.why}` };
  if (gateway.state === "DEAD") return { tone: "bad", title: "THE GATEWAY IS DEAD.", text: "No shard is alive: what stands below is the last there was. This page follows by itself when it is started anew." };
  const dead = shards.filter((shard) => !shard.alive);
  if (!dead.length) return null;
  return { tone: "bad", title: `${dead.length} OF ${plural(shards.length, "SHARD").toUpperCase()} DEAD.`, text: `Not to be trusted: instruments of shard ${dead.map((shard) => shard.id).join(", ")}.` };
}
