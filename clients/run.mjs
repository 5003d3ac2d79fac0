// Drives the demo server and an example with clients that others wrote, and from pages in a browser. FASTESTMCP is the
// path of the binary; examples are beside it, as cargo puts them.
// Prints `ok NAME` or `not ok NAME: WHY` for each check; exits non-zero if one failed.

import { failures } from "./check.mjs";
import * as sdk from "./sdk-2025.mjs";
import * as client from "./client-2026.mjs";
import * as forms from "./forms.mjs";
import * as browser from "./browser.mjs";

await sdk.overHttp();
await sdk.overStdio();
await client.overHttp();
await client.overStdio();
await forms.overHttp();
await browser.overHttp();
process.exit(failures() === 0 ? 0 : 1);
