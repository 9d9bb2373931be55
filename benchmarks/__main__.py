"""`make bench`: every measurement, one after the other."""

from benchmarks import importing, journal, lookup, recorder, visibility

for measurement in (recorder, journal, importing, lookup, visibility):
    print(f"\n== {measurement.__name__}")
    measurement.main()
