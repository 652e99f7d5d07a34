interface Flight<T> {
  readonly current: Promise<T>;
  next: Promise<T> | null;
}

/** Shares requests by key: calls during a request share the next one, so that an answer is never older than its call. */
export function shareStarting<T, K extends string | number = number>(
  ask: (key: K) => Promise<T>,
): (key: K) => Promise<T> {
  const flights = new Map<K, Flight<T>>();
  return key => {
    const flight = flights.get(key);
    if (flight) {
      flight.next ??= flight.current.then(start, start);
      return flight.next;
    }
    return start();
    function start(): Promise<T> {
      const request = ask(key);
      const mine: Flight<T> = { current: request, next: null };
      flights.set(key, mine);
      const done = () => {
        if (flights.get(key) === mine && !mine.next) flights.delete(key);
      };
      request.then(done, done);
      return request;
    }
  };
}
