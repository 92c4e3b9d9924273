"""Charts of a bench run as SVG, drawn by hand: bars on a logarithmic scale, and curves of growth."""

import math

COLOURS = {'afresh': '#0b6e4f', 'bird': '#c8553d', 'openbgpd': '#588b8b', 'frr': '#b08900', 'gobgp': '#6c757d'}
LABELS = 190  # width of what stands to the left of the bars


class Drawing:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = [f'<rect width="{width}" height="{height}" fill="white"/>']
        self.text(width / 2, 20, title, anchor='middle', size=14)

    def text(self, x, y, words, anchor='start', size=12, colour='#222'):
        words = str(words).replace('&', '&amp;').replace('<', '&lt;')
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                          f'font-family="sans-serif" font-size="{size}">{words}</text>')

    def line(self, x1, y1, x2, y2, colour='#ddd', width=1.0):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"/>')

    def bar(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" fill="{colour}"/>')

    def curve(self, points, colour):
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]

    def legend(self, names, x, y):
        for name in names:
            self.bar(x, y - 9, 10, 10, COLOURS.get(name, '#333'))
            self.text(x + 14, y, name)
            x += 34 + 7 * len(name)

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}">\n' + '\n'.join(self.parts) + '\n</svg>\n')


class Scale:
    """From values to pixels, by powers of ten; whole decades around what is to be shown."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    def decades(self):
        return [10.0 ** k for k in range(self.low, self.high + 1)]


def short(value):
    for size, letter in (1e9, 'G'), (1e6, 'M'), (1e3, 'k'):
        if value >= size:
            return f'{value / size:g}{letter}'
    return f'{value:g}'


def bars(title, rows, speakers):
    """rows: (name, {speaker: seconds}); what a speaker cannot do is not drawn."""
    values = [v for _, by in rows for v in by.values()]
    if not values:
        return ''
    step = 9 * len(speakers) + 10
    d = Drawing(900, 64 + step * len(rows), title)
    scale = Scale(values, LABELS, 820)
    d.legend(speakers, LABELS, 40)
    for decade in scale.decades():
        d.line(scale.at(decade), 48, scale.at(decade), d.height - 16)
        d.text(scale.at(decade), d.height - 4, f'{short(decade)} s', anchor='middle', size=11)
    for i, (name, by) in enumerate(rows):
        y = 54 + step * i
        d.text(LABELS - 8, y + step / 2 - 2, name, anchor='end')
        for k, speaker in enumerate(speakers):
            if speaker in by:
                end = scale.at(by[speaker])
                d.bar(LABELS, y + 9 * k, end - LABELS, 8, COLOURS.get(speaker, '#333'))
                d.text(end + 4, y + 9 * k + 8, f'{by[speaker]:.3f}', size=9)
    return d.svg()


def panel(d, frame, title, unit, curves):
    """One pair of axes; curves: {(speaker, what): [(x, y)]}, both logarithmic."""
    left, top, right, bottom = frame
    points = [p for c in curves.values() for p in c]
    across = Scale([x for x, _ in points], left, right)
    up = Scale([y for _, y in points], bottom, top)
    d.text((left + right) / 2, top - 10, title, anchor='middle', size=13)
    for x in across.decades():
        d.line(across.at(x), top, across.at(x), bottom)
        d.text(across.at(x), bottom + 16, short(x), anchor='middle', size=11)
    for y in up.decades():
        d.line(left, up.at(y), right, up.at(y))
        d.text(left - 6, up.at(y) + 4, f'{short(y)} {unit}', anchor='end', size=11)
    for (speaker, what), curve in curves.items():
        at = [(across.at(x), up.at(y)) for x, y in sorted(curve)]
        d.curve(at, COLOURS.get(speaker, '#333'))
        d.text(at[-1][0] - 4, at[-1][1] - 7, what, anchor='end', size=10, colour=COLOURS.get(speaker, '#333'))


def growth(title, panels, speakers):
    """panels: (title, unit, curves), drawn side by side, two in a row."""
    panels = [p for p in panels if p[2]]
    if not panels:
        return ''
    rows = (len(panels) + 1) // 2
    d = Drawing(900, 60 + 290 * rows, title)
    d.legend(speakers, 70, 40)
    for i, (name, unit, curves) in enumerate(panels):
        left, top = 70 + 440 * (i % 2), 84 + 290 * (i // 2)
        panel(d, (left, top, left + 350, top + 200), name, unit, curves)
    return d.svg()
