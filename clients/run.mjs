// Drives the demo server and examples with clients that others wrote, and from pages in a browser. FASTESTMCP is the path of
// the binary; examples are beside it, as cargo puts them. FASTESTMCP_PYTHONS is the folder of the Python environments.
// Prints `ok NAME` or `not ok NAME: WHY` for each check; exits non-zero if one failed.

import { failures } from "./check.mjs";
import * as sdk from "./sdk-2025.mjs";
import * as client from "./client-2026.mjs";
import * as forms from "./forms.mjs";
import * as browser from "./browser.mjs";
import * as everything2025 from "./everything-2025.mjs";
import * as everything2026 from "./everything-2026.mjs";
import * as python from "./python.mjs";

await sdk.overHttp();
await sdk.overStdio();
await client.overHttp();
await client.overStdio();
await forms.overHttp();
await browser.overHttp();
for (const clients of [everything2025, everything2026, python]) {
  await clients.overTwoNodes();
  await clients.overStdio();
}
process.exit(failures() === 0 ? 0 : 1);
