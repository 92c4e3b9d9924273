#!/usr/bin/env python3
"""Shows that the law and the unit tests catch planted bugs (test/law/mutations.txt).

Usage: mutate.py [-k WORD] [--scratch FOLDER]

The tree is copied to a scratch folder and built there; each mutation is put into the copy in turn,
built, and tried with the test that its rule names. It is caught when that test fails; one that does
not compile counts as not caught. Exit status: 0 all were caught, 1 some were not.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns('.git', 'build*', '__pycache__', 'data')
TESTS = {
    'law': (['test/law/law', '-n', '10000', '-k'], 'test/law/law'),
    'law_small': (['test/law/law_small', '-n', '10000', '-k'], 'test/law/law_small'),
    'policy': (['src/policy/policy_memo_test'], 'src/policy/policy_memo_test'),
    'doubt': (['src/rib/rib_doubt_test'], 'src/rib/rib_doubt_test'),
    'difference': (['src/policy/policy_difference_test'], 'src/policy/policy_difference_test'),
    'targets': (['src/policy/policy_targets_test'], 'src/policy/policy_targets_test'),
    'soft': (['src/soft/soft_test'], 'src/soft/soft_test'),
    'speaker': (['src/speaker/speaker_test'], 'src/speaker/speaker_test'),
    'vpn': (['src/speaker/speaker_vpn_test'], 'src/speaker/speaker_vpn_test'),
    'rib_law': (['src/rib/rib_law_test'], 'src/rib/rib_law_test'),
    'rib_lend': (['src/rib/rib_lend_test'], 'src/rib/rib_lend_test'),
    'rib_vpn': (['src/rib/rib_vpn_test'], 'src/rib/rib_vpn_test'),
    'vpn_law': (['src/vpn/vpn_law_test'], 'src/vpn/vpn_law_test'),
    'vpn_exchange': (['src/vpn/vpn_exchange_test'], 'src/vpn/vpn_exchange_test'),
}


class Mutation:
    def __init__(self, name):
        self.name = name
        self.why = self.file = ''
        self.by = []
        self.edits = []  # pairs of old and new

    def apply(self, folder):
        """Returns the text before, or None when a stretch does not occur exactly once."""
        path = folder / self.file
        before = text = path.read_text()
        for old, new in self.edits:
            pattern = r'\s+'.join(re.escape(word) for word in old.split())
            if len(re.findall(pattern, text)) != 1:
                return None
            text = re.sub(pattern, lambda _: new, text)
        path.write_text(text)
        return before


def read_rules(path):
    rules = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        word, _, rest = line.partition(' ')
        if word == 'mutation:':
            rules.append(Mutation(rest))
        elif word == '-':
            rules[-1].edits.append((rest, ''))
        elif word == '+':
            rules[-1].edits[-1] = (rules[-1].edits[-1][0], rest)
        elif word == 'by:':
            rules[-1].by = rest.split()
        elif word in ('why:', 'file:'):
            setattr(rules[-1], word[:-1], rest)
        else:
            sys.exit(f'{path}:{number}: not understood: {line}')
    return rules


def build(folder, targets):
    return subprocess.run(['ninja', '-C', folder / 'build', *targets], capture_output=True,
                          text=True, check=False)


def run(folder, test):
    """Whether the test passed; one that hangs has failed."""
    command = [folder / 'build' / TESTS[test][0][0], *TESTS[test][0][1:]]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600,
                              check=False)
    except subprocess.TimeoutExpired:
        return False, 'did not end'
    lines = [line for line in done.stdout.splitlines() + done.stderr.splitlines()
             if re.search(r'fails|FAILED|Failure', line)]
    return done.returncode == 0, lines[0].strip() if lines else f'status {done.returncode}'


def prepare(folder):
    for name in ROOT.iterdir():
        if LEFT_OUT(str(ROOT), [name.name]):
            continue
        (shutil.copytree if name.is_dir() else shutil.copy)(
            name, folder / name.name, **({'ignore': LEFT_OUT} if name.is_dir() else {}))
    done = subprocess.run(['meson', 'setup', '-Doptimization=1', '-Ddebug=false', folder / 'build',
                           folder], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    done = build(folder, [target for _, target in TESTS.values()])
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    for test in TESTS:
        passed, why = run(folder, test)
        print(f'without mutation: {test} {"passes" if passed else "FAILS: " + why}', flush=True)
        if not passed:
            sys.exit(1)


def attempt(folder, mutation):
    before = mutation.apply(folder)
    if before is None:
        return False, 'the rule does not fit the source any more'
    try:
        done = build(folder, [TESTS[test][1] for test in mutation.by])
        if done.returncode:
            errors = [line for line in done.stdout.splitlines() if 'error:' in line]
            return False, 'does not compile: ' + (errors[0] if errors else '')
        for test in mutation.by:
            passed, why = run(folder, test)
            if not passed:
                return True, f'{test}: {why}'
        return False, 'NOT CAUGHT'
    finally:
        (folder / mutation.file).write_text(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('-k', default='', help='only mutations whose name holds this word')
    parser.add_argument('--scratch', help='folder to work in, kept afterwards')
    options = parser.parse_args()
    rules = [m for m in read_rules(ROOT / 'test/law/mutations.txt') if options.k in m.name]
    folder = pathlib.Path(options.scratch or tempfile.mkdtemp(prefix='mutate-'))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        prepare(folder)
        missed = 0
        for mutation in rules:
            began = time.monotonic()
            caught, why = attempt(folder, mutation)
            missed += not caught
            print(f'{"caught" if caught else "MISSED"}  {mutation.name:28} '
                  f'{time.monotonic() - began:5.1f} s  {why}', flush=True)
    finally:
        if not options.scratch:
            shutil.rmtree(folder)
    print(f'{len(rules) - missed} of {len(rules)} mutations caught')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
