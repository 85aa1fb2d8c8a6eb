-- Run once, on an empty volume. The tables are made by the Job audit-migrate.
CREATE ROLE placet_owner LOGIN;
CREATE ROLE placet_log LOGIN;
CREATE ROLE placet_auditor LOGIN;
CREATE DATABASE placet OWNER placet_owner;
REVOKE CONNECT ON DATABASE placet FROM PUBLIC;
GRANT CONNECT ON DATABASE placet TO placet_log, placet_auditor;
