/**
 * Why a migration (`ceilometer-dbsync`, `ceilometer-upgrade`) failed, told from its log in our own words: the lines themselves
 * may hold addresses with passwords.
 */

/** What a line must have, and what it means. Of one line the first that fits counts: the special before the general. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/required gnocchi version is/i, "Gnocchi is older than this release of Ceilometer needs: upgrade Gnocchi first"],
  [
    /MissingAuthPlugin|An auth plugin is required|NoMatchingPlugin|plugin \S+ could not be found/,
    "no Keystone credentials: the configuration lacks the auth plugin of [service_credentials]",
  ],
  [
    /MissingRequiredOptions|Auth plugin requires parameters/,
    "incomplete Keystone credentials in [service_credentials]",
  ],
  [
    /certificate verify failed|CERTIFICATE_VERIFY_FAILED|SSLError/,
    "the TLS certificate of Keystone, Gnocchi or the database is not trusted",
  ],
  [
    /Name or service not known|name resolution|getaddrinfo|nodename nor servname/i,
    "the host name of Keystone, Gnocchi or the database does not resolve",
  ],
  [/HTTP 401|exceptions\.(http\.)?Unauthorized/, "Keystone refuses the credentials of [service_credentials]"],
  [/HTTP 403|exceptions\.(http\.)?Forbidden/, "Gnocchi forbids the change: its account must be an administrator"],
  [
    /EndpointNotFound|EmptyCatalog/,
    "Keystone's catalogue has no endpoint for Gnocchi (service type metric) in this region and interface",
  ],
  [
    /DiscoveryFailure|Could not find versioned identity endpoints/,
    "Keystone does not answer at the configured auth_url",
  ],
  [/\(1045,|Access denied for user|password authentication failed/i, "the database refuses the user name or password"],
  [/\(1049,|Unknown database|database "[^"]*" does not exist/i, "the database does not exist: create it first"],
  [
    /Can't connect to (MySQL|local MySQL) server|DBConnectionError|could not connect to server|Lost connection to MySQL/i,
    "the SQL database does not answer (connection refused or lost)",
  ],
  [/pymongo\.errors|ServerSelectionTimeoutError|AutoReconnect/, "MongoDB does not answer"],
  [/DBMigrationError|migrate\.exceptions|DatabaseAlreadyControlledError/, "a schema change of the SQL database failed"],
  [
    /gnocchiclient\.exceptions\.(Conflict|BadRequest|ResourceType\w*)|HTTP 409/,
    "Gnocchi refuses the change of a resource type; are its types customised?",
  ],
  [
    /HTTP 50[0-9]|exceptions\.(http\.)?(InternalServerError|ServiceUnavailable)/,
    "Keystone or Gnocchi answers with a server error",
  ],
  [
    /gnocchiclient\.exceptions|ConnectFailure|ConnectTimeout|ConnectionFailure|UnknownConnectionError|ConnectionTimeout|Unable to establish connection|Max retries exceeded/,
    "Gnocchi or Keystone does not answer",
  ],
  [/Failed to find some config files|ConfigFilesNotFoundError/, "the configuration file is not in the container"],
  [/unrecognized arguments|no such option/i, "this release does not know an option of the command"],
  [/ModuleNotFoundError|ImportError|No module named/, "the image lacks a Python module that the migration needs"],
  [
    /ceilometer-(upgrade|dbsync)\S{0,8}: (command )?not found|No such file or directory: '?ceilometer-/,
    "the image has no such migration command",
  ],
  [/Connection refused|ECONNREFUSED/i, "a connection was refused (database, Keystone or Gnocchi)"],
];

/** No known line is longer; the rest may be a dump of anything. */
const LONGEST_LINE = 4096;
/** A traceback with its causes fits. */
const MOST_LINES = 500;

/** From the end backwards, as the last error is the one it died of. Undefined where no known line is found. */
export function readMigrationLog(log: string): string | undefined {
  for (const line of log.split("\n").slice(-MOST_LINES).toReversed()) {
    const start = line.slice(0, LONGEST_LINE);
    const cause = CAUSES.find(([pattern]) => pattern.test(start));
    if (cause !== undefined) return cause[1];
  }
  return undefined;
}
