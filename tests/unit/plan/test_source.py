"""Reading a plan: what is right becomes a Plan, what is wrong comes back with its line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.plan.model import Plan
from shared.plan.source import load
from tests.unit.plan.plans import SMALL_YAML, errors_of, line_of, loaded, spoiled, written


def test_a_plan_without_errors_becomes_a_plan(tmp_path: Path) -> None:
    plan = loaded(written(tmp_path))

    assert plan.operation.name == "Operasi Contoh"
    assert [site.id for site in plan.sites] == ["kantor", "tps-1"]
    assert [at.isoformat() for at in plan.visit_rules[0].at] == ["10:00:00", "21:00:00"]
    assert plan.policy_by_severity["kritis"].start_level == 2


def test_a_phase_under_a_name_of_ones_own_says_how_tense_it_is(tmp_path: Path) -> None:
    named = SMALL_YAML.replace("voting", "masa_tenang")
    own = spoiled(named, "code: masa_tenang", "code: masa_tenang, tense: true")
    assert loaded(written(tmp_path, own)).phases[1].tense


def test_the_version_is_a_function_of_the_content(tmp_path: Path) -> None:
    plan = loaded(written(tmp_path))
    commented = loaded(written(tmp_path, "# words only\n" + SMALL_YAML))
    changed = loaded(
        written(tmp_path, spoiled(SMALL_YAML, "grace_s: 900\n    crew", "grace_s: 901\n    crew"))
    )

    assert len(plan.version) == 12
    assert commented.version == plan.version
    assert changed.version != plan.version


WRONG = [
    # what is written instead of what, where, and what the message says
    ("radius_m: 150", "radius_m: 50", "sites[1].radius_m", "at least 60 m"),
    ("radius_m: 150", "radius_m: 0", "sites[1].radius_m", "must be > 0"),
    ("radius_m: 150", "radius_m: wide", "sites[1].radius_m", "must be a number, not 'wide'"),
    ("radius_m: 150", "radius: 150", "sites[1].radius", "did you mean radius_m"),
    ("progress_s: 600", "progress_s: 1e999", "policies[0].progress_s", "finite"),
    ("radius_m: 150", "radius_m: 150, guards: -1", "sites[1].guards", "must be >= 0"),
    ("radius_m: 150", "radius_m: 150, guards: two", "sites[1].guards", "must be a whole number"),
    ("lat: -6.91", "lat: 112.06", "sites[1].lat", "must be <= 90, not 112.06"),
    ("lat: -6.91", "lat:", "sites[1].lat", "is empty"),
    ("risk_class: kurang_rawan", "risk_class: aman", "sites[1].risk_class", "kurang_rawan, rawan"),
    ("type: polling_station", "type: tps", "sites[1].type", "no site type 'tps'"),
    ("unit: polres/polsek-b, lat", "unit: polda/polsek-b, lat", "sites[1].unit", "no unit"),
    ("id: tps-1", "id: kantor", "sites[1].id", "'kantor' is taken by the row in"),
    ("id: tps-1", "id: TPS 1", "sites[1].id", "may hold small letters"),
    ("id: tps-1", "id: 1", "sites[1].id", "write it in quotes"),
    ("timezone: Asia/Jakarta", "timezone: Asia/Tuban", "operation.timezone", "no time zone"),
    ("timezone: Asia/Jakarta", "timezone: ../etc", "operation.timezone", "no time zone"),
    ("unit: polres\nunits", "unit: polres-x\nunits", "operation.unit", "did you mean polres"),
    ("path: polres/polsek-b", "path: polres/rayon/polsek-b", "units[2].path", "'polres/rayon'"),
    ("path: polres/polsek-b", "path: polda/polsek-b", "units[2].path", "not below the operation"),
    ("path: polres/polsek-b", "path: Polres/B", "units[2].path", "small letters"),
    ("ends: 2024-02-10", "ends: 2023-02-10", "phases[0].ends", "before it starts"),
    ("ends: 2024-02-10", "ends: 2024-02-30", "phases[0].ends", "must be a date like"),
    ("code: voting", "code: campaign", "phases[1].code", "is taken by"),
    ("code: voting", "code: masa_tenang", "phases[1].code", "say `tense: true` or `tense: false`"),
    ("property}", "property, restricted_to: [x]}", "categories[0].restricted_to[0]", "one of"),
    ("property}", "property, restricted_to: [auditor]}", "categories[0].restricted_to", "take the"),
    ("other}", "other, hidden_from_unit: true}", "categories[4].hidden_from_unit", "everybody"),
    ("role: officer", "role: kapolres", "people[1].role", "must be one of guard, officer"),
    ("rank: Bripka", "rank: ''", "people[1].rank", "is empty"),
    ("holder: p-1", "holder: p-7", "posts[0].holder", "there is no person 'p-7'"),
    ("kind: padal", "kind: kapolres", "posts[2].kind", "is the kapolres of polres already"),
    ("address: padal}]", "addres: padal}]", "posts[2].contacts[0].addres", "did you mean address"),
    ("{channel: log, address: padal}", "{channel: sms, address: padal}",
     "posts[2].contacts[0].channel", "there is no channel 'sms'"),
    ("contacts: [{channel: log, address: padal}]", "contacts: []", "posts[2].contacts",
     "give it a contact"),
    ("members: [p-2]", "members: [p-9]", "shifts[0].members[0]", "there is no person 'p-9'"),
    ("members: [p-2]", "members: [p-2, p-2]", "shifts[0].members[1]", "stands twice"),
    ("members: [p-2]", "members: []", "shifts[0].members", "at least one member"),
    ("members: [p-2]", "members: p-2", "shifts[0].members", "must be a list"),
    ("ends: 19:00", "ends: 07:00", "shifts[0].ends", "may not end at the time it starts"),
    ("ends: 19:00", "ends: 24:00", "shifts[0].ends", "from 00:00 to 23:59"),
    ("ends: 19:00", "ends: 7pm", "shifts[0].ends", "from 00:00 to 23:59"),
    ("sites: [kantor]", "sites: [kantr]", "shifts[0].sites[0]", "did you mean kantor"),
    ("phases: [voting]", "phases: [vote]", "visit_rules[1].phases[0]", "there is no phase"),
    ("site_types: [office]", "site_types: [offices]", "visit_rules[0].site_types[0]", "site type"),
    ("at: [07:00, 13:00]", "at: []", "visit_rules[1].at", "at least one time"),
    ("at: [07:00, 13:00]", "at: [07:00, 07:30]", "visit_rules[1].at", "move them apart"),
    ("at: [07:00, 13:00]", "at: [07:00, 07:00]", "visit_rules[1].at", "move them apart"),
    ("at: [07:00, 13:00]", "at: [00:10, 23:50]", "visit_rules[1].at", "move them apart"),
    ("at: [07:00, 13:00]", "at: [07:00+07:00]", "visit_rules[1].at[0]", "local time"),
    ("crew: R-21\ncategories", "crew: R-12\ncategories", "visit_rules[1].crew", "no crew 'R-12'"),
    ("severity: sedang, stage: AG", "severity: siang, stage: AG", "categories[0].severity",
     "must be one of rendah, sedang, tinggi, kritis"),
    ("stage: AG", "stage: XX", "categories[0].stage", "must be one of PG, AG, GN"),
    ("id: other", "id: others", "categories", "needs a row with id 'other'"),
    ("severities: [rendah, sedang]", "severities: [rendah]", "policies", "the severity 'sedang'"),
    ("severities: [tinggi, kritis]", "severities: [tinggi, kritis, sedang]",
     "policies[1].severities[2]", "'sedang' has the chain 'biasa' already"),
    ("severities: [rendah, sedang]", "severities: [rendah, rendah, sedang]",
     "policies[0].severities[1]", "'rendah' has the chain 'biasa' already"),
    ("start_level: 2", "start_level: 3", "policies[1].start_level", "must be at most 2"),
    ("progress_s: 600", "progress_s: 0", "policies[0].progress_s", "must be > 0"),
    ("posts: [padal, kapolsek]", "posts: [padal, kapolsec]", "policies[0].steps[0].posts[1]",
     "did you mean kapolsek"),
    ("posts: [padal, kapolsek]", "posts: [kapolsek]", "policies[0].steps[0].posts",
     "no kapolsek on the way up from polres, polres/polsek-b"),
    ("posts: [padal, kapolsek]", "posts: []", "policies[0].steps[0]", "tells nobody"),
    ("posts: [padal, kapolsek]", "people: [p-3]", "policies[0].steps[0].people[0]", "no person"),
    ("posts: [padal, kapolsek]", "people: [p-2]", "policies[0].steps[0].people",
     "no contact is known of p-2"),
    ("posts: [padal, kapolsek]", "crews: [R-99]", "policies[0].steps[0].crews[0]", "no crew"),
    ("hour >= 22 ||", "hour >= 22 |", "triage_rules[0].when", "is no condition: "),
    ("hour >= 22 ||", "minute >= 22 ||", "triage_rules[0].when", "there is no minute"),
    ('"hour >= 22 || hour < 5"', "hour + 1", "triage_rules[0].when", "must be true or false"),
    (", steps: 1}", "}", "triage_rules[0]", "needs either `steps` or `at_least`"),
    ("crew: R-21\ncategories", "checklist: [{item: gembok, category: nope}]\ncategories",
     "visit_rules[1].checklist[0].category", "no category 'nope'"),
    ("kind: log", "kind: webhook", "channels[0]", "needs the field 'url'"),
    ("kind: log", "kind: fax", "channels[0].kind", "must be one of log, webhook"),
    ("kind: log", "kind: log, url: 'https://x.example'", "channels[0].url", "leave it out"),
    ("kind: log", "kind: webhook, url: posko.example", "channels[0].url", "begin with https://"),
    ("kind: log", "kind: webhook, url: 'https://a:b@x.example'", "channels[0].url", "password"),
    ("kind: log", "kind: log, kind: log", "channels[0].kind", "keep one"),
    ("kind: log", "kind: !secret log", "channels[0].kind", "leave it out"),
    ("channels:\n", "chanels:\n", "chanels", "did you mean channels"),
    ("name: Polres}", "name: *Polres}", "", "write the value out"),
    ("name: Polres}", "name: Polres", "", "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "message"), WRONG)
def test_an_error_names_its_line_its_path_and_what_to_mend(
    tmp_path: Path, old: str, new: str, path: str, message: str
) -> None:
    text = spoiled(SMALL_YAML, old, new)
    errors = errors_of(written(tmp_path, text))

    matching = [error for error in errors if error.path == path and message in error.message]
    assert matching, "\n".join(map(str, errors))
    assert matching[0].file == str(tmp_path / "plan.yaml")
    if "[" in path:
        assert matching[0].line == line_of(SMALL_YAML, old)


def test_an_error_stands_in_the_line_of_the_field_that_is_wrong(tmp_path: Path) -> None:
    text = spoiled(SMALL_YAML, "at: [07:00, 13:00]", "at: [07:00, seven]")
    (error,) = errors_of(written(tmp_path, text))

    assert error.line == line_of(text, "seven")
    assert error.column is not None
    assert str(error).startswith(f"{tmp_path / 'plan.yaml'}:{error.line}:{error.column}: ")


def test_one_wrong_row_gives_one_error_and_no_others_that_follow_from_it(tmp_path: Path) -> None:
    # Shift and rule name the site whose radius is wrong: it is still a site.
    text = spoiled(SMALL_YAML, "radius_m: 75", "radius_m: many")
    (error,) = errors_of(written(tmp_path, text))

    assert error.path == "sites[0].radius_m"


def test_all_errors_are_told_at_once_from_top_to_bottom(tmp_path: Path) -> None:
    text = SMALL_YAML
    for old, new in (
        ("timezone: Asia/Jakarta", "timezone: Asia/Tuban"),
        ("holder: p-1", "holder: p-7"),
        ("start_level: 2", "start_level: 9"),
        ("severity: sedang, stage: AG", "severity: x, stage: y"),
    ):
        text = spoiled(text, old, new)
    errors = errors_of(written(tmp_path, text))

    assert [error.path for error in errors] == [
        "operation.timezone",
        "posts[0].holder",
        "categories[0].severity",
        "categories[0].stage",
        "policies[1].start_level",
    ]
    assert [error.line for error in errors] == sorted(error.line for error in errors)


def test_a_missing_section_is_named_and_its_absence_is_not_blamed_on_others(tmp_path: Path) -> None:
    start, end = SMALL_YAML.index("people:"), SMALL_YAML.index("posts:\n  - id")
    (error,) = errors_of(written(tmp_path, SMALL_YAML[:start] + SMALL_YAML[end:]))

    assert "needs the section 'people'" in error.message


def test_a_rule_that_covers_no_site_is_an_error(tmp_path: Path) -> None:
    text = spoiled(
        SMALL_YAML, "site_types: [office]\n", "site_types: [office]\n    risk_classes: [khusus]\n"
    )
    (error,) = errors_of(written(tmp_path, text))

    assert error.path == "visit_rules[0]"
    assert "covers no site" in error.message


def test_names_that_look_like_other_things_stay_text(tmp_path: Path) -> None:
    # YAML 1.1 would read a false and a number in base 60 here.
    text = spoiled(SMALL_YAML, "crew: R-21, unit", "crew: no, unit")
    text = spoiled(text, "crew: R-21\n", "crew: no\n")
    plan = loaded(written(tmp_path, text))

    assert plan.shifts[0].crew == "no"


def test_a_field_for_votes_parties_or_candidates_is_refused(tmp_path: Path) -> None:
    for field in ("votes", "suara_sah", "party", "candidate", "c_hasil"):
        text = spoiled(SMALL_YAML, "radius_m: 150", f"radius_m: 150, {field}: 7")
        (error,) = errors_of(written(tmp_path, text))
        assert error.path == f"sites[1].{field}"
        assert error.message.startswith("unknown field")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold the sections"),
        ("- a\n- b\n", "must hold the sections"),
        ("operation: [", "not YAML"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        ("a: \x00\n", "not YAML"),
        ("operation: 7\n", "must be fields with values, not 7"),
        ("sites: 7\n", "must be a list of rows or {file: …}, not 7"),
        ("units: {file: units.csv}\n", "must be a list of rows, not fields"),
        ("sites: {file: 7}\n", "must be {file: <name>} alone"),
        ("? [a]\n: 1\n", "name must be a word"),
        ("units: [~]\n", "must be fields with values, not nothing"),
    ],
)
def test_a_file_that_is_no_plan_gives_errors_and_never_an_exception(
    tmp_path: Path, text: str, message: str
) -> None:
    errors = errors_of(written(tmp_path, text))

    assert any(message in error.message for error in errors), "\n".join(map(str, errors))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    missing = load(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"operation: {name: Kecamatan \xe9}\n")
    latin = load(tmp_path / "latin.yaml")

    assert isinstance(missing, list)
    assert "cannot read" in missing[0].message
    assert isinstance(latin, list)
    assert "save it as UTF-8" in latin[0].message


@settings(max_examples=150)
@given(
    start=st.integers(0, len(SMALL_YAML)),
    length=st.integers(0, 40),
    inserted=st.one_of(
        st.sampled_from(["[", "}", ": ", "\n  - ", "~", "*a", "&a ", "!x ", "'", "\t", "1e999"]),
        st.text(max_size=8),
    ),
)
def test_no_damage_to_a_file_makes_reading_it_raise(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, inserted: str
) -> None:
    damaged = SMALL_YAML[:start] + inserted + SMALL_YAML[start + length :]
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_bytes(damaged.encode("utf-8", "surrogatepass"))

    plan = load(path)

    assert isinstance(plan, Plan) or all(error.line >= 1 and error.message for error in plan)
    assert plan
