// Latencies of each stage as histograms over one logarithmic axis.

import { count, element, keyed, latency, say } from "./format.js";

const $ = (id) => document.getElementById(id);
const NAMES = {
  event_to_recv: "venue to here", recv_to_publish: "here to decoded",
  publish_to_visible: "decoded to memory", publish_to_zmq: "decoded to ZeroMQ",
};
const PER_OCTAVE = 4; // bins, as the server sends them
const SVG = "http://www.w3.org/2000/svg";
const decade = (ns) => Math.log10(Math.max(1, ns));
const edge = (bin) => decade(2 ** (bin / PER_OCTAVE));

// It only grows: an axis that jumps cannot be read.
let [low, high] = [3, 7];

export function show(stages, seconds) {
  for (const { bins } of stages) {
    if (!bins.length) continue;
    low = Math.max(0, Math.min(low, Math.floor(edge(bins[0][0]))));
    high = Math.min(11, Math.max(high, Math.ceil(edge(bins.at(-1)[0] + 1))));
  }
  say($("latency-note"), seconds ? `of the last ${seconds.toFixed(0)} s` : "since the start");
  keyed($("stages"), stages, (stage) => stage.name, make, update);
  const ticks = Array.from({ length: high - low + 1 }, (_, at) => low + at)
    .filter((_, at) => at % Math.ceil((high - low) / 6) === 0);
  keyed($("stage-axis"), ticks, (tick) => tick, () => element("span"), (node, tick) => {
    say(node, latency(10 ** tick));
    node.style.left = `${((tick - low) / (high - low)) * 100}%`;
  });
}

function make(stage) {
  const made = element("div", "stage"), head = element("h3", "", NAMES[stage.name] ?? stage.name.replaceAll("_", " "));
  for (const name of ["p50", "p99", "p99.9"]) {
    const one = element("span");
    one.append(`${name} `, element("b"));
    head.append(one);
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("viewBox", "0 0 1000 100");
  svg.setAttribute("role", "img");
  const bars = document.createElementNS(SVG, "path"), line = document.createElementNS(SVG, "line");
  bars.setAttribute("class", "bars");
  svg.append(bars, line);
  made.append(head, svg);
  return made;
}

function update(node, stage) {
  const [head, svg] = node.children;
  node.classList.toggle("none", !stage.count);
  [stage.p50, stage.p99, stage.p999].forEach((value, at) => say(head.children[at].lastElementChild, latency(value)));
  const x = (value) => (1000 * (value - low)) / (high - low);
  const most = Math.max(1, ...stage.bins.map(([, number]) => number));
  let path = "";
  for (const [bin, number] of stage.bins) {
    const [left, right] = [x(edge(bin)), x(edge(bin + 1))];
    path += `M${left.toFixed(1)} 100V${(100 - (94 * number) / most).toFixed(1)}H${(right - 1.5).toFixed(1)}V100Z`;
  }
  svg.firstElementChild.setAttribute("d", path);
  const at = stage.p99 === null ? -10 : x(decade(stage.p99));
  for (const [name, value] of [["x1", at], ["x2", at], ["y1", 0], ["y2", 100]]) svg.lastElementChild.setAttribute(name, value);
  node.title = stage.count ? `${count(stage.count)} values, the longest ${latency(stage.max)}; the dashed line is p99` : "";
  svg.setAttribute("aria-label", stage.count ? `${count(stage.count)} values, half of them within ${latency(stage.p50)}, 99 % within ${latency(stage.p99)}` : "no values");
}
