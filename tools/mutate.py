#!/usr/bin/env python3
"""Shows that the law and the unit tests catch planted bugs (test/law/mutations.txt).

Usage: mutate.py [-k WORD] [--jobs N] [--scratch FOLDER]

The tree is copied to a scratch folder and built there, and the tests are shown to pass; then come as
many copies of it as mutations are tried at a time. Each mutation is put into a free copy, which
builds and runs the tests that the rule names and nothing else. It is caught when one of them fails;
one that does not compile counts as not caught. Exit status: 0 all were caught, 1 some were not.
"""

import argparse
import concurrent.futures
import os
import pathlib
import queue
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
    'law_impact': (['test/law/law', '-i', '-n', '3000', '-k'], 'test/law/law'),
    'child': (['src/loop/child_uv_test'], 'src/loop/child_uv_test'),
    'child_thread': (['src/loop/child_thread_test'], 'src/loop/child_thread_test'),
    'attr_set': (['src/attr/attr_set_test'], 'src/attr/attr_set_test'),
    'decide': (['src/rib/rib_decide_test'], 'src/rib/rib_decide_test'),
    'policy': (['src/policy/policy_memo_test'], 'src/policy/policy_memo_test'),
    'doubt': (['src/rib/rib_doubt_test'], 'src/rib/rib_doubt_test'),
    'difference': (['src/policy/policy_difference_test'], 'src/policy/policy_difference_test'),
    'targets': (['src/policy/policy_targets_test'], 'src/policy/policy_targets_test'),
    'soft': (['src/soft/soft_test'], 'src/soft/soft_test'),
    'stage': (['src/speaker/speaker_stage_test'], 'src/speaker/speaker_stage_test'),
    'staged': (['src/cmd/cmd_staged_test'], 'src/cmd/cmd_staged_test'),
    'guard': (['src/cmd/cmd_guard_test'], 'src/cmd/cmd_guard_test'),
    'audit': (['src/speaker/speaker_audit_test'], 'src/speaker/speaker_audit_test'),
    'compare': (['src/rib/rib_compare_test'], 'src/rib/rib_compare_test'),
    'speaker': (['src/speaker/speaker_test'], 'src/speaker/speaker_test'),
    'vpn': (['src/speaker/speaker_vpn_test'], 'src/speaker/speaker_vpn_test'),
    'measure': (['src/speaker/speaker_measure_test'], 'src/speaker/speaker_measure_test'),
    'rehearsal': (['src/speaker/speaker_rehearsal_test'], 'src/speaker/speaker_rehearsal_test'),
    'rehearsal_vpn': (['src/speaker/speaker_rehearsal_vpn_test'], 'src/speaker/speaker_rehearsal_vpn_test'),
    'rib_law': (['src/rib/rib_law_test'], 'src/rib/rib_law_test'),
    'rib_ledger': (['src/rib/rib_ledger_test'], 'src/rib/rib_ledger_test'),
    'rib_lend': (['src/rib/rib_lend_test'], 'src/rib/rib_lend_test'),
    'rib_limit': (['src/rib/rib_limit_test'], 'src/rib/rib_limit_test'),
    'rib_vpn': (['src/rib/rib_vpn_test'], 'src/rib/rib_vpn_test'),
    'history': (['src/conf/conf_history_test'], 'src/conf/conf_history_test'),
    'store': (['src/conf/conf_store_test'], 'src/conf/conf_store_test'),
    'commands': (['src/cmd/cmd_history_test'], 'src/cmd/cmd_history_test'),
    'proof': (['src/cmd/cmd_proof_test'], 'src/cmd/cmd_proof_test'),
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


def build(folder, targets, jobs):
    return subprocess.run(['ninja', '-C', folder / 'build', '-j', str(jobs), *targets],
                          capture_output=True, text=True, check=False)


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


def prepare(folder, tests, jobs):
    """Returns why nothing can be tried here: there is no build, or a test fails without any bug."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ROOT.iterdir():
        if LEFT_OUT(str(ROOT), [name.name]):
            continue
        if name.is_dir():
            shutil.copytree(name, folder / name.name, ignore=LEFT_OUT, dirs_exist_ok=True)
        else:
            shutil.copy(name, folder / name.name)
    done = subprocess.run(['meson', 'setup', '-Doptimization=1', '-Ddebug=false', folder / 'build',
                           folder], capture_output=True, text=True, check=False)
    if not done.returncode:
        done = build(folder, [TESTS[test][1] for test in tests], jobs)
    if done.returncode:
        return done.stdout[-3000:]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for test, (passed, why) in zip(tests, pool.map(lambda test: run(folder, test), tests)):
            print(f'without mutation: {test} {"passes" if passed else "FAILS: " + why}', flush=True)
            if not passed:
                return f'{test} fails without any mutation'
    return None


def attempt(folder, mutation, jobs):
    before = mutation.apply(folder)
    if before is None:
        return False, 'the rule does not fit the source any more'
    try:
        done = build(folder, [TESTS[test][1] for test in mutation.by], jobs)
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


def attempt_all(folders, rules, jobs):
    """Tries each in whatever folder is free; returns how many were missed."""
    free = queue.SimpleQueue()
    for folder in folders:
        free.put(folder)

    def one(mutation):
        folder, began = free.get(), time.monotonic()
        try:
            caught, why = attempt(folder, mutation, max(1, jobs // len(folders)))
        finally:
            free.put(folder)
        print(f'{"caught" if caught else "MISSED"}  {mutation.name:28} '
              f'{time.monotonic() - began:5.1f} s  {why}', flush=True)
        return caught

    with concurrent.futures.ThreadPoolExecutor(len(folders)) as pool:
        return list(pool.map(one, rules)).count(False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('-k', default='', help='only mutations whose name holds this word')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='tried at a time')
    parser.add_argument('--scratch', help='folder to work in, kept afterwards')
    options = parser.parse_args()
    rules = [m for m in read_rules(ROOT / 'test/law/mutations.txt') if options.k in m.name]
    needed = {test for mutation in rules for test in mutation.by}
    scratch = pathlib.Path(options.scratch or tempfile.mkdtemp(prefix='mutate-'))
    folders = [scratch / str(i) for i in range(options.jobs)]
    try:
        trouble = prepare(folders[0], [test for test in TESTS if test in needed], options.jobs)
        if trouble:
            sys.exit(trouble)
        for folder in folders[1:]:  # times and all, so that ninja finds nothing to do there
            shutil.copytree(folders[0], folder, symlinks=True, dirs_exist_ok=True)
        missed = attempt_all(folders, rules, options.jobs)
    finally:
        if not options.scratch:
            shutil.rmtree(scratch)
    print(f'{len(rules) - missed} of {len(rules)} mutations caught')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
