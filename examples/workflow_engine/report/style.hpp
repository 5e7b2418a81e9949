// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The report's style sheet: one palette for light, one for dark, and type for page and pictures.

#pragma once

namespace crew {

inline constexpr const char* style_sheet = R"css(
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --panel: #ffffff; --ink: #1c2026; --muted: #667080; --hair: #e7e7e3;
  --grid: #eeeeea; --accent: #2b5fc7; --early: #a4abb6; --early-ink: #737b88; --group: #f4f4f0;
  --scout: #7f868f; --reader: #4484c9; --embedder: #2c9c8d; --librarian: #6f9a3c;
  --analyst: #8468c6; --clusterer: #cf8a2c; --critic: #c65350; --searcher: #ad5f9d;
  --reporter: #596a7e; --other: #8a8a8a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --panel: #191c21; --ink: #e5e8ec; --muted: #98a1af; --hair: #2b3037;
    --grid: #23272e; --accent: #86aefc; --early: #59616e; --early-ink: #949dab; --group: #1d2127;
    --scout: #a1a8b1; --reader: #6ca8ea; --embedder: #4fc0b0; --librarian: #97c066;
    --analyst: #a892e3; --clusterer: #e6ab5c; --critic: #e57c78; --searcher: #d08bc1;
    --reporter: #93a5bb; --other: #9a9a9a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 Inter, "Segoe UI", system-ui, "Helvetica Neue", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased; }
main { max-width: 1160px; margin: 0 auto; padding: 56px 40px 72px; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 600; letter-spacing: -.015em; margin: 0 0 8px; }
h2 { font-size: 19px; font-weight: 600; letter-spacing: -.005em; margin: 64px 0 4px; }
h3 { font-size: 14px; font-weight: 600; margin: 22px 0 6px; }
p { margin: 0 0 12px; max-width: 76ch; }
.facts, .why { color: var(--muted); }
.facts { max-width: none; }
.lede { font-size: 17px; line-height: 1.55; margin: 22px 0 34px; max-width: 70ch; }
.lede b, .why b { font-weight: 600; color: var(--ink); }
.why { margin-bottom: 18px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.scroll { overflow: auto hidden; }
.scroll > table { min-width: 640px; }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1px; background: var(--hair);
  border: 1px solid var(--hair); border-radius: 10px; overflow: hidden; }
.tile { background: var(--panel); padding: 18px 20px 16px; display: flex; flex-direction: column; }
.tile .scroll { margin-top: auto; }
.tile h3 { margin: 0 0 2px; }
.tile p { font-size: 12.5px; line-height: 1.4; color: var(--muted); margin: 0 0 10px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; }
.pair > * { min-width: 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.45; }
th { text-align: left; font-weight: 500; color: var(--muted); font-size: 12.5px; }
th, td { padding: 8px 14px 8px 0; vertical-align: top; border-bottom: 1px solid var(--hair); }
td.number, th.number { text-align: right; white-space: nowrap; }
td.where, .where { font: 12px/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace;
  color: var(--muted); overflow-wrap: anywhere; }
td .terms b { font-weight: 600; }
.terms { color: var(--muted); }
.terms b { color: var(--ink); }
.meter { display: inline-block; vertical-align: middle; height: 9px; border-radius: 2px;
  background: var(--accent); opacity: .75; margin-right: 8px; }
.excerpt { color: var(--muted); font-size: 12.5px; }
.excerpt mark { background: none; color: var(--ink); font-weight: 600; }
details { margin-top: 14px; }
summary { cursor: pointer; color: var(--muted); font-size: 13.5px; }
.question { font-size: 15px; font-weight: 600; margin: 22px 0 4px; }
footer { margin-top: 64px; padding-top: 18px; border-top: 1px solid var(--hair);
  color: var(--muted); font-size: 13px; }
text { fill: var(--ink); font-size: 12px; }
.tick { fill: var(--muted); font-size: 11px; }
.note { fill: var(--muted); font-size: 11.5px; }
.heading { font-weight: 600; font-size: 12.5px; }
.grid { stroke: var(--grid); stroke-width: 1; }
.lane { stroke: var(--grid); stroke-width: 1; }
.lane-back { fill: var(--grid); }
.wait { stroke: var(--early); stroke-width: 1; stroke-dasharray: 1 2; }
.mark { stroke: var(--muted); stroke-width: 1; }
.bar { fill: var(--c, var(--accent)); }
.apart { stroke: var(--paper); stroke-width: .8; }
.area { fill: var(--c); opacity: .82; stroke: var(--paper); stroke-width: .6; }
.node { fill: var(--panel); stroke: var(--c); stroke-width: 1.6; }
.group { fill: var(--group); stroke: var(--hair); }
.edge { fill: none; stroke: var(--accent); opacity: .34; }
.edge.far { stroke: var(--muted); opacity: .16; }
.edge.back { stroke: var(--critic); opacity: .6; }
.run-early { --c: var(--early); }
.run-latest { --c: var(--accent); }
text.run-early { fill: var(--early-ink); }
text.run-latest { fill: var(--accent); }
.figure { font-weight: 600; font-size: 13px; }
.strong { font-weight: 600; }
.dot { fill: var(--c); opacity: .6; }
.unknown { fill: none; stroke: var(--c); stroke-width: 1.3; }
.histogram { fill: var(--c); fill-opacity: .28; stroke: var(--c); stroke-width: 1.3; }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2px;
  background: var(--c); margin: 0 6px 0 2px; }
[class*="role-"] { --c: var(--other); }
.role-scout { --c: var(--scout); } .role-reader { --c: var(--reader); }
.role-embedder { --c: var(--embedder); } .role-librarian { --c: var(--librarian); }
.role-analyst { --c: var(--analyst); } .role-clusterer { --c: var(--clusterer); }
.role-critic { --c: var(--critic); } .role-searcher { --c: var(--searcher); }
.role-reporter { --c: var(--reporter); }
@media (max-width: 980px) {
  main { padding: 36px 24px 56px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .pair { grid-template-columns: 1fr; }
}
@media (max-width: 720px) { .tiles { grid-template-columns: 1fr; } }
)css";

}  // namespace crew
