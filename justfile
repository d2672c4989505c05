# Recipes of ./run; `./run` alone lists them. Every tool comes from .venv, which ./run makes.

set shell := ["sh", "-euc"]

bin := justfile_directory() / ".venv" / "bin"
# Four workers, because a test waits for half of its time, share one broker and one database; the
# work that is left at the end is shared out.
side_by_side := "-n 4 --dist worksteal"
# Prints the source files over 400 lines; what vite and alembic's versions hold is not looked at.
too_long := "find ronda services shared tests hatch_build.py run -type f \\( -name '*.py' -o -name '*.ts' -o -name '*.tsx' -o -name '*.sh' -o -name run \\) -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/migrations/versions/*' -exec awk 'FNR == 401 { print FILENAME \": over 400 lines\"; bad = 1 } END { exit bad }' {} +"
# The lock names no registry: each machine installs from the one it is configured for.
compile := "uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header"
export PATH := bin + ":" + env("PATH")

[doc("Start Kafka, PostgreSQL and the three services; Ctrl-C stops them (see ./run up --help)")]
[no-cd]
up *args: pages
    @ronda up {{ args }}

[doc("Watch one suspicious report travel from a phone to a commander and into the archive")]
[no-cd]
demo *args: pages
    @ronda demo {{ args }}

[doc("Measure the services beside hand-written floors (see ./run bench --help)")]
[no-cd]
bench *args:
    @ronda bench {{ args }}

[doc("Run the tests on everything but a browser: unit, contract, integration, end to end (<= 5 min)")]
test *args: pages jars
    pytest -m "not faults and not browser" {{ side_by_side }} {{ args }}

[doc("Run every test, those in a real Chromium and those that kill processes too (<= 15 min)")]
test-all *args: pages jars browser
    pytest -m "not faults" {{ side_by_side }} {{ args }}
    # Apart, because they kill what others would share; two side by side, each with servers of its own.
    pytest -m faults -n 2 --dist worksteal {{ args }}

[doc("Keep the promises at full size: 10,000 histories, timers and races, 400 sites, 1,000 mutations and viewers")]
prove *args: pages jars
    python -m tests.simulation
    RONDA_TIMERS=10000 RONDA_RACES=10000 RONDA_MISSED=3690 RONDA_DETECTOR_SITES=400 RONDA_MUTATIONS=1000 RONDA_VIEWERS=1000 \
        pytest -s --timeout 3600 tests/scale tests/integration/alerts/test_detector.py \
        tests/integration/alerts/test_crowd.py tests/integration/archive/test_mutations.py {{ args }}

[doc("Check style, types, architecture, file sizes and the pages' types")]
lint:
    ruff check .
    ruff format --check .
    mypy
    lint-imports
    @{{ too_long }}
    python -m ronda.pages check

[doc("Format the Python code and mend what ruff can mend")]
fmt:
    ruff format .
    ruff check --fix .

[doc("Build the pages (field app, board, records) where their sources changed")]
pages:
    @python -m ronda.pages

# What tests would otherwise wait for.
[private]
jars:
    @python -m ronda.stack.jars

[private]
browser:
    @python -m ronda.browser

[doc("Write schemas, examples and API documents anew from the code")]
schemas:
    python -m shared.events.catalogue
    python -m ronda.openapi

[doc("Write locks/*.lock and the broker's kafka.lock anew; --upgrade also takes newer versions")]
lock *args:
    {{ compile }} {{ args }} pyproject.toml -o locks/runtime.lock
    {{ compile }} {{ args }} pyproject.toml --group dev --extra embedded -o locks/dev.lock
    {{ compile }} {{ args }} --group node -o locks/node.lock
    {{ compile }} {{ args }} deploy/build.in -o deploy/build.lock
    python -m ronda.stack.jars.refresh

[doc("Remove what was built and downloaded into this folder (not the data of `up --data`)")]
clean:
    rm -rf .venv .cache dist build node_modules services/*/web/dist services/*/web/node_modules
    rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
