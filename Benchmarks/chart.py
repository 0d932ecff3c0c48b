"""The picture of the benchmark: horizontal bars as one self-contained SVG."""

from xml.sax.saxutils import escape

COLOURS = {"deroot": "#2563eb", "bound": "#94a3b8", "umoci": "#d97706", "buildah": "#b45309"}
LABELS = {"bound": "verify only (bound)"}
LEFT, WIDTH, BAR, GAP, TOP = 150, 720, 18, 6, 44


def chart(groups):
    """An SVG of medians: [(case name, {tool: samples with .median})]."""
    bars, y = [], TOP
    longest = max((s.median for _, found in groups for s in measured(found).values()), default=1)
    scale = (WIDTH - LEFT - 90) / longest
    for name, found in groups:
        bars.append(f'<text x="12" y="{y + 14}" class="case">{escape(name)}</text>')
        y += BAR + GAP
        for tool, samples in measured(found).items():
            length = max(samples.median * scale, 1)
            label = escape(LABELS.get(tool, tool))
            bars.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
            bars.append(
                f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{COLOURS[tool]}"/>'
            )
            bars.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 13}">{samples.median:.2f} s</text>')
            y += BAR + GAP
        y += 2 * GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img">',
            "<title>Wall time of a conversion, seconds, shorter is better</title>",
            "<style>text{font:13px sans-serif;fill:#334155}.case{font-weight:bold}"
            "@media(prefers-color-scheme:dark){text{fill:#cbd5e1}}</style>",
            '<text x="12" y="22" class="case">Root image to non-root image: wall time in seconds, shorter is better</text>',
            *bars,
            "</svg>\n",
        ]
    )


def measured(found):
    """Tools with figures, in the order of the legend."""
    return {tool: found[tool] for tool in COLOURS if getattr(found.get(tool), "median", None)}
