interface Flight<T> {
  readonly current: Promise<T>;
  next: Promise<T> | null;
}

/** Shares requests by index: calls during a request share the next one, so that an answer is never older than its call. */
export function shareStarting<T>(ask: (index: number) => Promise<T>): (index: number) => Promise<T> {
  const flights = new Map<number, Flight<T>>();
  return index => {
    const flight = flights.get(index);
    if (flight) {
      flight.next ??= flight.current.then(start, start);
      return flight.next;
    }
    return start();
    function start(): Promise<T> {
      const request = ask(index);
      const mine: Flight<T> = { current: request, next: null };
      flights.set(index, mine);
      const done = () => {
        if (flights.get(index) === mine && !mine.next) flights.delete(index);
      };
      request.then(done, done);
      return request;
    }
  };
}
