// Drives the demo server with clients that others wrote. FASTESTMCP is the path of the binary.
// Prints `ok NAME` or `not ok NAME: WHY` for each check; exits non-zero if one failed.

import { failures } from "./check.mjs";
import * as sdk from "./sdk-2025.mjs";
import * as client from "./client-2026.mjs";

await sdk.overHttp();
await sdk.overStdio();
await client.overHttp();
await client.overStdio();
process.exit(failures() === 0 ? 0 : 1);
