import { defineConfig } from "vitest/config";

/** Unit tests sit beside their file; everything that needs the control plane lives under
 * `test/e2e`, with Argo CD and Flux under `test/argocd` and
 * `test/flux`, and what runs Ceilometer itself under `test/ceilometer`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // A limit for what hangs, not for what is slow on a busy machine.
          testTimeout: 60_000,
          include: [
            "src/**/*.test.ts",
            "scripts/**/*.test.ts",
            "tools/**/*.test.ts",
            "bench/**/*.test.ts",
            "test/{properties,golden,support,repository,campaign}/**/*.test.ts",
          ],
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          // Each waits for pods and leases most of the time: three keep two cores busy, and take two thirds of the time of two.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "argocd",
          include: ["test/{argocd,flux}/**/*.test.ts"],
          globalSetup: ["test/argocd/global-setup.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: "kind",
          include: ["test/kind/**/*.test.ts"],
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: "ceilometer",
          include: ["test/ceilometer/**/*.test.ts"],
          globalSetup: ["test/ceilometer/global-setup.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
