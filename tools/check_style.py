#!/usr/bin/env python3
"""Holds the tree to its style where a program can judge.

A file opens with a comment; a header has #pragma once; a .c file with a header of its own includes
it first; nothing unfinished is marked; all are as clang-format leaves them (where it is installed).
"""

import re
import shutil
import subprocess
import sys

import source

FOLDERS = ('src', 'client', 'tools', 'test', 'bench')
UNFINISHED = re.compile(r'\b(TODO|FIXME|XXX|stub(bed)?|not (yet )?implemented)\b', re.IGNORECASE)
INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.MULTILINE)


def check_file(path):
    text = source.text(path)
    problems = []
    if not text.startswith(('//', '/*')):
        problems.append(f'{path}:1: does not open with a comment')
    if path.suffix == '.h' and not re.search(r'^#pragma once$', text, re.MULTILINE):
        problems.append(f'{path}:1: no #pragma once')
    own = path.with_suffix('.h')
    if path.suffix == '.c' and path.parts[0] == 'src' and (source.ROOT / own).exists():
        first = INCLUDE.search(text)
        if not first or first[1] != '/'.join(own.parts[1:]):
            problems.append(f'{path}:1: does not include its own header first')
    for number, line in enumerate(text.splitlines(), 1):
        match = UNFINISHED.search(line)
        if match:
            problems.append(f'{path}:{number}: "{match[0]}"')
    return problems


def check_format(paths):
    tool = shutil.which('clang-format')
    if not tool:
        print('clang-format is not installed: layout not checked')
        return []
    result = subprocess.run([tool, '--dry-run', '--ferror-limit=1'] + [str(p) for p in paths],
                            cwd=source.ROOT, capture_output=True, text=True, check=False)
    return sorted({f'{m[1]}: not as clang-format leaves it'
                   for m in re.finditer(r'^(\S+?:\d+):\d+: ', result.stderr, re.MULTILINE)})


def main():
    paths = source.files(*FOLDERS)
    problems = [problem for path in paths for problem in check_file(path)]
    problems += check_format([path for path in paths if path.suffix in ('.c', '.h')])
    return source.report(problems, 'style')


if __name__ == '__main__':
    sys.exit(main())
