import { expect, test } from "vitest";
import { createRedactor, isSensitive } from "./redact.ts";

const CANARY = "c4n4ry";
const redacted = (value: unknown): string => JSON.stringify(createRedactor().object(value));

const FILES = {
  "an option": `[DEFAULT]\ntransport_url = rabbit://u:${CANARY}@host:5672//\n`,
  "an option that goes on": `[DEFAULT]\ntransport_url = rabbit://host\n  ,u:${CANARY}@other\nnext = 1\n`,
  "several hosts": `transport_url=rabbit://a:${CANARY}@one:5672,b:${CANARY}@two:5672//\n`,
  "a connection": `[database]\nconnection = mysql+pymysql://ceilometer:${CANARY}@db/ceilometer\n`,
  "a connection without userinfo": `event_connection = ${CANARY}\n`,
  "a password": `[service_credentials]\npassword = ${CANARY}\n`,
  "no blanks": `telemetry_secret=${CANARY}\n`,
  "a password of YAML": `auth:\n  password: ${CANARY}\n`,
  "a quoted password of YAML": `auth: {password: "${CANARY} and more", user: a}\n`,
  "a list of YAML": `- password: ${CANARY}\n`,
  JSON: `{"a": {"admin_password": "${CANARY}"}}`,
  "a publisher": `publishers:\n  - http://user:${CANARY}@host/path\n`,
  "a publisher with a token": `publishers:\n  - http://host/path?token=${CANARY}\n`,
  "a private key": `key: |\n  -----BEGIN RSA PRIVATE KEY-----\n  ${CANARY}\n  -----END RSA PRIVATE KEY-----\n`,
  "a header": `Authorization: Bearer ${CANARY}${CANARY}\n`,
  "a token of a ServiceAccount": `the token is eyJhbGciOiJ.${CANARY}aaaa.bbbb\n`,
};

test.each(Object.entries(FILES))("a file with %s", (_, text) => {
  expect(redacted({ kind: "ConfigMap", data: { "ceilometer.conf": text } })).not.toContain(CANARY);
  expect(createRedactor().text(text)).not.toContain(CANARY);
});

const OBJECTS = {
  "a Secret": { kind: "Secret", data: { a: CANARY }, stringData: { a: CANARY } },
  "a Secret in a list": { items: [{ kind: "Secret", data: { a: CANARY } }] },
  "a variable": { env: [{ name: "OS_PASSWORD", value: CANARY }] },
  "a variable with an address": { env: [{ name: "ENDPOINT", value: `https://a:${CANARY}@host` }] },
  "a flag": { args: ["--os-password", CANARY, `--api-token=${CANARY}`] },
  "a shell's line": { command: ["sh", "-c", `run --os-password ${CANARY} && OS_TOKEN=${CANARY} other`] },
  "a key of a ConfigMap": { kind: "ConfigMap", data: { password: CANARY } },
  "binary data": { kind: "ConfigMap", binaryData: { a: CANARY } },
  "what was applied": {
    metadata: { annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"a":"${CANARY}"}` } },
  },
  "another annotation": { metadata: { annotations: { note: `use https://a:${CANARY}@host` } } },
};

test.each(Object.entries(OBJECTS))("an object with %s", (_, object) => {
  expect(redacted(object)).not.toContain(CANARY);
});

test("what only says where a secret is stays, and so does everything else", () => {
  const object = {
    kind: "Deployment",
    metadata: { name: "a", labels: { app: "token-ring" }, managedFields: [{}] },
    spec: {
      image: "quay.io/example/ceilometer:2025.2@sha256:0123",
      volumes: [{ name: "etc", secret: { secretName: "ceilometer-etc" } }],
      env: [
        { name: "OS_PASSWORD", valueFrom: { secretKeyRef: { name: "keystone", key: "password" } } },
        { name: "OS_REGION_NAME", value: "one" },
      ],
      text: "sources:\n  - name: meters\n    interval: 600\n    meters: ['*']\n",
    },
  };
  const { managedFields: _, ...metadata } = object.metadata;
  const redactor = createRedactor();
  expect(redactor.object(object)).toEqual({ ...object, metadata });
  expect(redactor.count).toBe(0);
});

test.each([
  ["password", true],
  ["rabbit_password", true],
  ["OS_PASSWORD", true],
  ["admin_pass", true],
  ["connection", true],
  ["event_connection", true],
  ["transport_url", true],
  ["AWS_ACCESS_KEY_ID", true],
  ["secretName", false],
  ["connection_retry_interval", false],
  ["passthrough", false],
  ["interval", false],
])("%s is sensitive: %s", (name, wanted) => {
  expect(isSensitive(name)).toBe(wanted);
});

test("what is taken out is counted", () => {
  const redactor = createRedactor();
  redactor.object({ env: [{ name: "A_TOKEN", value: "a" }], text: "password = b" });
  expect(redactor.count).toBe(2);
});

// Without limits in the patterns each of these takes minutes, and the test runs into its time limit.
test.each(["a", "a-", "a.", "-", "a,", '"', "a:b,", "eyJ"])("a long line of %j is no trap", (piece) => {
  const text = piece.repeat(400_000 / piece.length);
  expect(createRedactor().text(text)).toHaveLength(text.length);
});
