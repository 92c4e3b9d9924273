#!/usr/bin/env python3
"""Holds the tree to its budgets of size.

Functions: 60 lines for 95 in 100 of them, never more than 100; at most 6 parameters.
Files: 800 lines; headers: 250. No macro hides a return or a goto. No variable at file scope that
can change. What must be otherwise stands in tools/budget_exceptions, a line each:
    KIND PATH[:NAME] REASON
with KIND one of function, parameters, file, header, macro, state.
"""

import re
import sys

import source

FUNCTION_MOST = 100
FUNCTION_USUAL = 60
FILE_MOST = 800
HEADER_MOST = 250
PARAMETERS_MOST = 6
FOLDERS = ('src', 'client', 'tools', 'test', 'bench')
KINDS = {'function', 'parameters', 'file', 'header', 'macro', 'state'}


def functions(lines):
    """(name, first line, last line, signature) of each; relies on the braces of our style."""
    begin = None
    for number, line in enumerate(lines):
        if line.startswith('{'):
            begin = number
        elif line.startswith('}') and begin is not None:
            first = begin
            while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in '}#/':
                if lines[first - 1].rstrip().endswith((';', '{')):
                    break
                first -= 1
            signature = ' '.join(lines[first:begin])
            match = re.search(r'(\w+)\s*\(', signature)
            if match:
                yield match[1], first + 1, number + 1, signature[match.end():]
            begin = None


def count_parameters(rest):
    depth, count = 0, 1
    for char in rest:
        if char in '([{':
            depth += 1
        elif char in ')]}':
            if depth == 0:
                break
            depth -= 1
        elif char == ',' and depth == 0:
            count += 1
    return 0 if rest.strip().startswith(('void)', ')')) else count


def macros(text):
    """(name, line, body) of each #define, with its continuation lines."""
    for match in re.finditer(r'^[ \t]*#[ \t]*define[ \t]+(\w+)((?:\\\n|[^\n])*)', text, re.MULTILINE):
        yield match[1], text.count('\n', 0, match.start()) + 1, match[2]


VARIABLE = re.compile(r'^(?!typedef|extern|return)(static )?[A-Za-z_][\w\s*]*?\b(\w+)'
                      r'(\s*\[[^\]]*\])*\s*(=|;)')
DECLARED = re.compile(r'^(struct|enum|union) \w+;')


def variables(lines):
    """(name, line) of what can change at file scope."""
    for number, line in enumerate(lines, 1):
        match = VARIABLE.match(line)
        if match and not DECLARED.match(line) and not re.search(r'\bconst\b', match[0]):
            yield match[2], number


def read_exceptions():
    exceptions, problems = {}, []
    for number, line in enumerate(source.text('tools/budget_exceptions').splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        words = line.split(None, 2)
        if len(words) < 3 or words[0] not in KINDS:
            problems.append(f'tools/budget_exceptions:{number}: not KIND PATH[:NAME] REASON')
        else:
            exceptions[words[0], words[1]] = number
    return exceptions, problems


def check_file(path):
    """(kind, key, line, text) of each excess, and the lengths of the functions."""
    text = source.without_comments_and_strings(source.text(path))
    lines = text.splitlines()
    found, lengths = [], []
    most, kind = (HEADER_MOST, 'header') if path.suffix == '.h' else (FILE_MOST, 'file')
    if len(lines) > most:
        found.append((kind, f'{path}', 1, f'{len(lines)} lines, {most} allowed'))
    for name, first, last, rest in functions(lines):
        length = last - first + 1
        lengths.append((length, path, name, first))
        if length > FUNCTION_MOST:
            found.append(('function', f'{path}:{name}', first,
                          f'{name}: {length} lines, {FUNCTION_MOST} allowed'))
        parameters = count_parameters(rest)
        if parameters > PARAMETERS_MOST:
            found.append(('parameters', f'{path}:{name}', first,
                          f'{name}: {parameters} parameters, {PARAMETERS_MOST} allowed'))
    for name, line, body in macros(text):
        if re.search(r'\b(return|goto)\b', body):
            found.append(('macro', f'{path}:{name}', line, f'{name} hides a return or goto'))
    if not source.is_test(path):
        for name, line in variables(lines):
            found.append(('state', f'{path}:{name}', line, f'{name} can change at file scope'))
    return found, lengths


def check_usual(lengths):
    """The rule for 95 in 100."""
    allowed = max(1, len(lengths) // 20)
    long = sorted((l for l in lengths if l[0] > FUNCTION_USUAL), reverse=True)
    if len(long) <= allowed:
        return []
    return [f'{path}:{line}: {name}: {length} lines; {len(long)} functions have more than '
            f'{FUNCTION_USUAL}, {allowed} may' for length, path, name, line in long]


def summary(lengths):
    ordered = sorted(length for length, *_ in lengths)
    if ordered:
        print(f'{len(ordered)} functions: median {ordered[len(ordered) // 2]} lines, '
              f'95 in 100 within {ordered[len(ordered) * 95 // 100]}, longest {ordered[-1]}')


def main():
    exceptions, problems = read_exceptions()
    used, all_lengths = set(), []
    for path in source.files(*FOLDERS):
        found, lengths = check_file(path)
        if not source.is_test(path):
            all_lengths += lengths
        for kind, key, line, text in found:
            if (kind, key) in exceptions:
                used.add((kind, key))
            else:
                problems.append(f'{path}:{line}: {text}')
    problems += check_usual(all_lengths)
    for (kind, key), number in exceptions.items():
        if (kind, key) not in used:
            problems.append(f'tools/budget_exceptions:{number}: {kind} {key} is not needed any more')
    summary(all_lengths)
    return source.report(problems, 'budget')


if __name__ == '__main__':
    sys.exit(main())
