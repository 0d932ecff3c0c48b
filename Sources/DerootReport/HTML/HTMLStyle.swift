/// The page's style sheet: one column of text, system fonts, light and dark by the reader's choice.
enum HTMLStyle {
    static let sheet =
        ":root{color-scheme:light dark;\(Palette.declarations(dark: false))}"
        + "@media (prefers-color-scheme:dark){:root{\(Palette.declarations(dark: true))}}"
        + base + header + cards + layers + findings + tree + small

    private static let base = """
        *,*::before,*::after{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);
        font:400 1rem/1.6 ui-sans-serif,system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;
        font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
        main,.masthead,footer{max-width:66rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
        code,pre,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
        font-size:.875em;font-variant-ligatures:none}
        h1,h2,h3,h4{line-height:1.25;font-weight:600;text-wrap:balance}
        h2{font-size:1.5rem;letter-spacing:-.01em;margin:0}
        h2 .platform{font-size:1rem;font-weight:400;color:var(--soft);letter-spacing:0}
        h3{font-size:1.0625rem;margin:2.75rem 0 .875rem}
        h4{font-size:1rem;margin:0}
        p{margin:.5rem 0;max-width:44rem}
        a{color:var(--accent);text-underline-offset:.15em}
        a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
        .soft{color:var(--soft)}.small{font-size:.875rem}
        .good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.info{color:var(--info)}
        .faint{color:var(--soft)}
        summary{cursor:pointer}

        """

    private static let header = """
        .masthead{padding-top:clamp(2rem,6vw,4rem)}
        .kicker{margin:0 0 .5rem;font-size:.8125rem;font-weight:600;letter-spacing:.08em;
        text-transform:uppercase;color:var(--accent)}
        h1{font-size:clamp(1.625rem,4.5vw,2.375rem);letter-spacing:-.02em;margin:0 0 .75rem}
        .lede{font-size:1.0625rem;color:var(--soft);max-width:44rem}
        .overview{list-style:none;margin:1.75rem 0 0;padding:0;border-top:1px solid var(--line)}
        .overview li{display:flex;flex-wrap:wrap;gap:.125rem 1.25rem;align-items:baseline;
        padding:.625rem 0;border-bottom:1px solid var(--line)}
        .overview .name{flex:1 1 20rem;font-weight:500}
        .counts{display:flex;flex-wrap:wrap;gap:.125rem 1rem;font-size:.875rem}
        .image{margin-top:clamp(2.5rem,7vw,4.5rem);padding-top:1.75rem;border-top:3px solid var(--ink)}
        .image>header{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;
        justify-content:space-between}
        .image>header .sub{flex-basis:100%;margin:0;color:var(--soft)}
        .badge{display:inline-flex;gap:.5rem;align-items:center;padding:.25rem .875rem .25rem .625rem;
        border:1.5px solid currentColor;border-radius:999px;font-size:.875rem;font-weight:600;
        letter-spacing:.02em;background:var(--card);white-space:nowrap}
        .failure{border-left:3px solid var(--bad);padding:.125rem 0 .125rem 1rem;margin:1rem 0}

        """

    private static let cards = """
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(15rem,100%),1fr));
        gap:.875rem;margin:1.75rem 0 0;padding:0;list-style:none}
        .card{background:var(--card);border:1px solid var(--line);border-radius:.625rem;
        padding:.875rem 1.125rem 1rem}
        .card .label{display:block;font-size:.8125rem;color:var(--soft);margin-bottom:.25rem}
        .card .value{display:block;font-size:1.0625rem;font-weight:500;line-height:1.4}
        .card .was{color:var(--soft);font-weight:400}
        .card .arrow{color:var(--soft);padding:0 .125rem}
        .card .now{color:var(--good);font-weight:600}
        .card .note{display:block;font-size:.8125rem;color:var(--soft);margin-top:.125rem}

        """

    private static let layers = """
        figure{margin:0}
        .bars{display:block;width:100%;height:8.5rem;overflow:visible}
        .bars .same{fill:var(--same)}.bars .rewritten{fill:var(--rewritten)}
        .bars .added{fill:var(--added)}
        .bars .ribbon{fill:var(--ribbon)}.bars .ribbon.re{fill:var(--rewritten);opacity:.14}
        .bars .hatch{stroke:var(--card);stroke-width:2;opacity:.6}
        .barname{display:block;font-size:.8125rem;color:var(--soft)}
        .legend{list-style:none;margin:1rem 0 0;padding:0;font-size:.875rem}
        .legend li{display:grid;grid-template-columns:1rem 5.5rem 5rem minmax(0,1fr);gap:0 .75rem;
        align-items:baseline;padding:.3125rem 0;border-top:1px solid var(--line)}
        .swatch{width:.75rem;height:.75rem;border-radius:2px;align-self:center}
        .swatch.same{background:var(--same)}
        .swatch.rewritten{background:repeating-linear-gradient(135deg,var(--rewritten) 0 3px,
        var(--card) 3px 4.5px)}
        .swatch.added{background:repeating-linear-gradient(45deg,var(--added) 0 3px,var(--card) 3px 4.5px)}
        .legend .size{text-align:right}

        """

    private static let findings = """
        .findings{display:grid;gap:.75rem;margin:0;padding:0;list-style:none}
        .finding{background:var(--card);border:1px solid var(--line);border-left:4px solid currentColor;
        border-radius:.375rem .625rem .625rem .375rem;padding:.875rem 1.125rem 1rem}
        .finding>*{color:var(--ink)}
        .finding .head{display:flex;flex-wrap:wrap;gap:.125rem .75rem;align-items:baseline}
        .finding .sev{font-size:.8125rem;font-weight:600;white-space:nowrap}
        .finding .sev.bad{color:var(--bad)}.finding .sev.warn{color:var(--warn)}
        .finding .sev.info{color:var(--info)}.finding .sev.faint{color:var(--soft)}
        .finding h4{flex:1 1 18rem;font-weight:600}
        .finding .rule{font-size:.8125rem;color:var(--soft)}
        .places{list-style:none;margin:.625rem 0 0;padding:.5rem .75rem;background:var(--sunk);
        border-radius:.375rem;font-size:.875rem}
        .places li{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.0625rem 0}
        .places .where{flex:1 1 16rem;min-width:0}
        .places .what{color:var(--soft)}
        .fix{display:flex;gap:.125rem .625rem;flex-wrap:wrap;margin:.625rem 0 0;font-size:.9375rem;max-width:none}
        .fix span{flex:1 1 14rem}.fix b{flex:none;font-weight:600;color:var(--good)}
        .finding details{margin-top:.5rem;font-size:.9375rem}
        .finding details summary{color:var(--soft);font-size:.875rem}
        .fold>summary{font-weight:600;padding:.5rem 0}

        """

    private static let tree = """
        .tree{font-size:.875rem}
        .tree ul{list-style:none;margin:0;padding:0 0 0 clamp(.75rem,2vw,1.25rem);
        border-left:1px solid var(--line)}
        .tree>ul{padding-left:0;border-left:0}
        .tree summary{padding:.1875rem 0}
        .tree .row{display:grid;grid-template-columns:1.25rem minmax(0,1fr);gap:0 .5rem;
        padding:.1875rem 0;align-items:baseline}
        .tree .row .letter{font-weight:600;color:var(--accent)}
        .tree .row .facts{grid-column:2;display:flex;flex-wrap:wrap;gap:0 1.25rem;color:var(--soft);
        font-size:.8125rem}
        @media (min-width:56rem){.tree .row{grid-template-columns:1.25rem minmax(0,1fr) 37.5rem}
        .tree .row .facts{grid-column:3;display:grid;gap:0 .75rem;
        grid-template-columns:11.5rem 8rem minmax(0,1fr) 5.5rem}}
        .count{color:var(--soft);font-size:.8125rem}
        pre{background:var(--sunk);border-radius:.5rem;padding:1rem 1.125rem;overflow-x:auto;margin:.5rem 0;
        line-height:1.5;white-space:pre-wrap;max-width:100%}
        dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3125rem 1.5rem;margin:0;
        font-size:.875rem}
        dt{color:var(--soft)}dd{margin:0}
        footer{margin-top:4rem;padding-top:1.25rem;padding-bottom:3rem;font-size:.875rem;color:var(--soft)}

        """

    private static let small = """
        @media (max-width:36rem){
        .legend li{grid-template-columns:1rem minmax(0,1fr) max-content}
        .legend .command{grid-column:2/-1}
        dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.625rem}}
        @media print{
        :root{\(Palette.declarations(dark: false))}
        body{background:#fff;font-size:10pt}main,.masthead,footer{max-width:none;padding:0}
        .card,.finding,.legend li{break-inside:avoid}h2,h3{break-after:avoid}
        .bars,.swatch{-webkit-print-color-adjust:exact;print-color-adjust:exact}
        details::details-content{content-visibility:visible;block-size:auto}
        .image{break-before:page}.image:first-child{break-before:auto}}
        """
}
