// Work that is asked for faster than it can be done.

/**
 * A function that does `work` at most once at a time; of the calls that come meanwhile only the last is done, afterwards. So a slider that
 * is dragged is answered as fast as the server answers, and never by an old answer last.
 */
export function coalesced(work) {
  let isBusy = false;
  let isWanted = false;
  return async function again() {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (isWanted) {
        isWanted = false;
        await work();
      }
    } finally {
      isBusy = false;
    }
  };
}
