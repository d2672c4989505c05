"""Sites and people from files beside the plan: CSV as spreadsheets write it, and GeoJSON."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plan.plans import SMALL_YAML, errors_of, loaded, written

SITES_CSV = """\
id,name,type,risk_class,unit,lat,lon,radius_m,district
kantor,"Kantor, lantai 1",office,rawan,polres/polsek-a,-6.9,112.05,75,
tps-1,TPS 1,polling_station,kurang_rawan,polres/polsek-b,-6.91,112.06,150,Soko
"""
PEOPLE_CSV = """\
id,name,rank,unit,role
p-1,Bagas Adiguna,AKBP,polres,commander
p-2,Laras Pangestu,Bripka,polres,officer
"""


def with_file(section: str, after: str, file: str) -> str:
    """The small plan, with a section taken from a file."""
    start, end = SMALL_YAML.index(f"{section}:\n"), SMALL_YAML.index(f"{after}:\n")
    return f"{SMALL_YAML[:start]}{section}: {{file: {file}}}\n{SMALL_YAML[end:]}"


SITES_FROM_CSV = with_file("sites", "people", "sites.csv")
SITES_FROM_GEOJSON = with_file("sites", "people", "sites.geojson")


def geojson() -> dict[str, Any]:
    """The small plan's sites as a FeatureCollection."""
    header, *rows = csv.reader(SITES_CSV.replace(", lantai 1", "").splitlines())
    features = []
    for row in rows:
        fields: dict[str, object] = dict(zip(header, row, strict=True))
        point = [float(str(fields.pop("lon"))), float(str(fields.pop("lat")))]
        fields["radius_m"] = float(str(fields["radius_m"]))
        fields["district"] = fields["district"] or None
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": point},
                "properties": fields,
            }
        )
    return {"type": "FeatureCollection", "features": features}


def test_sites_and_people_may_come_from_csv(tmp_path: Path) -> None:
    text = with_file("people", "posts", "people.csv").replace(
        SMALL_YAML[SMALL_YAML.index("sites:\n  - {id: kantor") : SMALL_YAML.index("people:")],
        "sites: {file: sites.csv}\n",
    )
    plan = loaded(written(tmp_path, text, sites_csv=SITES_CSV, people_csv=PEOPLE_CSV))

    assert plan.sites[0].name == "Kantor, lantai 1"
    assert plan.sites[0].district is None
    assert (plan.sites[1].radius_m, plan.sites[1].district) == (150, "Soko")
    assert plan.person_by_id["p-2"].rank == "Bripka"


def test_a_cell_holds_the_contacts_of_a_person(tmp_path: Path) -> None:
    table = "id,name,rank,unit,role,contacts\np-1,Bagas,AKBP,polres,commander,log:bagas log:0812\n"
    text = with_file("people", "posts", "people.csv").replace("members: [p-2]", "members: [p-1]")
    plan = loaded(written(tmp_path, text, people_csv=table))
    assert [(each.channel, each.address) for each in plan.people[0].contacts] == [
        ("log", "bagas"),
        ("log", "0812"),
    ]

    wrong = written(tmp_path, text, people_csv=table.replace("log:0812", "radio:0812 log"))
    assert [str(error).partition(": ")[2] for error in errors_of(wrong)] == [
        "people[0].contacts[2].address: is empty; give it a value"
    ]


def test_the_same_sites_from_csv_and_from_geojson_are_the_same_version(tmp_path: Path) -> None:
    table = SITES_CSV.replace('"Kantor, lantai 1"', "Kantor")
    from_csv = loaded(written(tmp_path, SITES_FROM_CSV, sites_csv=table))
    from_geojson = loaded(
        written(tmp_path, SITES_FROM_GEOJSON, sites_geojson=json.dumps(geojson()))
    )

    assert from_geojson == from_csv


@pytest.mark.parametrize(
    "table",
    [
        "\ufeff" + SITES_CSV,
        SITES_CSV.replace("\n", "\r\n"),
        SITES_CSV.replace('"Kantor, lantai 1"', "Kantor").replace(",", ";"),
        SITES_CSV.replace('"Kantor, lantai 1"', "Kantor").replace(",", "\t"),
        SITES_CSV.replace("\nkantor", "\n,,,,,,,,\n\n kantor "),
    ],
    ids=["byte order mark", "Windows lines", "semicolons", "tabs", "empty lines and spaces"],
)
def test_a_csv_is_read_as_spreadsheets_write_it(tmp_path: Path, table: str) -> None:
    plan = loaded(written(tmp_path, SITES_FROM_CSV, sites_csv=table))

    assert [site.id for site in plan.sites] == ["kantor", "tps-1"]


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "message"),
    [
        ("-6.91,", '"-6,91",', 3, "sites[1].lat", "decimals take a point"),
        ("112.06", "212.06", 3, "sites[1].lon", "must be <= 180"),
        ("150,Soko", ",Soko", 3, "sites[1]", "needs the field 'radius_m'"),
        ("150,Soko", "nan,Soko", 3, "sites[1].radius_m", "must be"),
        ("tps-1,TPS 1", "kantor,TPS 1", 3, "sites[1].id", "is taken by the row in"),
        ("polres/polsek-b", "polres/polsek-z", 3, "sites[1].unit", "no unit"),
        ("150,Soko", "150,Soko,Rengel", 3, "sites[1]", "10 cells for 9 columns"),
        ("radius_m,district", "radius,district", 2, "sites[0].radius", "did you mean radius_m"),
        ("radius_m,district", "radius_m,name", 1, "sites", "column 'name' stands twice"),
        ("radius_m,district", "radius_m,suara", 3, "sites[1].suara", "unknown field"),
        ('1",office', '1,office', 1, "sites", "not CSV"),
        ('"Kantor, lantai 1"', '"Kantor,\nlantai 1"', 4, "sites[1].radius_m", "at least 60"),
    ],
)  # fmt: skip
def test_an_error_in_a_csv_names_the_file_and_the_line_of_its_row(
    tmp_path: Path, old: str, new: str, line: int, path: str, message: str
) -> None:
    table = SITES_CSV.replace(old, new)
    if line == 4:
        table = table.replace("150", "50")
    errors = errors_of(written(tmp_path, SITES_FROM_CSV, sites_csv=table))

    found = [error for error in errors if error.path == path and message in error.message]
    assert found, "\n".join(map(str, errors))
    assert (found[0].file, found[0].line) == (str(tmp_path / "sites.csv"), line)


@pytest.mark.parametrize("indent", [None, 2, "\t"], ids=["one line", "spaces", "tabs"])
def test_an_error_in_geojson_names_the_line_where_its_feature_begins(
    tmp_path: Path, indent: int | str | None
) -> None:
    document: dict[str, Any] = {"name": {"features": [1]}, **geojson()}
    document["features"][1]["properties"]["radius_m"] = 50
    text = json.dumps(document, indent=indent)
    (error,) = errors_of(written(tmp_path, SITES_FROM_GEOJSON, sites_geojson=text))

    begins = [at for at, line in enumerate(text.splitlines(), 1) if '"Feature"' in line]
    assert error.path == "sites[1].radius_m"
    assert error.line == (begins[1] - 1 if indent else 1)


@pytest.mark.parametrize(
    ("spoil", "path", "message"),
    [
        (lambda f: f.update(type="Thing"), "sites[0]", 'must be a {"type": "Feature"'),
        (lambda f: f.update(properties=None), "sites[0]", "must hold the site's fields"),
        (lambda f: f.update(geometry=None), "sites[0]", "must be a Point"),
        (lambda f: f["geometry"].update(type="Polygon"), "sites[0]", "must be a Point"),
        (lambda f: f["geometry"].update(coordinates=[1]), "sites[0]", "[longitude, latitude]"),
        (lambda f: f["geometry"]["coordinates"].reverse(), "sites[0].lat", "must be <= 90"),
        (lambda f: f["properties"].update(radius_m="75"), "sites[0].radius_m", "number, not '75'"),
        (lambda f: f["properties"].update(votes=1), "sites[0].votes", "unknown field"),
    ],
)
def test_a_feature_that_is_no_site_is_an_error(
    tmp_path: Path, spoil: object, path: str, message: str
) -> None:
    document = geojson()
    assert callable(spoil)
    spoil(document["features"][0])
    errors = errors_of(written(tmp_path, SITES_FROM_GEOJSON, sites_geojson=json.dumps(document)))

    assert any(error.path == path and message in error.message for error in errors), errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "FeatureCollection"),
        ('{"type": "FeatureCollection"}', "FeatureCollection"),
        ('{"type": "FeatureCollection",\n "features": [NaN]}', "NaN is not a number"),
        ('{"features": 1, "features": [], "type": "FeatureCollection"}', "stands twice"),
        ('{"type": "FeatureCollection", "features": []}', "covers no site"),
    ],
)
def test_a_file_that_is_no_geojson_gives_errors_and_never_an_exception(
    tmp_path: Path, text: str, message: str
) -> None:
    errors = errors_of(written(tmp_path, SITES_FROM_GEOJSON, sites_geojson=text))

    assert any(message in error.message for error in errors), errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SITES_FROM_CSV, "cannot read"),
        (with_file("sites", "people", "sites.xlsx"), "must end in .csv, .geojson, .json"),
        (with_file("people", "posts", "people.json"), "must end in .csv"),
    ],
)
def test_a_table_that_cannot_be_read_is_an_error_where_the_plan_names_it(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "sites.xlsx").write_bytes(b"PK")
    (tmp_path / "people.json").write_text("[]")
    (error,) = errors_of(written(tmp_path, text))

    assert message in error.message
    assert error.file == str(tmp_path / "plan.yaml")
    assert error.path.endswith(".file")
