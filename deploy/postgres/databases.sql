-- Runs once, on an empty cluster: a database and a role for each service, and nobody enters another's.
-- Passwords come from files, so they stand in no argument and in no environment.
\set ON_ERROR_STOP on
\set openfga_password `cat /run/secrets/openfga_db_password`
\set keycloak_password `cat /run/secrets/keycloak_db_password`
\set pdp_password `cat /run/secrets/pdp_db_password`
\set trips_password `cat /run/secrets/trips_db_password`

CREATE ROLE openfga LOGIN PASSWORD :'openfga_password' CONNECTION LIMIT 60;
CREATE ROLE keycloak LOGIN PASSWORD :'keycloak_password' CONNECTION LIMIT 60;
CREATE ROLE pdp LOGIN PASSWORD :'pdp_password' CONNECTION LIMIT 40;
CREATE ROLE trips LOGIN PASSWORD :'trips_password' CONNECTION LIMIT 25;
CREATE DATABASE openfga OWNER openfga;
CREATE DATABASE keycloak OWNER keycloak;
CREATE DATABASE pdp OWNER pdp;
CREATE DATABASE pdp_index OWNER pdp;
CREATE DATABASE trips OWNER trips;
REVOKE ALL ON DATABASE openfga, keycloak, pdp, pdp_index, trips, postgres, template1 FROM PUBLIC;

-- With a generic plan OpenFGA's reads scan by user: 74 ms instead of 10 ms, measured.
ALTER DATABASE openfga SET plan_cache_mode = force_custom_plan;
