"""What the lint tools share: the list of source files, and C text without comments or strings."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(*folders, suffixes=('.c', '.h')):
    """Source files below the folders, as paths relative to the root, sorted."""
    found = []
    for folder in folders:
        for path in (ROOT / folder).rglob('*'):
            if path.suffix in suffixes and path.is_file():
                found.append(path.relative_to(ROOT))
    return sorted(found)


def text(path):
    return (ROOT / path).read_text(encoding='utf-8', errors='replace')


def is_test(path):
    return path.name.endswith('_test.c') or path.parts[0] == 'test'


def _blank(token):
    return re.sub(r'[^\n]', ' ', token)


def without_comments(source):
    """The same lines and columns; comments are blanks."""
    return _TOKEN.sub(lambda m: _blank(m[0]) if m[0].startswith('/') else m[0], source)


def without_comments_and_strings(source):
    def replace(match):
        token = match[0]
        if token.startswith('/'):
            return _blank(token)
        return token[0] + 'x' * (len(token) - 2) + token[-1]
    return _TOKEN.sub(replace, source)


def report(problems, what):
    """Prints the problems; returns the exit status."""
    for problem in problems:
        print(problem)
    print(f'{what}: {len(problems)} problem(s)' if problems else f'{what}: fine')
    return 1 if problems else 0
