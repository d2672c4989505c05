#!/bin/sh
# Run once, by the image, when the data folder is new: the roles, each with no more rights than it uses.
#
# ronda_owner     owns schema alerts and its tables; migrations
# alerts          reads and writes the rows of schema alerts
# archive_keeper  owns schema archive and its tables; migrations, months, retention, erasure
# archive_writer  reads and adds rows in schema archive, and can neither change nor remove one
set -eu

secrets=${SECRETS:-/run/secrets}

# password ROLE: the one in the role's URL, postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE.
password() {
    sed 's|^postgresql://[^:]*:\([^@]*\)@.*|\1|' "$secrets/$1-database-url"
}

OWNER_PASSWORD=$(password owner)
ALERTS_PASSWORD=$(password alerts)
KEEPER_PASSWORD=$(password keeper)
ARCHIVE_PASSWORD=$(password archive)
export OWNER_PASSWORD ALERTS_PASSWORD KEEPER_PASSWORD ARCHIVE_PASSWORD

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv alerts_password ALERTS_PASSWORD
\getenv keeper_password KEEPER_PASSWORD
\getenv archive_password ARCHIVE_PASSWORD

CREATE ROLE ronda_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE alerts LOGIN PASSWORD :'alerts_password';
CREATE ROLE archive_keeper LOGIN PASSWORD :'keeper_password';
CREATE ROLE archive_writer LOGIN PASSWORD :'archive_password';

SELECT current_database() AS database \gset
ALTER DATABASE :"database" OWNER TO ronda_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO alerts, archive_keeper, archive_writer;
GRANT TEMPORARY ON DATABASE :"database" TO archive_keeper, archive_writer;

CREATE SCHEMA alerts AUTHORIZATION ronda_owner;
CREATE SCHEMA archive AUTHORIZATION archive_keeper;
GRANT USAGE ON SCHEMA alerts TO alerts;
GRANT USAGE ON SCHEMA archive TO archive_writer;

-- Whatever the migrations make from here on.
ALTER DEFAULT PRIVILEGES FOR ROLE ronda_owner IN SCHEMA alerts
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO alerts;
ALTER DEFAULT PRIVILEGES FOR ROLE ronda_owner IN SCHEMA alerts
    GRANT USAGE, SELECT ON SEQUENCES TO alerts;
ALTER DEFAULT PRIVILEGES FOR ROLE archive_keeper IN SCHEMA archive
    GRANT SELECT, INSERT ON TABLES TO archive_writer;
SQL
