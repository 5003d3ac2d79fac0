// Checks that are reported one by one, in order.

/** How long a check may take: more than any lease, less than any patience. */
const PATIENCE_MS = 30_000;

let failed = 0;

/** Runs one check; a failure does not stop the others. */
export async function check(name, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    await Promise.race([run(), late]);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${String(error?.message ?? error).replaceAll("\n", " ")}`);
  } finally {
    clearTimeout(timer);
  }
}

/** How many checks have failed. */
export const failures = () => failed;

/** What another program reported by itself. */
export const countFailures = () => void (failed += 1);

/** Asks until the answer is truthy. */
export async function until(probe) {
  for (;;) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
