"""Laws of the views: each shows what the record says, on runs of both forms, and downloads stand for themselves."""

import csv
import json
import re
from xml.etree import ElementTree as ET

import pytest
from page.shelves import FORMS, SPIKE, begun, client, ended, finding, finished, go_on

from surefoot.diagnose import CHECKS, Seen, Where
from surefoot.diagnose.finding import as_events
from surefoot.page.courses import EXAMPLES
from surefoot.page.library import Library
from surefoot.page.listing import Asked, Listing
from surefoot.trace import Trace

SEARCH = {
    "rule": "muon", "step_size": 0.012, "decay": 0.1, "cost": 90, "reason": "0.12 won at 20 steps",
    "tried": [{"rule": "muon", "decay": 0.1, "step_size": 0.01 * 3**i, "steps": 5, "penalty": p} for i, p in enumerate((2.0, 1.0, None))],
}  # fmt: skip


def embedded(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


@pytest.mark.parametrize("form", FORMS)
def test_the_list_tells_of_each_run_how_it_stands(tmp_path, form):
    path = finished(tmp_path, form=form)
    text = client(tmp_path).get("/").text
    for said in (f'href="/run/{path.name}"', "finished", "0.25", "400", "all 400 steps were taken", 'class="spark"'):
        assert said in text


def test_the_list_waits_for_no_small_curve(tmp_path):
    finished(tmp_path)
    listing = Listing(Library(tmp_path))
    assert [row.spark for row in listing.rows(Asked(), patience=0.0)] == [""]
    assert listing.rows(Asked(), patience=60.0)[0].spark.startswith("<svg")
    assert listing.rows(Asked(), patience=0.0)[0].spark.startswith("<svg")


def test_a_folder_without_runs_says_how_to_make_one(tmp_path):
    assert "surefoot fit digits --page" in client(tmp_path / "nothing").get("/").text


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("search=net", ["net"]),
        ("search=NET+adamw", ["net"]),
        ("state=failed", ["net"]),
        ("search=none", []),
        ("sort=title", ["digits", "net"]),
        ("sort=begun", ["net", "digits"]),
    ],
)
def test_the_list_is_searched_and_sorted(tmp_path, query, there):
    finished(tmp_path, "digits")
    finished(tmp_path, "net", kind="failed")
    text = client(tmp_path).get(f"/?{query}").text
    assert re.findall(r"data-title>(\w+)<", text) == there


def test_an_ask_for_a_part_of_the_list_is_answered_with_that_part(tmp_path):
    finished(tmp_path)
    text = client(tmp_path).get("/", headers={"hx-request": "true"}).text
    assert text.lstrip().startswith("<table")


@pytest.mark.parametrize("form", FORMS)
def test_a_runs_page_brings_its_curves_along(tmp_path, form):
    path = finished(tmp_path, form=form, findings=[finding()], search=SEARCH)
    text = client(tmp_path).get(f"/run/{path.name}").text
    data = embedded(text)
    assert {*data["series"]} == {
        "penalty",
        "validation_penalty",
        "accuracy",
        "step_size",
        "gradient_norm",
        "update_ratio",
    }
    assert [each["kind"] for each in data["phases"]] == ["warm-up", "cool-down"]
    assert data["map"]["names"] == ["body.2.weight", "body.10.weight"]


def test_a_finding_is_told_with_what_was_seen_why_and_what_to_change(tmp_path):
    path = finished(tmp_path, findings=[finding()])
    text = client(tmp_path).get(f"/run/{path.name}").text
    assert "Softmax &lt;b&gt;twice&lt;/b&gt;." in text
    assert "<b>twice" not in text
    for said in (
        "sum of each row: 1, expected anything",
        "nn.Linear(8, 3)",
        "Why it matters",
        "dismiss=[",
        'data-show="3" data-layers="body.2"',
        "Look at this",
    ):
        assert said in text.replace("&#39;", "'")


def test_a_finding_of_a_run_that_goes_on_is_told_before_its_end(tmp_path):
    from surefoot.trace import Event

    with begun(tmp_path) as folder:
        go_on(folder, 0, 10)
        folder.tell(Trace(events=(Event(10, "finding", "softmax-twice: Softmax is applied twice."),)))
        folder.flush()
        text = client(tmp_path).get(f"/run/{folder.path.name}/story").text
        assert "Softmax is applied twice." in text
        assert "Look at this" in text
        told = CHECKS["softmax-twice"].finding(
            "Twice.", "nn.Linear(8, 3)", [Seen("rows", 1.0, "any")], Where(9, ("a",))
        )
        folder.tell(Trace(events=as_events(told, 10)))
        folder.flush()
        text = client(tmp_path).get(f"/run/{folder.path.name}/story").text
        for said in ("rows: 1, expected any", "nn.Linear(8, 3)", "Why it matters", 'data-show="9" data-layers="a"'):
            assert said in text, "what a run's end tells in full is there as soon as it is found"
        assert "&#34;code&#34;" not in text


def test_a_healthy_run_says_so_and_a_failed_one_why(tmp_path):
    healthy, failed = finished(tmp_path), finished(tmp_path, "net", kind="failed")
    assert "Nothing wrong found in 400 steps." in client(tmp_path).get(f"/run/{healthy.name}").text
    assert "verdict stop" in client(tmp_path).get(f"/run/{failed.name}").text


def test_the_race_and_the_average_are_shown(tmp_path):
    average = {
        "kept": True,
        "text": "averaged weights: better",
        "steps": 40,
        "found": {"accuracy": 0.875},
        "raw_found": {"accuracy": 0.75},
    }
    path = finished(tmp_path, search=SEARCH, average=average)
    text = client(tmp_path).get(f"/run/{path.name}").text
    assert "muon at 0.012" in text
    assert text.count('<circle class="dot') == 2
    assert "diverged" in text
    assert "Averaged weights: better." in text
    assert "0.875" in text


def test_the_range_test_is_drawn_with_what_it_says(tmp_path):
    ramp = {
        "seed": 0,
        "step_sizes": [1e-4, 1e-3, 1e-2, 1e-1],
        "fastest": 1e-3,
        "lowest": 1e-2,
        "penalties": [2.0, 1.5, 1.0, None],
    }
    found = {"rule": "sgd", "decay": 0.0, "step_size": 0.003, "low": 1e-3, "high": 1e-2, "steps": 4, "ramps": [ramp]}
    path = finished(tmp_path, search={**SEARCH, "ranges": [found]})
    text = client(tmp_path).get(f"/run/{path.name}").text
    assert 'aria-label="range test of sgd"' in text
    assert "falls fastest at 0.001 and is lowest at 0.01" in text


def test_a_part_of_a_curve_is_fetched_finer_and_not_without_bounds(tmp_path):
    path = finished(tmp_path)
    asked = client(tmp_path)
    found = asked.get(f"/run/{path.name}/part?name=penalty&level=0&first=100&last=120").json()
    assert found["level"] == 0
    for query in (
        "level=0&first=0&last=999999",
        "level=-1&first=0&last=1",
        "level=61&first=0&last=1",
        "level=x",
        "level=0&first=9&last=1",
    ):
        assert asked.get(f"/run/{path.name}/part?name=penalty&{query}").status_code == 400


@pytest.mark.parametrize("form", FORMS)
def test_a_column_downloads_as_a_table_and_a_chart(tmp_path, form):
    path = finished(tmp_path, form=form)
    asked = client(tmp_path)
    rows = list(csv.reader(asked.get(f"/run/{path.name}/penalty.csv").text.splitlines()))
    assert rows[0] == ["step", "penalty"]
    assert float(rows[1 + SPIKE][1]) == 40.0
    assert len(rows) == 401
    assert asked.get(f"/run/{path.name}/gradient_norm.csv").text.startswith("step,gradient_norm_least,")
    for column in ("penalty", "accuracy", "update_ratio"):
        drawn = asked.get(f"/run/{path.name}/{column}.svg")
        assert 'filename="' in drawn.headers["content-disposition"]
        assert ET.fromstring(drawn.text).tag.endswith("svg")
    assert asked.get(f"/run/{path.name}/nothing.svg").status_code == 404


def test_a_metric_and_a_folder_of_any_name_are_reached(tmp_path):
    from surefoot.trace import Series, Trace

    with begun(tmp_path, layers=False) as folder:
        folder.tell(Trace({"val/acc 100%": Series([0, 1], [0.5, 0.75])}))
    folder.path.rename(tmp_path / "my run #1")
    asked = client(tmp_path)
    (link,) = re.findall(r'href="(/run/[^"#]+)" data-title', asked.get("/").text)
    links = re.findall(r'href="(/run/[^"]+\.csv)"', asked.get(link).text)
    assert [asked.get(each).text for each in links if "acc" in each] == ["step,val/acc 100%\n0,0.5\n1,0.75\n"]


def test_a_run_downloads_as_one_page_that_loads_nothing(tmp_path):
    path = finished(tmp_path, findings=[finding()])
    text = client(tmp_path).get(f"/run/{path.name}/page.html").text
    assert re.findall(r"<(?:link|img|iframe)|<script[^>]*src=|@import|url\(", text) == []
    assert {*embedded(text)["maps"]} == {"dead_share", "gradient_norm", "update_ratio", "weight_norm"}
    assert not re.search(r"^(import|export) ", text, re.MULTILINE)
    assert 'action="' not in text
    assert "Rename" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_no_view_has_a_script_or_a_style_in_it(tmp_path):
    path = finished(tmp_path, findings=[finding()], search=SEARCH)
    for view in ("/", f"/run/{path.name}", f"/compare?run={path.name}", "/schedules", "/latest?after=99999999999"):
        text = client(tmp_path).get(view).text
        assert (
            re.findall(
                r"<script(?![^>]*(?:src=\"/static/|type=\"application/json\"))|<style| style=| on\w+=|javascript:", text
            )
            == []
        )
        assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text) == []


def test_runs_are_compared_by_what_differs(tmp_path):
    one, other = finished(tmp_path, "one", settings={"seed": 0}), finished(tmp_path, "other", settings={"seed": 7})
    text = client(tmp_path).get(f"/compare?run={one.name}&run={other.name}&run=nothing").text
    head, _, rest = text.partition("Settings that differ")
    differ, _, came = rest.partition("Outcome")
    assert "A · one" in head
    assert re.findall(r'<th scope="row">([\w ]+)<', differ) == ["seed"]
    assert "best validation penalty" in came
    assert len(embedded(text)) == 2


def test_one_run_alone_is_offered_others(tmp_path):
    path = finished(tmp_path)
    assert f'value="{path.name}" checked' in client(tmp_path).get(f"/compare?run={path.name}").text


def test_schedules_are_drawn_written_and_told_what_is_wrong(tmp_path):
    asked = client(tmp_path)
    text = asked.get("/schedules", params={"text": ["warmup(5%) >> cosine()", "nonsense("], "steps": "200"}).text
    assert "sf.warmup(0.05) &gt;&gt; sf.cosine(to=0.0)" in text
    assert "<math" in text
    assert text.count('<path class="line') == 1
    assert 'class="fault"' in text
    for query in ("steps=0", "step_size=-1", "step_size=nan"):
        assert 'class="fault"' in asked.get(f"/schedules?{query}").text
    assert asked.get("/schedules?steps=many").status_code == 400


def test_a_schedule_that_a_hand_has_moved_is_drawn_and_written_anew(tmp_path):
    asked, part = client(tmp_path), {"hx-request": "true"}
    query = {
        "text": ["wsd()", "warmup(5%) >> cosine()"],
        "which": "1",
        "handle": "end 1",
        "to": "103.2",
        "high": "1.04",
        "low": "0",
    }
    text = asked.get("/schedules/moved", params=query, headers=part).text
    assert 'data-text="warmup(10.5%) &gt;&gt; cosine()"' in text
    assert "sf.warmup(0.105) &gt;&gt; sf.cosine(to=0.0)" in text
    assert "step 105 of 1,000" in text
    assert 'href="/schedules.svg?text=wsd%28%29&amp;text=warmup%2810.5%25%29' in text
    held = json.loads(re.search(r'data-sides="([^"]*)"', text)[1].replace("&#34;", '"'))
    assert held["up"] == [0.0, 1.04]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"which": "2"}, "there is no schedule 3; there are 1"), ({"which": "-1"}, "there is no schedule 0"),
        ({"handle": "end 7"}, "there is no handle &#39;end 7&#39;; there are end 1, start 1, to 2"),
        ({"to": "nan"}, "it is moved to nan"), ({"to": "x"}, "to is &#39;x&#39;; it is a number"), ({"to": ""}, "it is moved to nan"),
        ({"low": "0", "high": "1e9"}, "low is 0 and high 1e+09"), ({"low": "2", "high": "1"}, "two fractions of the peak"),
        ({"low": "1e-300"}, "two fractions"), ({"steps": "0"}, "steps is 0"), ({"text": "nonsense("}, "there are none"),
    ],
)  # fmt: skip
def test_a_hand_is_told_what_cannot_be_moved(tmp_path, query, said):
    usual = {"text": "warmup(5%) >> cosine()", "which": "0", "handle": "end 1", "to": "70"}
    answer = client(tmp_path).get("/schedules/moved", params={**usual, **query})
    assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_can_be_drawn(tmp_path, text):
    assert 'class="fault"' not in client(tmp_path).get("/schedules", params={"text": text}).text


def test_a_run_is_renamed_deleted_and_brought_back(tmp_path):
    path = finished(tmp_path)
    asked = client(tmp_path)
    assert asked.post(f"/run/{path.name}/title", content="Mine é").json() == {"before": "", "title": "Mine é"}
    assert "Mine é" in asked.get("/").text
    assert asked.post(f"/run/{path.name}/title", content="x" * 3000).status_code == 413
    assert asked.post(f"/run/{path.name}/delete").json()["deleted"] == path.name
    assert asked.get(f"/run/{path.name}").status_code == 404
    assert asked.post(f"/run/{path.name}/restore").status_code == 200
    assert "Mine é" in asked.get(f"/run/{path.name}").text
    assert asked.get(f"/run/{path.name}/delete").status_code == 405


def test_the_newest_run_is_found_and_one_that_is_to_come_waited_for(tmp_path):
    asked = client(tmp_path)
    assert asked.get("/latest").headers["location"] == "/"
    assert "about to begin" in asked.get("/latest?after=1").text
    finished(tmp_path, "old")
    new = finished(tmp_path, "new")
    assert asked.get("/latest?after=1").headers["location"] == f"/run/{new.name}"


def test_closing_the_page_empties_its_bin(tmp_path):
    path = finished(tmp_path)
    with client(tmp_path) as asked:
        asked.post(f"/run/{path.name}/delete")
        assert [each.name[:8] for each in tmp_path.iterdir()] == [".deleted"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_sent_again_while_it_is_the_same(tmp_path):
    asked = client(tmp_path)
    tag = asked.get("/static/page.css").headers["etag"]
    assert asked.get("/static/page.css", headers={"if-none-match": tag}).status_code == 304


def test_a_run_that_is_still_searching_has_a_page(tmp_path):
    with begun(tmp_path) as folder:
        folder.flush()
        assert client(tmp_path).get(f"/run/{folder.path.name}").status_code == 200
        ended(folder, 0, kind="interrupted", best={}, best_step=0)
    assert client(tmp_path).get(f"/run/{folder.path.name}").status_code == 200
