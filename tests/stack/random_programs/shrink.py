# SPDX-License-Identifier: Apache-2.0
"""Makes a failing program small: leaves out items, then statements, then the ifs and loops around statements."""

from tree import statements, without


def smaller(program):
    """Programs that are a step smaller, large steps first."""
    for item in program.items:
        if not item.essential:
            candidate = without(program, item.name)
            if candidate:
                yield candidate
    for number, item in enumerate(program.items):
        for keep in ("none", "second half", "first half"):
            if item.body and (keep == "none" or len(item.body) > 1):
                candidate = program.copy()
                body, half = candidate.items[number].body, len(item.body) // 2
                body[:] = {"none": [], "second half": body[half:], "first half": body[:half]}[keep]
                yield candidate
    for number, item in enumerate(program.items):
        places = list(statements(item.body))
        for place in range(len(places)):
            candidate = program.copy()
            body, index = list(statements(candidate.items[number].body))[place]
            del body[index]
            yield candidate
            for inner in range(len(places[place][0][places[place][1]].bodies)):
                candidate = program.copy()
                body, index = list(statements(candidate.items[number].body))[place]
                body[index:index + 1] = body[index].bodies[inner][0]
                yield candidate


def size(program):
    return len(program.render().splitlines())


def shrink(program, fails, attempts=400):
    """The smallest program found that still fails; fails(program) is False also when it does not compile."""
    progress = True
    while progress and attempts > 0:
        progress = False
        for candidate in smaller(program):
            if attempts == 0:
                break
            if size(candidate) >= size(program):
                continue
            attempts -= 1
            if fails(candidate):
                program = candidate
                progress = True
                break
    return program
