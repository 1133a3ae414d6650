// Who it is, totals, shards with their connections, gaps, counters.

import { clock, count, duration, element, keyed, mark, plural, rate, say, size } from "./format.js";

const $ = (id) => document.getElementById(id);
const SPARK = 120; // values that the line of the rate has
const BAD = /unreadable|dropped|refused|crossed|inexact|out_of_range|stalls|lost|differing|backwards|foreign|silent|lagging|thin|^gaps$/;
const history = [];

const tile = (name) => document.querySelector(`[data-is=${name}]`);

export function who(gateway) {
  const facts = gateway.state === "WAITING" ? [] : [
    ["", gateway.run_dir], ["from", gateway.upstream || "nowhere"], ["pid", String(gateway.pid)],
    [gateway.state === "LIVE" ? "up" : "ended, started", duration(gateway.uptime) + (gateway.state === "LIVE" ? "" : " ago")],
  ];
  keyed($("who"), facts, ([name]) => name, () => {
    const made = element("div");
    made.append(element("dt"), element("dd"));
    return made;
  }, (node, [name, value]) => {
    say(node.firstElementChild, name);
    say(node.lastElementChild, value);
    node.lastElementChild.title = value;
  });
  say($("clock"), gateway.time ? `${clock(gateway.time)} UTC` : "");
}

export function totals({ totals: all, shards, weight }) {
  say(tile("rate"), rate(all.rate));
  say(tile("bytes"), `${size(all.bytes_rate)}/s`);
  const streams = Object.values(all.streams).reduce((sum, each) => sum + each, 0);
  const ill = Object.entries(all.streams).filter(([name]) => !["DELIVERING", "QUIET", "WAITING"].includes(name));
  say(tile("streams"), plural(streams, "stream") + ill.map(([name, number]) => `, ${number} ${name}`).join(""));
  states(all.states);
  const alive = shards.filter((shard) => shard.state === "LIVE").length;
  const links = shards.flatMap((shard) => shard.links);
  const down = links.filter((link) => link.state === "DOWN").length;
  tell("shards", `${alive} of ${shards.length}`, alive < shards.length || down > 0);
  say(tile("links"), `${links.filter((link) => link.state === "ACTIVE").length} connections up${down ? `, ${down} DOWN` : ""}`);
  tell("open", count(all.open), all.open > 0);
  say(tile("gaps"), `${count(all.gaps)} since the start`);
  const pools = Object.entries(weight ?? {});
  const held = pools.some(([, pool]) => pool.held_s > 0);
  const used = Math.max(0, ...pools.map(([, pool]) => (pool.limit ? pool.spent / pool.limit : 0)));
  tell("weight", pools.length ? `${(used * 100).toFixed(0)} %${held ? " HELD" : ""}` : "–", held);
  say(tile("pools"), pools.length ? pools.map(([name, pool]) => `${name} ${pool.spent}/${pool.limit}`).join(" · ") : "the supervisor does not answer");
  spark(all.rate);
}

function states(found) {
  const all = Object.values(found).reduce((sum, each) => sum + each, 0);
  const others = Object.entries(found).filter(([name]) => name !== "LIVE");
  tell("live", `${count(found.LIVE ?? 0)} of ${count(all)}`, others.some(([name]) => !["SYNCING", "EMPTY"].includes(name)));
  say(tile("states"), others.map(([name, number]) => `${count(number)} ${name}`).join(", ") || "all of them");
}

function tell(name, text, isBad) {
  say(tile(name), text);
  mark(tile(name).parentElement, "tone", isBad ? "bad" : "good");
}

function spark(value) {
  history.push(value);
  if (history.length > SPARK) history.shift();
  const most = Math.max(1, ...history) * 1.1;
  const points = history.map((each, at) => `${SPARK - history.length + at} ${(24 - (24 * each) / most).toFixed(1)}`);
  $("spark").setAttribute("viewBox", `0 0 ${SPARK - 1} 24`);
  $("spark").firstElementChild.setAttribute("d", history.length > 1 ? `M${points.join("L")}` : "");
}

export function shards(found) {
  keyed($("map"), found, (shard) => shard.id, (shard) => {
    const made = element("article", "shard"), head = element("div");
    head.append(element("b", "", `Shard ${shard.id}`), element("span", "badge"), element("small"));
    made.append(head, element("p"), element("div", "links"));
    made.lastElementChild.style.display = "block";
    made.lastElementChild.style.padding = "0";
    return made;
  }, (node, shard) => {
    const [head, facts, links] = node.children;
    mark(node, "state", shard.state);
    mark(head.children[1], "state", shard.state);
    say(head.children[1], shard.state);
    say(head.children[2], `${rate(shard.rate)}/s`);
    say(facts, shard.pid ? `${plural(shard.instruments, "instrument")}, ${plural(shard.streams, "stream")}, pid ${shard.pid}, heartbeat ${duration(shard.heartbeat)} ago, ${size(shard.size)}` : "nothing is there to be read");
    keyed(links, shard.links, (link) => link.name, connection, showLink);
  });
}

function connection() {
  const made = element("div", "link");
  made.append(element("i"), ...Array.from({ length: 4 }, () => element("span")));
  return made;
}

function showLink(node, link) {
  mark(node, "state", link.state);
  const lag = link.state === "ACTIVE" ? `lag ${duration(link.lag)}` : "";
  [link.name, link.state, plural(link.streams, "stream"), link.state === "ACTIVE" ? `${rate(link.rate)}/s` : "–"]
    .forEach((text, at) => say(node.children[at + 1], text));
  const title = `${link.name}: ${link.state}, ${lag ? `${lag}, ` : ""}connected ${plural(link.connects, "time")}, ${plural(link.errors, "error")}, heard ${duration(link.silent)} ago`;
  if (node.title !== title) node.title = title;
}

export function gaps(found, all) {
  say($("gaps-note"), `${count(all.open)} open, ${count(all.gaps)} in all`);
  const rows = [
    ...all.troubled.map(([stream, how]) => ({ key: `stream ${stream}`, state: how, stream, text: "now" })),
    ...found.map((gap) => ({ key: `${gap.shard} ${gap.opened} ${gap.stream}`, state: gap.state, stream: gap.stream, text: `${gap.missing ? `${count(gap.recovered)}/${count(gap.missing)} · ` : ""}${clock(gap.opened)}` })),
  ];
  nothing($("gap-list"), rows.length === 0, "No gap is known, and every stream delivers.");
  keyed($("gap-list"), rows, (row) => row.key, () => {
    const made = element("li");
    made.append(element("b"), element("span"), element("small"));
    return made;
  }, (node, row) => {
    mark(node, "state", row.state);
    [row.state, row.stream, row.text].forEach((text, at) => say(node.children[at], text));
    node.title = row.stream;
  });
}

export function counters(found) {
  nothing($("counter-list"), found.length === 0, "Nothing has been counted yet.");
  keyed($("counter-list"), found, ([name]) => name, ([name]) => {
    const made = element("li", BAD.test(name) ? "bad" : "");
    made.append(element("span", "", name.replaceAll("_", " ")), element("b"), element("em"));
    return made;
  }, (node, [name, total, perSecond]) => {
    const isSize = name === "bytes_received";
    say(node.children[1], isSize ? size(total) : count(total));
    say(node.children[2], perSecond ? (isSize ? `${size(perSecond)}/s` : `${rate(perSecond)}/s`) : "");
  });
}

function nothing(list, isEmpty, text) {
  let said = list.parentElement.querySelector(".empty");
  if (!said) list.after((said = element("p", "empty", text)));
  said.hidden = !isEmpty;
}
