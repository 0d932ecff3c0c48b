/// What the page of a mirror has besides the reports' style sheet.
enum DashboardStyle {
    static let sheet = parts + grid + reasons + gantt + tables

    private static let parts = """
        h2.part{font-size:1.25rem;margin:2.75rem 0 .875rem}
        .tile,.stack .part{background:var(--soft);color:var(--card)}
        .tile.good,.part.good,.fill.good{background:var(--good)}
        .tile.accent,.part.accent,.fill.accent{background:var(--accent)}
        .tile.info,.part.info,.fill.info{background:var(--info)}
        .tile.bad,.part.bad,.fill.bad{background:var(--bad)}
        .tile.ink,.part.ink,.fill.ink{background:var(--ink)}
        .tile.warn,.part.warn,.fill.warn{background:var(--warn)}
        .tile.faint,.part.faint,.fill.faint{background:var(--soft)}
        .stack{display:flex;gap:2px;height:2.25rem;margin:1.5rem 0 0;border-radius:.375rem;overflow:hidden}
        .stack.thin{height:1.25rem;margin-top:.5rem}
        .stack>*{flex:1 1 0;min-width:3px;display:grid;place-items:center;font-weight:600;font-size:.875rem;
        width:auto;height:auto;align-self:stretch;border-radius:0;overflow:hidden}
        .keys{list-style:none;display:flex;flex-wrap:wrap;gap:.375rem 1.5rem;margin:.75rem 0 0;padding:0;
        font-size:.875rem}
        .keys li{display:inline-flex;gap:.5rem;align-items:center}
        .keys .swatch{flex:none}

        """

    private static let grid = """
        .tile{display:inline-grid;place-items:center;width:1.375rem;height:1.375rem;border-radius:.25rem;
        font:600 .75rem/1 ui-sans-serif,system-ui,sans-serif;text-decoration:none;flex:none;vertical-align:text-bottom}
        a.tile:hover{outline:2px solid var(--ink);outline-offset:1px}
        a.tile:focus-visible{outline:3px solid var(--ink);outline-offset:1px}
        .grid{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
        .grid li{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr);gap:.25rem 1.25rem;
        padding:.5rem 0;border-bottom:1px solid var(--line)}
        .grid .name{font-size:.9375rem}
        .tiles{display:flex;flex-wrap:wrap;gap:3px}

        """

    private static let reasons = """
        .reasons{list-style:none;margin:0;padding:0}
        .reasons li{display:grid;grid-template-columns:2.5rem minmax(4rem,12rem) minmax(0,1fr);gap:.25rem .875rem;
        align-items:center;padding:.25rem 0;font-size:.9375rem}
        .reasons .count{text-align:right;font-weight:600}
        .track{display:block;height:.875rem;background:var(--sunk);border-radius:2px}
        .fill{display:block;height:100%;border-radius:2px;background:var(--soft)}

        """

    private static let gantt = """
        .shard{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr);gap:.125rem 1.25rem;
        align-items:center;padding:.3125rem 0;border-bottom:1px solid var(--line);font-size:.875rem}
        .shard svg{display:block;width:100%;background:var(--sunk)}
        .shard rect{fill:var(--soft)}
        .shard .good{fill:var(--good)}.shard .accent{fill:var(--accent)}.shard .info{fill:var(--info)}
        .shard .bad{fill:var(--bad)}.shard .ink,.shard .restart{fill:var(--ink)}
        .shard .warn{fill:var(--warn)}.shard .again{fill:var(--warn);opacity:.8}
        .shard .idle{fill:var(--line)}
        .axis{display:flex;justify-content:space-between;margin-left:16.25rem;font-size:.8125rem;color:var(--soft)}
        .mark{display:inline-block;width:.25rem;height:1rem;background:var(--ink)}
        .mark.again{background:var(--warn)}
        .mark.idle{width:1.25rem;height:.1875rem;background:var(--line)}

        """

    private static let tables = """
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.875rem}
        th,td{text-align:left;vertical-align:top;padding:.3125rem .875rem .3125rem 0;
        border-bottom:1px solid var(--line)}
        th{font-weight:600;color:var(--soft);white-space:nowrap}
        td:nth-child(2){white-space:nowrap}
        @media (max-width:36rem){
        .grid li,.shard{grid-template-columns:minmax(0,1fr)}
        .axis{margin-left:0}
        .reasons li{grid-template-columns:2.25rem minmax(0,1fr)}.reasons .why{grid-column:2}
        td,th{min-width:7rem}}
        @media print{.tile,.part,.fill,.shard svg,.mark{-webkit-print-color-adjust:exact;
        print-color-adjust:exact}}
        """
}
