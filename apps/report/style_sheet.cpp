#include "apps/report/style_sheet.h"

namespace temper::report {

// The series follow Okabe and Ito, "Color Universal Design" (2008), darkened where they stand on white; orange and blue of the hatching are
// a pair that every kind of colour vision tells apart, and the hatches lean opposite ways for a black-and-white printer.
const std::string_view kStyleSheet = R"css(
:root { color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d1f23; --quiet: #666a72; --hair: #e3e1dc; --grid: #ebe9e4; --best: #d9efe6; --best-ink: #07513b;
  --bar: #b4c0cc; --count: #8b98a6; --over: #d55e00; --over-ground: #fbe3d2; --under: #0072b2; --under-ground: #d5e7f3; --warn: #fbe7d6; --warn-ink: #8a3c00;
  --c0: #0072b2; --c1: #d55e00; --c2: #008f68; --c3: #b3568f; --c4: #a87900; --c5: #3d9bd4; --c6: #55585e;
  --prose: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, "DejaVu Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #15171a; --card: #1c1f23; --ink: #e8e6e1; --quiet: #9da1a8; --hair: #32363c; --grid: #2a2e33; --best: #123f31; --best-ink: #9fe5c9;
  --bar: #566270; --count: #7c8896; --over: #f2853f; --over-ground: #4a2c18; --under: #58b0ea; --under-ground: #17364c; --warn: #45290f; --warn-ink: #ffc591;
  --c0: #4ba9e8; --c1: #f2853f; --c2: #35c39b; --c3: #e08fc0; --c4: #dcb23e; --c5: #9ad3f8; --c6: #c3c5c9; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 var(--sans); }
main { max-width: 1180px; margin: 0 auto; padding: 44px 28px 64px; }
header { border-bottom: 1px solid var(--hair); padding-bottom: 22px; }
.eyebrow { margin: 0; color: var(--quiet); font-size: 12px; letter-spacing: .09em; text-transform: uppercase; }
h1 { margin: 8px 0 10px; font: 600 34px/1.15 var(--prose); letter-spacing: -.01em; overflow-wrap: anywhere; text-wrap: balance; }
h2 { margin: 52px 0 12px; font: 600 23px/1.25 var(--prose); }
h3 { margin: 0 0 10px; font: 600 15px/1.4 var(--sans); overflow-wrap: anywhere; }
h4 { margin: 0 0 6px; font: 600 13px/1.4 var(--sans); display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; overflow-wrap: anywhere; }
h4 span { color: var(--quiet); font-weight: 400; white-space: nowrap; font-variant-numeric: tabular-nums; }
p { margin: 0 0 12px; }
.lead, .how, .findings { font: 16px/1.6 var(--prose); }
.lead, .how { max-width: 78ch; }
.lead { margin: 0; color: var(--quiet); overflow-wrap: anywhere; }
.how { margin-bottom: 20px; }
.findings { columns: 2 420px; column-gap: 44px; margin: 0 0 8px; padding: 0; list-style: none; }
.findings li { margin: 0 0 12px; padding-left: 15px; border-left: 3px solid var(--hair); break-inside: avoid; overflow-wrap: anywhere; }
.findings .run { font: 600 .9em var(--sans); }
.findings + h3 { margin-top: 26px; }
.note, .quiet { color: var(--quiet); }
.note { font-size: 13.5px; }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.number { text-align: right; font-variant-numeric: tabular-nums; }

table.runs { width: 100%; border-collapse: collapse; font-size: 13.5px; line-height: 1.4; }
.runs th, .runs td { padding: 9px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--hair); }
.table { overflow-x: auto; }
.measures { width: 100%; max-width: 640px; border-collapse: collapse; font-size: 13.5px; line-height: 1.4; font-variant-numeric: tabular-nums; }
.measures th, .measures td { padding: 6px 8px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--hair); }
.measures th { color: var(--quiet); font-size: 12px; font-weight: 500; }
.runs thead th { border-bottom: 1.5px solid var(--ink); color: var(--quiet); font-size: 12px; font-weight: 500; vertical-align: bottom; }
.runs tbody th { font-weight: 600; min-width: 150px; overflow-wrap: anywhere; }
.runs .number { text-align: right; }
.runs .quiet { font-size: 12px; }
.runs th:first-child, .runs td:first-child { padding-left: 0; }
.runs .arm th, .runs .arm td { border-top: 1px solid var(--hair); font-weight: 600; } .runs .arm ~ tr:not(.arm) th { font-weight: 400; }
.runs th:last-child, .runs td:last-child { padding-right: 0; }
.pair, .runs .quiet { white-space: nowrap; }
.arrow { color: var(--quiet); }
.best { padding: 1px 5px; margin: 0 -3px; border-radius: 4px; background: var(--best); color: var(--best-ink); font-weight: 700; white-space: nowrap; }
.badge { display: inline-block; padding: 0 7px; border-radius: 9px; background: var(--warn); color: var(--warn-ink); font-size: 11.5px; font-weight: 500; text-align: left; }

svg.plot { display: block; width: 100%; height: auto; overflow: visible; }
svg.plot text { font-family: var(--sans); font-size: 11.5px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg.plot .label { fill: var(--ink); font-size: 12px; }
.grid { stroke: var(--grid); stroke-width: 1; }
.axis { stroke: var(--quiet); stroke-width: 1; }
.line, .cross { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.series .line, .series .cross { stroke: var(--series); }
.series .dot { fill: var(--series); stroke: var(--card); stroke-width: 1; }
.colour0 { --series: var(--c0); } .colour1 { --series: var(--c1); } .colour2 { --series: var(--c2); } .colour3 { --series: var(--c3); }
.colour4 { --series: var(--c4); } .colour5 { --series: var(--c5); } .colour6 { --series: var(--c6); }
.dash1 .line { stroke-dasharray: 6 4; } .dash2 .line { stroke-dasharray: 1.5 4; }
.swatch { width: 22px; height: 8px; margin-right: 7px; vertical-align: 1px; }
.swatch .line { stroke-width: 3; }
.legend { display: flex; flex-wrap: wrap; gap: 5px 22px; margin: 14px 0 0; padding: 0; list-style: none; font-size: 13px; }
.legend li { overflow-wrap: anywhere; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 22px; }
.curves .panel, .card { padding: 18px; border: 1px solid var(--hair); border-radius: 8px; background: var(--card); }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 540px), 1fr)); gap: 22px; }
.card h3 { margin-bottom: 14px; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 235px), 1fr)); gap: 22px; }
.panels .panel { max-width: 310px; }
.card .note { margin: 12px 0 0; } .panels .note { margin-top: 24px; }
.sum { margin: 8px 0 0; color: var(--quiet); font-size: 13px; font-variant-numeric: tabular-nums; }
.patterns { position: absolute; }
.bar { fill: var(--bar); }
.count { fill: var(--count); }
.over { fill: url(#hatch-over); stroke: var(--over); stroke-width: 1; }
.under { fill: url(#hatch-under); stroke: var(--under); stroke-width: 1; }
.few { opacity: .42; }
.over-ground { fill: var(--over-ground); } .over-line { fill: var(--over); }
.under-ground { fill: var(--under-ground); } .under-line { fill: var(--under); }
.ideal { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 4 4; }
.mean-confidence, .mean-accuracy { stroke: var(--ink); stroke-width: 1.6; }
.mean-confidence { stroke-dasharray: 4 3; }
.chip { display: inline-block; width: 15px; height: 11px; margin-right: 5px; border: 1px solid; vertical-align: -1px; }
.chip.over { border-color: var(--over); background: repeating-linear-gradient(45deg, var(--over) 0 1.5px, var(--over-ground) 1.5px 4px); }
.chip.under { border-color: var(--under); background: repeating-linear-gradient(-45deg, var(--under) 0 1.5px, var(--under-ground) 1.5px 4px); }
.rule { display: inline-block; height: 13px; margin-right: 5px; border-left: 2px solid var(--ink); vertical-align: -2px; }
.rule.dashed { border-left-style: dashed; }

.classes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 22px 32px; margin: 14px 0 22px; align-items: start; }
.classes .measures { max-width: none; } .classes td { overflow-wrap: anywhere; } .classes .number { text-align: right; white-space: nowrap; }
@media screen and (min-width: 760px) { .classes .large { grid-column: span 2; } }
svg.heat { max-width: 640px; } svg.plot.heat .tick, svg.plot.heat .on, svg.plot.heat .off { font-size: 11px; }
.heat .field { fill: var(--grid); fill-opacity: .5; } .heat .right { fill: var(--c0); } .heat .wrong { fill: var(--c1); }
svg.plot.heat .on { fill: var(--card); } svg.plot.heat .off { fill: var(--ink); } .heat text { pointer-events: none; }
.shots { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 14px; margin: 0 0 18px; }
.shot { margin: 0; font-size: 12.5px; line-height: 1.35; overflow-wrap: anywhere; }
.shot img { display: block; width: 80px; height: 80px; margin-bottom: 5px; object-fit: contain; background: var(--grid); border-radius: 4px; image-rendering: pixelated; }
.card + .card { margin-top: 22px; } .cards .card + .card { margin-top: 0; }

.terms { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 4px 28px; margin: 0; }
.terms dt { font-weight: 600; } .terms dd { margin: 0 0 10px; color: var(--quiet); }
details { border-bottom: 1px solid var(--hair); }
summary { padding: 9px 0; cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
summary span { color: var(--quiet); font-weight: 400; }
.settings { columns: 3 260px; column-gap: 32px; margin: 0 0 14px; padding: 0; list-style: none; font-size: 13px; }
.settings li { display: flex; justify-content: space-between; gap: 14px; padding: 2px 0; break-inside: avoid; border-bottom: 1px dotted var(--hair); }
.settings span { color: var(--quiet); } .settings b { font-weight: 500; text-align: right; overflow-wrap: anywhere; min-width: 0; }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--hair); color: var(--quiet); font-size: 13px; }

@media screen and (max-width: 900px) {
  main { padding: 26px 16px 44px; }
  h1 { font-size: 27px; } h2 { margin-top: 42px; }
  .runs, .runs tbody, .runs tr, .runs td, .runs tbody th { display: block; width: 100%; }
  .runs thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .runs tr { margin-bottom: 14px; padding: 12px 14px; border: 1px solid var(--hair); border-radius: 8px; background: var(--card); }
  .runs th, .runs td { padding: 3px 0; border: 0; }
  .runs tbody th { padding-bottom: 7px; font-size: 15px; }
  .runs td, .runs .number { display: flex; justify-content: space-between; gap: 16px; text-align: right; }
  .runs td::before { content: attr(data-label); color: var(--quiet); text-align: left; flex: none; }
  .runs td > div { min-width: 0; overflow-wrap: anywhere; }
  .curves .panel, .card { padding: 14px; }
}
@media screen and (max-width: 480px) { .classes .wide { display: none; } .shot img { width: 64px; height: 64px; } }
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --quiet: #444; --hair: #bbb; --grid: #ddd; --best: #dff0e8; --best-ink: #07513b;
    --bar: #b4c0cc; --count: #8b98a6; --over: #d55e00; --over-ground: #fbe3d2; --under: #0072b2; --under-ground: #d5e7f3; --warn: #fbe7d6; --warn-ink: #8a3c00;
    --c0: #0072b2; --c1: #d55e00; --c2: #008f68; --c3: #b3568f; --c4: #a87900; --c5: #3d9bd4; --c6: #55585e; }
  @page { margin: 14mm; }
  body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .lead, .how, .findings { font-size: 12px; max-width: none; }
  .table { overflow: visible; } table.runs { font-size: 9px; } .runs th, .runs td { padding: 4px 5px; } .runs thead th, .runs .quiet, .badge { font-size: 8px; }
  .runs tbody th { min-width: 80px; } .swatch { margin-right: 4px; width: 16px; } .findings { columns: 2; column-gap: 22px; }
  h1 { font-size: 24px; } h2 { margin-top: 26px; font-size: 16px; break-after: avoid; } h3, h4 { break-after: avoid; } h3 { font-size: 12px; } h4 { font-size: 9.5px; gap: 4px; }
  .note, .sum, .legend, .terms, .settings { font-size: 10px; } .card h3 { margin-bottom: 6px; }
  .card, .curves .panel, .runs tr, .findings li { break-inside: avoid; }
  .curves { grid-template-columns: repeat(3, 1fr); gap: 10px; } .cards { grid-template-columns: 1fr 1fr; gap: 10px; }
  .panels { grid-template-columns: 1fr 1fr; gap: 10px; } .curves .panel, .card { padding: 8px; }
}
)css";

}  // namespace temper::report
