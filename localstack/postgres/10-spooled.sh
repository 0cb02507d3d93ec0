#!/bin/sh
# The service's own login and database, as the embedded server has them: no superuser, since row-level security
# does not hold for one. Run once, by the image, when the volume is new.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-psqlrc --quiet <<'SQL'
CREATE ROLE spooled LOGIN CREATEDB CREATEROLE PASSWORD :'password';
CREATE DATABASE spooled OWNER spooled;
SQL
