"""Stumble: does the doctor find what people do wrong, and is it silent while nothing is? `python -m benchmarks.stumble`.

Faults are planted in hand-written loops on small real tasks (`faults/`), each at several strengths, beside healthy runs of
the same tasks, scary but fine ones among them (`sound/`). Every run is made without a watcher first, which says what it
counts as: a fault counts if it costs the stated margin of the score, a tenth of what there is to know (a validation
penalty between knowing nothing and 0), raises, or leaves numbers that are not finite; a healthy run counts if it reaches
its stated score. Then it is made again with the doctor, with the examination, and with rivals where they are installed.
Half of the tasks were at hand while checks were tuned; the other half is only reported on. Optimizers are torch's and
surefoot's in turn, and every other seed lets the doctor compute the penalty, where the first shows it the penalty.
"""
