"""Drug names that are taken for one another: a list kept by hand, and pairs that are close by their letters."""

import curated


def bisim(a, b):
    """BI-SIM of Kondrak and Dorr (2004): longest common subsequence of bigrams with graded matches, 0 to 1."""
    a, b = "_" + a, "_" + b
    left = [a[i : i + 2] for i in range(len(a) - 1)]
    right = [b[j : j + 2] for j in range(len(b) - 1)]
    above = [0.0] * (len(right) + 1)
    for x in left:
        row = [0.0]
        for j, y in enumerate(right):
            match = above[j] + ((x[0] == y[0]) + (x[1] == y[1])) / 2
            row.append(max(above[j + 1], row[j], match))
        above = row
    return above[-1] / max(len(left), len(right))


def pairs(names, generic, least=0.75):
    """Rows of lookalikes.tsv, each pair once, the smaller name first. A brand and its own generic are no pair."""
    rows = {}
    for pair in curated.TALL_MAN:
        tall = pair.split("-")
        a, b = sorted(tall, key=str.lower)
        rows[a.lower(), b.lower()] = (a, b, bisim(a.lower(), b.lower()), "fda-name-differentiation")
    for a, b in curated.CONFUSED:
        a, b = sorted((a, b))
        rows.setdefault((a, b), ("", "", bisim(a, b), "curated"))
    names = sorted(names)
    bigrams = [{n[i : i + 2] for i in range(len(n) - 1)} for n in names]
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            b = names[j]
            shared = len(bigrams[i] & bigrams[j])
            if 2 * shared < 0.5 * (len(bigrams[i]) + len(bigrams[j])) or a in b or b in a:
                continue
            ga, gb = generic.get(a) or a, generic.get(b) or b
            if ga.split(" ")[0] == gb.split(" ")[0] or (a, b) in rows:
                continue
            score = bisim(a, b)
            if score >= least:
                rows[a, b] = ("", "", score, "computed")
    return [(a, b, ta, tb, f"{s:.2f}", source) for (a, b), (ta, tb, s, source) in rows.items()]
