import { describe, expect, it } from "vitest";
import { readMigrationLog } from "./migration-log.ts";

describe("known failures", () => {
  it.each([
    ["Exception: required gnocchi version is 4.2.0, got 3.1.0", /Gnocchi is older/],
    [
      "keystoneauth1.exceptions.auth_plugins.MissingAuthPlugin: An auth plugin is required to fetch a token",
      /auth plugin/,
    ],
    ["keystoneauth1.exceptions.auth_plugins.MissingRequiredOptions: Auth plugin requires parameters", /incomplete/],
    ["keystoneauth1.exceptions.http.Unauthorized: The request you have made (HTTP 401)", /refuses the credentials/],
    ["gnocchiclient.exceptions.Forbidden: Access denied (HTTP 403)", /administrator/],
    ["keystoneauth1.exceptions.catalog.EndpointNotFound: public endpoint for metric not found", /no endpoint/],
    ["keystoneauth1.exceptions.discovery.DiscoveryFailure: Could not find versioned identity endpoints", /auth_url/],
    ["gnocchiclient.exceptions.SSLError: SSL: CERTIFICATE_VERIFY_FAILED", /TLS certificate/],
    ["gnocchiclient.exceptions.ConnectionFailure: Unable to establish connection to http://g:8041", /does not answer/],
    ["tenacity.RetryError: RetryError[<Future at 0x7f state=finished raised ConnectionFailure>]", /does not answer/],
    ["keystoneauth1.exceptions.connection.ConnectFailure: ... Name or service not known", /does not resolve/],
    ["gnocchiclient.exceptions.BadRequest: Type mismatch (HTTP 400)", /resource type/],
    ["keystoneauth1.exceptions.http.ServiceUnavailable: Unavailable (HTTP 503)", /server error/],
    ["(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'db' ([Errno 111])\")", /SQL database/],
    ["sqlalchemy.exc.OperationalError: (1045, \"Access denied for user 'c'@'h'\")", /user name or password/],
    ["sqlalchemy.exc.OperationalError: (1049, \"Unknown database 'c'\")", /create it first/],
    ["pymongo.errors.ServerSelectionTimeoutError: db:27017", /MongoDB/],
    ["oslo_db.exception.DBMigrationError: x", /schema change/],
    ["ceilometer-upgrade: error: unrecognized arguments: --retry 10", /does not know an option/],
    ["oslo_config.cfg.ConfigFilesNotFoundError: Failed to find some config files: /etc/c.conf", /configuration file/],
    ["ModuleNotFoundError: No module named 'gnocchiclient'", /Python module/],
    ["/bin/sh: 1: ceilometer-dbsync: not found", /no such migration command/],
    ["socket.error: [Errno 111] Connection refused", /connection was refused/],
  ])("%s", (line, cause) => {
    expect(readMigrationLog(`starting\n${line}\n`)).toMatch(cause);
  });

  it("takes the last one, which the command died of", () => {
    const text = "ConnectionFailure: retried\nException: required gnocchi version is 4.2.0, got 4.0.0\nbye";
    expect(readMigrationLog(text)).toMatch(/Gnocchi is older/);
  });

  it("says nothing of what it does not know, and echoes nothing", () => {
    expect(readMigrationLog("")).toBeUndefined();
    expect(readMigrationLog("all is well\nhunter2")).toBeUndefined();
    expect(readMigrationLog("mysql://u:hunter2@h Can't connect to MySQL server on 'h'")).not.toContain("hunter2");
  });
});
