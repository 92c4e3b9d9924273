#!/usr/bin/env python3
"""Holds the tree to src/layers.

A room includes itself and rooms of lower levels. Headers do not include each other in circles.
Outside src/af no code names an AFI, a SAFI or a family, since behaviour follows property bits;
tests may, as they need examples.
"""

import re
import sys

import source

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
CODE = re.compile(r'\b(AF[IN]?_?(IP|IPV4|IPV6|L2VPN)|SAFI_[A-Z]+)\b')
TEST_ROOMS = {'box', 'sim'}  # folders under test/ that the tests of rooms may use


def read_layers():
    levels = {}
    for line in source.text('src/layers').splitlines():
        words = line.split()
        if words and not line.startswith('#'):
            levels[words[1]] = int(words[0])
    return levels


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def check_include(path, room, name, levels):
    """What is wrong with this include, or None."""
    if '/' not in name:
        if (source.ROOT / path.parent / name).exists():
            return f'"{name}" is to be spelled with its room'
        return None  # generated
    other = name.split('/')[0]
    if other == room:
        return None
    if other in TEST_ROOMS and source.is_test(path):
        return None
    if other not in levels:
        return f'"{name}": src/layers knows no room {other}'
    if levels[other] >= levels[room]:
        return f'"{name}": {room} (level {levels[room]}) includes {other} (level {levels[other]})'
    return None


def check_includes(paths, levels):
    problems = []
    for path in paths:
        room = path.parts[1]
        if room not in levels:
            problems.append(f'{path}:1: src/layers knows no room {room}')
            continue
        text = source.without_comments(source.text(path))
        for match in INCLUDE.finditer(text):
            wrong = check_include(path, room, match[1], levels)
            if wrong:
                problems.append(f'{path}:{line_of(text, match.start())}: {wrong}')
    return problems


# Names of families that statements of VRP have as a word too: `vpn-target RT` and `mvpn` of a VPN
# instance, `policy vpn-target`, `if-match route-type mvpn`.
WORDS_TOO = {'vpn-target', 'mvpn'}


def family_names():
    """Words that only src/af may use, from the names that its files give their families."""
    words = set()
    for path in source.files('src/af'):
        if source.is_test(path):
            continue
        for name in re.findall(r'\.name = "([a-z0-9-]+)"', source.text(path)):
            words.add(name)
            words.add(name.replace('-', '_'))
    return words - WORDS_TOO


def check_families(paths):
    names = family_names()
    family = re.compile(r'(?<![\w-])(%s)(?![\w-])' % '|'.join(sorted(names))) if names else None
    problems = []
    for path in paths:
        if path.parts[1] == 'af' or source.is_test(path):
            continue
        lines = source.without_comments(source.text(path)).splitlines()
        for number, line in enumerate(lines, 1):
            if line.lstrip().startswith('#'):
                continue
            match = CODE.search(line) or (family and family.search(line))
            if match:
                problems.append(f'{path}:{number}: "{match[0]}" is named outside src/af')
    return problems


def check_cycles(paths):
    graph = {}
    for path in paths:
        if path.suffix == '.h':
            text = source.without_comments(source.text(path))
            graph['/'.join(path.parts[1:])] = INCLUDE.findall(text)
    problems, done = [], set()

    def visit(name, way):
        if name in way:
            circle = way[way.index(name):] + [name]
            problems.append(f'src/{name}:1: headers in a circle: {" > ".join(circle)}')
        elif name not in done:
            for other in graph.get(name, []):
                visit(other, way + [name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return problems


def main():
    paths = source.files('src')
    problems = check_includes(paths, read_layers()) + check_families(paths) + check_cycles(paths)
    return source.report(problems, 'layers')


if __name__ == '__main__':
    sys.exit(main())
