#!/usr/bin/env python3
"""Holds the documentation to the tree: doc_test.py AFRESHD.

Every file that README.md, CONTRIBUTING.md or doc/*.md names exists: targets of links, and words in
backticks that begin with a folder of the tree or are a source file's name. Every heading that a link
points at exists, and so does every test of test/interop that is named. doc/example.cfg passes `afreshd -t`.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted(ROOT.glob('doc/*.md'))]
ROOMS = {path.name for path in (ROOT / 'src').iterdir() if path.is_dir()}
TOP = {path.name for path in ROOT.iterdir()} - {'build'}  # what a build makes is not looked for
FENCE = re.compile(r'^```.*?^```', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\]\(([^)\s]+)\)')
CODE = re.compile(r'`([^`\n]+)`')
TESTS = {name for path in ROOT.glob('test/interop/test_*.py')
         for name in re.findall(r'^def (test_\w+)', path.read_text(encoding='utf-8'), re.MULTILINE)}
TEST = re.compile(r'(test_\w+)(\[.*\])?')
PATH = re.compile(r'[\w.*-]+(/[\w.*-]+)+/?|[\w-]+\.(c|h|md|py|build)')


def anchor(heading):
    return re.sub(r'[^\w -]', '', heading.strip().lower()).replace(' ', '-')


def anchors(page):
    return {anchor(h) for h in re.findall(r'^#+ (.*)$', page.read_text(encoding='utf-8'), re.MULTILINE)}


def exists(name, page, rooms):
    """Whether a path stands for something. A file's name alone is looked for in its line's rooms."""
    if '/' in name:
        return any(any(base.glob(name)) for base in (ROOT, ROOT / 'src', page.parent))
    places = [ROOT / 'src' / room for room in rooms] or [p for p in (ROOT / 'src').iterdir() if p.is_dir()]
    return any((place / name).exists() for place in [ROOT, page.parent, *places])


def links(page, text):
    for target in LINK.findall(text):
        name, _, part = target.partition('#')
        if '://' in target:
            continue
        file = page.parent / name if name else page
        if not file.exists():
            yield f'the link {target} leads nowhere'
        elif part and part not in anchors(file):
            yield f'{target}: no such heading'


def words(page, text):
    for line in text.splitlines():
        found = CODE.findall(line)
        rooms = [word[:-1] for word in found if word.endswith('/') and word[:-1] in ROOMS]
        for word in found:
            test = TEST.fullmatch(word)
            if test and not any(name.startswith(test[1]) for name in TESTS):
                yield f'there is no test `{word}`'
            if not PATH.fullmatch(word):
                continue
            if '/' in word and word.split('/')[0] not in TOP | ROOMS:
                continue  # 192.0.2.0/24, and places outside the tree
            if not exists(word, page, rooms):
                yield f'`{word}` is not there'


def main():
    problems = []
    for page in PAGES:
        text = FENCE.sub('', page.read_text(encoding='utf-8'))
        problems += [f'{page.relative_to(ROOT)}: {p}' for p in [*links(page, text), *words(page, text)]]
    example = subprocess.run([sys.argv[1], '-t', '-f', ROOT / 'doc' / 'example.cfg'], capture_output=True,
                             text=True, check=False)
    if example.returncode:
        problems.append(f'doc/example.cfg: afreshd -t says\n{example.stdout}{example.stderr}')
    print('\n'.join(problems) or f'{len(PAGES)} pages name nothing that is not there')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
